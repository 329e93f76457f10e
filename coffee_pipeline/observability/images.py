"""The one table of programs that a generated stack runs, and under which licence.

Nothing of them is part of this project. Those under the AGPL are only named in files for people
who choose to run them: they start with a profile of their own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Image:
    """A container image; ``opt_in`` where its licence is a copyleft one for network services."""

    reference: str
    licence: str
    user: int

    @property
    def opt_in(self) -> bool:
        """Whether it starts only when it is asked for."""
        return self.licence.startswith("AGPL")


IMAGES = {
    "prometheus": Image("docker.io/prom/prometheus:v2.55.1", "Apache-2.0", 65534),
    "alertmanager": Image("docker.io/prom/alertmanager:v0.28.1", "Apache-2.0", 65534),
    "otel-collector": Image(
        "docker.io/otel/opentelemetry-collector-contrib:0.121.0", "Apache-2.0", 10001
    ),
    "jaeger": Image("docker.io/jaegertracing/jaeger:2.4.0", "Apache-2.0", 10001),
    "zipkin": Image("docker.io/openzipkin/zipkin:3.5.0", "Apache-2.0", 1000),
    # With a plug-in of its own: it is built from the generated Dockerfile.
    "fluentd": Image("docker.io/fluent/fluentd:v1.18-debian-1", "Apache-2.0", 999),
    "grafana": Image("docker.io/grafana/grafana:11.6.0", "AGPL-3.0-only", 472),
    "loki": Image("docker.io/grafana/loki:3.4.2", "AGPL-3.0-only", 10001),
    "tempo": Image("docker.io/grafana/tempo:2.7.1", "AGPL-3.0-only", 10001),
}
"""Name of the program -> its image."""
