"""All generated files of a platform's observability, by their path below the output folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from coffee_pipeline.observability import (
    alertmanager,
    compose,
    delivery_dashboards,
    grafana,
    kubernetes,
    logs,
    prometheus,
    service_dashboards,
    traces,
)
from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.observability.traces import TraceStore
from coffee_pipeline.observability.written import RULES, rule_files
from coffee_pipeline.slo.rule_files import rule_file, yaml_text

HEADER = (
    "# Made by `coffee-pipeline observability generate` from platform.yaml and the OpenSLO files.\n"
    "# Edit those, not this.\n"
)
DEFAULT_STORES = (TraceStore.JAEGER, TraceStore.TEMPO)
DEFAULT_RECEIVER = "http://coffee-pipeline:8090"
DEFAULT_PIPELINE = "coffee-pipeline:9464"
DASHBOARDS = "grafana/dashboards"


def generate(
    subject: Subject,
    *,
    receiver: str = DEFAULT_RECEIVER,
    pipeline: str = DEFAULT_PIPELINE,
    stores: Sequence[TraceStore] = DEFAULT_STORES,
    own_rules: Sequence[str] = (),
) -> Mapping[str, str]:
    """Path -> text of every file; the same input gives the same bytes.

    Args:
        subject: what is observed.
        receiver: URL of ``coffee-pipeline listen``, as Alertmanager reaches it.
        pipeline: HOST:PORT of ``coffee-pipeline metrics serve``, as Prometheus reaches it.
        stores: who keeps the traces.
        own_rules: rule files that people wrote beside the generated ones, see :func:`own_rules`.
    """
    production = subject.platform.rollout.environments[-1]
    sources = [PurePosixPath(slo.file).as_posix() for slo in subject.slos]
    settings: dict[str, object] = {
        "prometheus/prometheus.yml": prometheus.for_compose(subject, production, pipeline),
        "prometheus/prometheus-kubernetes.yml": prometheus.for_kubernetes(subject, pipeline),
        f"{RULES}/monitoring.yml": prometheus.monitoring_rules(subject),
        "alertmanager/alertmanager.yml": alertmanager.configuration(subject, receiver),
        "grafana/datasources.yaml": grafana.data_sources(stores),
        "grafana/provider.yaml": grafana.dashboard_provider(subject.platform.name),
        "loki/loki.yaml": logs.loki(),
        "otel-collector/config.yaml": traces.collector(stores),
        "compose.yaml": compose.compose(subject, stores),
    }
    if TraceStore.TEMPO in stores:
        settings["tempo/tempo.yaml"] = traces.tempo()
    files = {path: HEADER + yaml_text(value) for path, value in settings.items()}
    if subject.groups:
        files[f"{RULES}/objectives.yml"] = rule_file(subject.groups, sources)
    files["fluentd/fluent.conf"] = HEADER + logs.fluentd(subject)
    files["fluentd/Dockerfile"] = HEADER + logs.dockerfile()
    files.update(_dashboards(subject))
    for name, objects in kubernetes.manifests(subject, stores).items():
        files[f"kubernetes/{name}"] = HEADER + "---\n".join(map(yaml_text, objects))
    whole = kubernetes.kustomization(subject, stores, sorted({*files, *own_rules}))
    files["kustomization.yaml"] = HEADER + yaml_text(whole)
    return dict(sorted(files.items()))


def own_rules(folder: Path) -> list[str]:
    """Rule files in an output folder: those that are generated, and those that people wrote."""
    return [f"{RULES}/{path.name}" for path in rule_files(folder)]


def _dashboards(subject: Subject) -> Mapping[str, str]:
    made = {
        f"service-{service.name}": service_dashboards.red_dashboard(subject, service)
        for service in subject.services
    }
    made["objectives"] = service_dashboards.objectives_dashboard(subject)
    made["pipeline"] = delivery_dashboards.pipeline_dashboard(subject)
    made["dora"] = delivery_dashboards.dora_dashboard(subject)
    return {f"{DASHBOARDS}/{name}.json": text for name, text in made.items()}
