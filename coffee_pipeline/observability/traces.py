"""Traces: the services send OTLP to one collector, which hands spans on to the stores."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

Settings = dict[str, object]


EVERYWHERE = "0.0.0.0"  # noqa: S104
"""Inside of a container; what reaches it from outside is the network's to say."""


class TraceStore(StrEnum):
    """Where spans are kept. Tempo is under the AGPL: it is configured here, and never bundled."""

    JAEGER = "jaeger"
    TEMPO = "tempo"
    ZIPKIN = "zipkin"


def collector(stores: Sequence[TraceStore]) -> Settings:
    """The collector's configuration: OTLP in, batches out to every one of ``stores``."""
    exporters = dict(map(_exporter, stores))
    return {
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"{EVERYWHERE}:4317"},
                    "http": {"endpoint": f"{EVERYWHERE}:4318"},
                }
            }
        },
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_percentage": 75,
                               "spike_limit_percentage": 15},
            "batch": {"timeout": "2s", "send_batch_size": 1024},
        },
        "exporters": exporters,
        "extensions": {"health_check": {"endpoint": f"{EVERYWHERE}:13133"}},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {
                "logs": {"level": "warn"},
                "metrics": {
                    "readers": [
                        {"pull": {"exporter": {"prometheus": {"host": EVERYWHERE, "port": 8888}}}}
                    ]
                },
            },
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    # The limiter is first: what it refuses, the sender keeps and tries again.
                    "processors": ["memory_limiter", "batch"],
                    "exporters": list(exporters),
                }
            },
        },
    }  # fmt: skip


def tempo() -> Settings:
    """Tempo as one process that keeps its data in a folder."""
    return {
        "server": {"http_listen_port": 3200, "log_level": "warn"},
        "distributor": {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"{EVERYWHERE}:4317"}}}}
        },
        "compactor": {"compaction": {"block_retention": "336h"}},
        "storage": {
            "trace": {
                "backend": "local",
                "local": {"path": "/var/tempo/blocks"},
                "wal": {"path": "/var/tempo/wal"},
            }
        },
        "usage_report": {"reporting_enabled": False},
    }


def _exporter(store: TraceStore) -> tuple[str, Settings]:
    if store is TraceStore.ZIPKIN:
        return "zipkin", {"endpoint": "http://zipkin:9411/api/v2/spans"}
    # Inside of one network; between networks it is TLS that belongs here.
    return f"otlp/{store.value}", {"endpoint": f"{store.value}:4317", "tls": {"insecure": True}}
