"""``platform.yaml`` as frozen models: what is delivered, how it runs, what its gates demand.

Unknown keys are refused. Paths of modules, manifests and SLO files are relative to the
repository; ``repository`` and ``vulndb`` are relative to the description file.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from coffee_pipeline.platform.calendar import CalendarSettings
from coffee_pipeline.platform.fields import Description, Name, Percent, RepositoryPath, Seconds
from coffee_pipeline.platform.notifications import NotificationSettings
from coffee_pipeline.platform.security import SecuritySettings
from coffee_pipeline.platform.telemetry import LevelSource, MarkerSettings, TraceStoreSettings

SeriesName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,199}$")]
"""Name of a series or label of Prometheus."""

_CALLED = re.compile(r"\{url:([^}]+)\}")


class Module(Description):
    """A Go module of the platform: the folder of its ``go.mod`` (``.`` for the root)."""

    path: RepositoryPath


class BuildSettings(Description):
    """How ``go build`` is called. ``{version}`` and ``{revision}`` are filled in."""

    ldflags: str = "-s -w"
    tags: tuple[str, ...] = ()
    cgo: bool = False


class RunSettings(Description):
    """How the service runs as a plain process on this machine.

    ``environment`` values may hold ``{address}`` (host:port to listen on), ``{host}``, ``{port}``
    and ``{url:NAME}`` (the gateway's address of service NAME). Endpoint paths set to None are
    not expected; they count as missing instrumentation, not as a failure to start.
    """

    environment: dict[str, str] = Field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    health: str | None = "/healthz"
    ready: str | None = "/readyz"
    metrics: str | None = "/metrics"
    version: str | None = "/version"
    start_timeout_seconds: Seconds = 20
    stop_timeout_seconds: Seconds = 10

    @property
    def called_services(self) -> tuple[str, ...]:
        """Services that this one is told the addresses of, so probably calls."""
        words = (*self.environment.values(), *self.arguments)
        return tuple(sorted({name for word in words for name in _CALLED.findall(word)}))


class LoadTarget(Description):
    """One kind of request of the load. ``{sequence}`` in path, headers and body is a counter."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    weight: int = Field(default=1, ge=1, le=1000)


class LoadSettings(Description):
    """Open-loop load through the gateway while a canary is measured."""

    rate_per_second: Annotated[int, Field(ge=1, le=5000)] = 50
    targets: tuple[LoadTarget, ...] = (LoadTarget(),)


class Service(Description):
    """One deployable main package, or a library module that is only built, tested and scanned."""

    name: Name
    kind: Literal["service", "library"] = "service"
    module: RepositoryPath
    package: str = "./..."
    owners: tuple[str, ...] = ()
    dockerfile: RepositoryPath | None = None
    openapi: tuple[RepositoryPath, ...] = ()
    manifests: tuple[RepositoryPath, ...] = ()
    slos: tuple[RepositoryPath, ...] = ()
    build: BuildSettings = BuildSettings()
    run: RunSettings | None = None
    load: LoadSettings = LoadSettings()


class GoSettings(Description):
    """Settings of the Go tool chain for builds and tests."""

    race: bool = False
    test_timeout_seconds: Seconds = 120
    build_timeout_seconds: Seconds = 600
    scan_timeout_seconds: Seconds = 600


class BudgetGateSettings(Description):
    """What the release gate does when an SLO's budget policy says freeze.

    ``warn`` says so and lets the release pass, ``block`` holds it. With ``block``, revisions whose
    subject begins with one of ``exempt_subjects`` pass all the same: a fix must not wait for the
    budget that it is to save.
    """

    mode: Literal["off", "warn", "block"] = "warn"
    exempt_subjects: tuple[str, ...] = ("fix", "hotfix", "revert", "security")


class GateSettings(Description):
    """The release gate's thresholds; the defaults are the platform's goals.

    ``coverage_minimum_percent`` must be exceeded, per module. ``blocking_severities`` are those
    that may have no open finding. ``missing_evidence_blocks``: a scan that did not run blocks.
    ``compliance_minimum_percent`` is what the weighted share of met policies must exceed.
    """

    coverage_minimum_percent: Percent = 80
    blocking_severities: tuple[Literal["critical", "high", "medium", "low"], ...] = (
        "critical",
        "high",
    )
    missing_evidence_blocks: bool = True
    compliance_minimum_percent: Percent = 90
    error_budget: BudgetGateSettings = BudgetGateSettings()


class CanarySettings(Description):
    """Canary strategy and the limits of its analysis.

    A step fails when the success rate is below ``success_rate_minimum`` or falls short of
    stable's by more than ``success_rate_drop``, or when p95/p99 latency exceeds stable's by the
    ratio *and* by ``latency_floor_seconds`` (so that noise of microseconds cannot stop a release),
    or when Mann-Whitney finds the canary slower at ``confidence`` with at least ``effect_size``.
    """

    steps_percent: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (10, 25, 50, 100)
    step_seconds: Seconds = 8
    success_rate_minimum: Annotated[float, Field(ge=0, le=1)] = 0.99
    success_rate_drop: Annotated[float, Field(ge=0, le=1)] = 0.01
    latency_p95_ratio: Annotated[float, Field(gt=1)] = 1.5
    latency_p99_ratio: Annotated[float, Field(gt=1)] = 2.0
    latency_floor_seconds: Annotated[float, Field(ge=0)] = 0.05
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.98
    effect_size: Annotated[float, Field(ge=0.5, le=1)] = 0.8
    minimum_samples: int = Field(default=20, ge=1)
    inconclusive_limit: int = Field(default=2, ge=0)

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        steps = self.steps_percent
        if not steps or list(steps) != sorted(set(steps)) or steps[-1] != 100:
            raise ValueError("steps_percent must rise and end with 100")
        return self


class RolloutSettings(Description):
    """Environments in the order a release passes them; the last one is production.

    One or two: a release is tried in the first and measured as a canary in the last.
    """

    environments: Annotated[tuple[Name, ...], Field(min_length=1, max_length=2)] = (
        "staging",
        "production",
    )
    canary: CanarySettings = CanarySettings()


class RedSeries(Description):
    """Names of the series that tell rate, errors and duration of every service's requests.

    ``requests`` is a counter, ``duration`` a histogram in seconds (without ``_bucket``); both carry
    ``service_label`` with the service's name and ``route_label`` with the request's pattern.
    ``errors`` is the matcher that picks failed requests of the counter.
    """

    requests: SeriesName = "http_requests_total"
    duration: SeriesName = "http_request_duration_seconds"
    service_label: SeriesName = "service"
    route_label: SeriesName = "route"
    errors: Annotated[str, Field(pattern=r'^[a-z_]+(=|!=|=~|!~)"[^"\\]*"$')] = 'code=~"5.."'


class MetricsSettings(Description):
    """Where SLIs come from: ``auto`` takes Prometheus where it is to be had, else scrapes.

    ``levels`` is what service levels are measured from day by day; without it, from
    ``prometheus_url``, and without that not at all.
    ``traces`` is the trace store that requests are looked for in.
    """

    source: Literal["auto", "prometheus", "scrape"] = "auto"
    prometheus_url: str | None = None
    scrape_interval_seconds: Seconds = 1
    levels: LevelSource | None = None
    red: RedSeries = RedSeries()
    traces: TraceStoreSettings | None = None


class ScheduleSettings(Description):
    """Time zone (IANA name) of the schedules."""

    timezone: str = "UTC"


class Platform(Description):
    """A platform: one repository, its modules and services, and what its gates demand.

    ``observability`` is the repository's folder of dashboards, alerts and monitoring configuration.
    ``calendar`` names the working days, for lead times without weekends and holidays.
    """

    version: Literal[1] = 1
    name: Name
    repository: str = "."
    branch: str = "main"
    vulndb: str = "https://vuln.go.dev"
    modules: tuple[Module, ...] = ()
    services: tuple[Service, ...] = ()
    go: GoSettings = GoSettings()
    gates: GateSettings = GateSettings()
    rollout: RolloutSettings = RolloutSettings()
    metrics: MetricsSettings = MetricsSettings()
    schedules: ScheduleSettings = ScheduleSettings()
    calendar: CalendarSettings | None = None
    security: SecuritySettings = SecuritySettings()
    notifications: NotificationSettings = NotificationSettings()
    observability: RepositoryPath = "observability"
    deployment_markers: tuple[MarkerSettings, ...] = ()

    @property
    def service_names(self) -> tuple[str, ...]:
        """The services that are deployed: without libraries."""
        return tuple(one.name for one in self.services if one.kind == "service")

    @property
    def teams(self) -> dict[str, str]:
        """The first owner of each service that has one."""
        return {one.name: one.owners[0] for one in self.services if one.owners}

    @model_validator(mode="after")
    def _names_are_unique_and_modules_known(self) -> Self:
        names = [service.name for service in self.services]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"services: name used more than once: {', '.join(twice)}")
        known = {module.path for module in self.modules}
        for service in self.services:
            if service.module not in known:
                raise ValueError(
                    f"services: {service.name}: module {service.module!r} is not under modules"
                )
        return self
