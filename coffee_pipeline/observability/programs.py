"""The programs of a generated stack: what each is started with, and what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.observability import logs
from coffee_pipeline.observability.images import IMAGES, Image
from coffee_pipeline.observability.traces import TraceStore


@dataclass(frozen=True, slots=True)
class Mount:
    """A generated file or folder, relative to the output, and where the program finds it.

    ``kubernetes`` is the file that a cluster gets instead, where the two differ.
    """

    source: str
    target: str
    kubernetes: str | None = None
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """One program; ``data`` is the folder that it writes, ``health`` what answers when it is up."""

    name: str
    ports: tuple[int, ...]
    arguments: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    data: str | None = None
    health: tuple[str, int] | None = None
    secrets: str | None = None

    @property
    def image(self) -> Image:
        """What it is started from."""
        return IMAGES[self.name]


def programs(stores: Sequence[TraceStore]) -> tuple[Program, ...]:
    """The stack, with these trace stores."""
    return (*_METRICS, _COLLECTOR, *(_STORES[store] for store in stores), *_LOGS, _GRAFANA)


_METRICS = (
    Program(
        "prometheus",
        (9090,),
        (
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=45d",
        ),
        (
            Mount("prometheus/prometheus.yml", "/etc/prometheus/prometheus.yml",
                  "prometheus/prometheus-kubernetes.yml"),
            Mount("prometheus/rules", "/etc/prometheus/rules", folder=True),
        ),
        data="/prometheus",
        health=("/-/ready", 9090),
    ),
    Program(
        "alertmanager",
        (9093,),
        (
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
            "--cluster.listen-address=",
        ),
        (Mount("alertmanager/alertmanager.yml", "/etc/alertmanager/alertmanager.yml"),),
        data="/alertmanager",
        health=("/-/ready", 9093),
        secrets="/etc/alertmanager/secrets",
    ),
)  # fmt: skip
_COLLECTOR = Program(
    "otel-collector",
    (4317, 4318, 8888),
    ("--config=/etc/otelcol/config.yaml",),
    (Mount("otel-collector/config.yaml", "/etc/otelcol/config.yaml"),),
    health=("/", 13133),
)
_STORES = {
    TraceStore.JAEGER: Program("jaeger", (16686, 4317), health=("/", 16686)),
    TraceStore.TEMPO: Program(
        "tempo", (3200, 4317), ("-config.file=/etc/tempo/tempo.yaml",),
        (Mount("tempo/tempo.yaml", "/etc/tempo/tempo.yaml"),), data="/var/tempo",
        health=("/ready", 3200),
    ),
    TraceStore.ZIPKIN: Program("zipkin", (9411,), health=("/health", 9411)),
}  # fmt: skip
_LOGS = (
    Program(
        "loki", (3100,), ("-config.file=/etc/loki/loki.yaml",),
        (Mount("loki/loki.yaml", "/etc/loki/loki.yaml"),), data="/loki", health=("/ready", 3100),
    ),
    Program(
        "fluentd", (24224,), ("-c", "/fluentd/etc/fluent.conf"),
        (Mount("fluentd/fluent.conf", "/fluentd/etc/fluent.conf"),), data=logs.DATA,
    ),
)  # fmt: skip
_GRAFANA = Program(
    "grafana",
    (3000,),
    (),
    (
        Mount("grafana/datasources.yaml", "/etc/grafana/provisioning/datasources/generated.yaml"),
        Mount("grafana/provider.yaml", "/etc/grafana/provisioning/dashboards/generated.yaml"),
        Mount("grafana/dashboards", "/etc/grafana/dashboards", folder=True),
    ),
    data="/var/lib/grafana",
    health=("/api/health", 3000),
)
