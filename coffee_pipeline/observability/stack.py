"""All generated files of a platform's observability, by their path below the output folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from coffee_pipeline.slo.rules import Group

HEADER = (
    "# Made by `coffee-pipeline observability generate` from platform.yaml and the OpenSLO files.\n"
    "# Edit those, not this.\n"
)
DEFAULT_STORES = (TraceStore.JAEGER, TraceStore.TEMPO)
DEFAULT_RECEIVER = "http://coffee-pipeline:8090"
DEFAULT_PIPELINE = "coffee-pipeline:9464"
DASHBOARDS = "grafana/dashboards"
RULES_SIZE = 150_000
"""Characters of one file of rules; ``kubectl apply`` takes no object of more than 256 KiB, in which
quotes and ends of lines are two characters each."""
_PART = re.compile(r"objectives-\d+\.yml")


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
    for number, groups in enumerate(_parts(subject.groups)):
        files[f"{RULES}/objectives{f'-{number + 1}' if number else ''}.yml"] = rule_file(
            groups, sources
        )
    files["fluentd/fluent.conf"] = HEADER + logs.fluentd(subject)
    files["fluentd/Dockerfile"] = HEADER + logs.dockerfile()
    files.update(_dashboards(subject))
    mounted = sorted({*files, *own_rules})
    for name, objects in kubernetes.manifests(subject, stores, mounted).items():
        files[f"kubernetes/{name}"] = HEADER + "---\n".join(map(yaml_text, objects))
    whole = kubernetes.kustomization(subject, stores, mounted)
    files["kustomization.yaml"] = HEADER + yaml_text(whole)
    return dict(sorted(files.items()))


def own_rules(folder: Path) -> list[str]:
    """Rule files in an output folder, but for those that :func:`generate` may number."""
    return [f"{RULES}/{one.name}" for one in rule_files(folder) if not _PART.fullmatch(one.name)]


def left_over(folder: Path, generated: Iterable[str]) -> list[str]:
    """Numbered files of rules from when there were more of them: loaded, they count twice."""
    names = (f"{RULES}/{one.name}" for one in rule_files(folder) if _PART.fullmatch(one.name))
    return sorted({*names}.difference(generated))


def _parts(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """The groups, as many in one file as fit; the files of few objectives are one."""
    part: list[Group] = []
    size = 0
    for group in groups:
        added = len(rule_file([group], ()))
        if part and size + added > RULES_SIZE:
            yield part
            part, size = [], 0
        part.append(group)
        size += added
    if part:
        yield part


def _dashboards(subject: Subject) -> Mapping[str, str]:
    made = {
        f"service-{service.name}": service_dashboards.red_dashboard(subject, service)
        for service in subject.services
    }
    for number, text in enumerate(service_dashboards.objectives_dashboards(subject)):
        made[f"objectives{f'-{number + 1}' if number else ''}"] = text
    made["pipeline"] = delivery_dashboards.pipeline_dashboard(subject)
    made["dora"] = delivery_dashboards.dora_dashboard(subject)
    return {f"{DASHBOARDS}/{name}.json": text for name, text in made.items()}
