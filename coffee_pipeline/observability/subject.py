"""What is to be observed: services with the address of their metrics, and their objectives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.yaml_depth import check_depth
from coffee_pipeline.slo import specifications
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.rules import Group, groups_of

DEFAULT_PORT = 8080
"""Where a service is scraped whose manifests name no port."""
SIZE_LIMIT = 4 << 20
DEFAULT_PATH = "/metrics"
_ANNOTATION = "prometheus.io/"
_PORT_NAMES = ("metrics", "http-metrics", "http")


@dataclass(frozen=True, slots=True)
class Observed:
    """One service: its name, the port and path of its metrics.

    ``path`` is None where platform.yaml says that it has none (``run.metrics: null``).
    """

    name: str
    port: int
    path: str | None


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of an SLO, with the labels that its recorded series carry."""

    service: str
    slo: str
    title: str
    target: float
    period_days: float
    labels: Mapping[str, str]
    alerting: bool

    @property
    def selector(self) -> str:
        """PromQL matchers of exactly this objective's series."""
        return "{" + ", ".join(f'{key}="{value}"' for key, value in self.labels.items()) + "}"


@dataclass(frozen=True)
class Subject:
    """A platform as far as it is observed. ``groups`` are the rules of its objectives."""

    platform: Platform
    services: tuple[Observed, ...]
    slos: tuple[Slo, ...]
    groups: tuple[Group, ...]

    @cached_property
    def promises(self) -> tuple[Promise, ...]:
        """The objectives, in the order of the specifications."""
        return tuple(_promises(self.slos, self.groups))


def subject_of(platform: Platform, repository: Path) -> Subject:
    """Read what ``platform`` says of its services from their files in ``repository``.

    Raises:
        ConfigurationError: an SLO or a manifest is missing or not valid.
    """
    running = [service for service in platform.services if service.kind == "service"]
    files = dict.fromkeys(Path(file) for service in running for file in service.slos)
    slos = specifications.read(files, repository)
    names = {service.name for service in running}
    for slo in slos:
        if slo.service not in names:
            where = f"{slo.file}:{slo.line}"
            raise ConfigurationError(f"{where}: service {slo.service!r} is not in platform.yaml")
    observed = tuple(_observed(service, repository) for service in running)
    return Subject(platform, observed, slos, groups_of(slos))


def _promises(slos: Iterable[Slo], groups: Iterable[Group]) -> Iterator[Promise]:
    by_name = {group.name: group for group in groups}
    for slo in slos:
        for index, objective in enumerate(slo.objectives):
            suffix = f"-{index}" if len(slo.objectives) > 1 else ""
            labels = {
                "sloth_id": f"{slo.identity}{suffix}",
                "sloth_service": slo.service,
                "sloth_slo": f"{slo.name}{suffix}",
            }
            yield Promise(
                service=slo.service,
                slo=labels["sloth_slo"],
                title=slo.display_name or slo.name,
                target=float(objective.ratio),
                period_days=slo.period.total_seconds() / 86_400,
                labels=labels,
                alerting=f"sloth-slo-alerts-{labels['sloth_id']}" in by_name,
            )


def _observed(service: Service, repository: Path) -> Observed:
    pods = list(_pods(service, repository))
    asked = [_mapping(_mapping(pod.get("metadata")).get("annotations")) for pod in pods]
    ports = [
        port
        for pod in pods
        for container in _list(_mapping(pod.get("spec")).get("containers"))
        for port in _list(_mapping(container).get("ports"))
        if isinstance(port, dict) and type(port.get("containerPort")) is int
    ]
    annotated = (str(one.get(f"{_ANNOTATION}port")) for one in asked)
    named = (
        one["containerPort"] for name in _PORT_NAMES for one in ports if one.get("name") == name
    )
    candidates = [
        *(int(one) for one in annotated if re.fullmatch(r"\d{1,5}", one, re.ASCII)),
        *named,
        *(one["containerPort"] for one in ports),
    ]
    path = service.run.metrics if service.run is not None else DEFAULT_PATH
    if path == DEFAULT_PATH:
        # The manifests know better than what platform.yaml says when it says nothing.
        paths = (one.get(f"{_ANNOTATION}path") for one in asked)
        path = next((one for one in paths if isinstance(one, str) and one.startswith("/")), path)
    return Observed(service.name, next(iter(candidates), DEFAULT_PORT), path)


def _pods(service: Service, repository: Path) -> Iterator[Mapping[str, Any]]:
    """Templates of pods in the service's manifests."""
    for file in service.manifests:
        for document in _documents(repository / file, file):
            template = _mapping(_mapping(_mapping(document).get("spec")).get("template"))
            if template:
                yield template


def _documents(path: Path, name: str) -> list[object]:
    try:
        with path.open("rb") as stream:
            text = stream.read(SIZE_LIMIT + 1).decode("utf-8")
        if len(text) > SIZE_LIMIT:
            raise ConfigurationError(f"{name}: larger than {SIZE_LIMIT >> 20} MiB")
        check_depth(text)
        return list(yaml.safe_load_all(text))
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).partition("\n")[0]
        raise ConfigurationError(f"{name}: not YAML: {problem}") from error


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
