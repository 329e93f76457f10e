"""The metrics stage: what a running service exposes, and the service levels of its release."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.metrics import Instrumentation, ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import LoadTarget, RedSeries, RunSettings, Service
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.rollout.exposition import NoMetricsError, missing_red, read_exposition
from coffee_pipeline.rollout.releases import Running
from coffee_pipeline.rollout.waiting import until
from coffee_pipeline.slo import specifications
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.indicator import Measured
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.log_coverage import log_checks, log_coverage
from coffee_pipeline.stages.metric_source import MetricSource, open_source
from coffee_pipeline.stages.observability import observed

TRACE_SECONDS = 10.0
"""How long a span may take to arrive: batches are exported at intervals."""


def measure(context: StageContext, service: Service, environment: str) -> Evidence:
    """Instrumentation and service levels of what runs of ``service`` in ``environment``.

    Also what it logs; in the first environment also whether its dashboards and alerts are there.
    The window of the levels is that of the revision's last deployment there, to now.

    Raises:
        EnvironmentFailedError: the environment cannot be reached.
    """
    key = f"metrics/{environment}/{service.name}@{context.revision}"
    if service.run is None:
        reason = f"{service.name}: platform.yaml does not say how it runs (services[].run)"
        return Evidence(materialization=key, outcome=Outcome.NOT_RUN, reason=reason)
    with EnvironmentClient(context.home) as client:
        status = client.service(environment, service.name)
        if status.stable is None:
            reason = f"{service.name} does not run in {environment}"
            return Evidence(materialization=key, outcome=Outcome.NOT_RUN, reason=reason)
        trace = secrets.token_hex(16)
        seen = _instrumentation(
            context, service, client, status.stable, status.url, environment, trace
        )
        logs = log_coverage(
            context, service, status.stable, environment,
            trace if seen.traces is not None else None,
        )  # fmt: skip
        checks = (
            [*observed(context, service, seen.observed_at), *log_checks(logs, seen.observed_at)]
            if environment == context.platform.rollout.environments[0]
            else []
        )
        window = _window(context, service, environment)
        try:
            slos = specifications.read(
                [context.checkout() / file for file in service.slos], context.checkout()
            )
        except ConfigurationError as error:
            return Evidence(
                materialization=key,
                outcome=Outcome.PARTIAL,
                reason=str(error),
                records=(seen, logs, *checks),
            )
        source = open_source(context, client)
        levels = _levels(context, service, environment, slos, source, window)
        samples = client.samples(environment, service.name, *window)
    missing = [level.reason for level in levels if level.ratio is None]
    return Evidence(
        materialization=key,
        outcome=Outcome.PARTIAL if missing else Outcome.COMPLETED,
        reason=missing[0] if missing else None,
        records=(seen, logs, *checks, *levels, *samples),
    )


def _window(context: StageContext, service: Service, environment: str) -> tuple[datetime, datetime]:
    """From the start of the revision's last deployment to now; the last minute without one."""
    context.history.refresh()
    made = context.history.records(
        Deployment,
        "service = ? and environment = ? and revision = ? order by started_at desc limit 1",
        (service.name, environment, context.revision),
    )
    end = datetime.now(UTC)
    return (made[0].started_at if made else end - timedelta(minutes=1)), end


def _levels(
    context: StageContext,
    service: Service,
    environment: str,
    slos: Sequence[Slo],
    source: MetricSource,
    window: tuple[datetime, datetime],
) -> list[ServiceLevel]:
    levels = []
    for slo in slos:
        found = source.measure(slo, environment, service.name, *window)
        for objective in slo.objectives:
            levels.append(  # noqa: PERF401 - one record per objective reads best like this
                _level(
                    context,
                    service,
                    environment,
                    slo,
                    float(objective.ratio),
                    source,
                    window,
                    found,
                )
            )
    return levels


def _level(
    context: StageContext,
    service: Service,
    environment: str,
    slo: Slo,
    objective: float,
    source: MetricSource,
    window: tuple[datetime, datetime],
    found: Measured,
) -> ServiceLevel:
    return ServiceLevel(
        service=service.name,
        slo=slo.name,
        objective=objective,
        environment=environment,
        revision=context.revision,
        window_start=window[0],
        window_end=window[1],
        good=found.good,
        total=found.total,
        ratio=found.ratio,
        source=source.name,
        outcome=(Outcome.COMPLETED if found.ratio is not None else Outcome.NOT_RUN).value,
        reason=found.reason,
    )


def _instrumentation(
    context: StageContext,
    service: Service,
    client: EnvironmentClient,
    running: Running,
    url: str,
    environment: str,
    trace: str,
) -> Instrumentation:
    assert service.run is not None
    reasons: list[str] = []
    with httpx.Client(base_url=f"http://{running.address}", trust_env=False, timeout=5.0) as direct:
        # First a request: without one a service may have no series of requests yet.
        traces = _traces(client, url, service.load.targets[0], trace, reasons)
        metrics, red = _metrics(direct, service, context.platform.metrics.red, reasons)
        return Instrumentation(
            service=service.name,
            revision=context.revision,
            environment=environment,
            health=_answers(direct, service.run.health, "health", reasons),
            readiness=_answers(direct, service.run.ready, "readiness", reasons),
            metrics=metrics,
            red_metrics=red,
            traces=traces,
            version=_version(direct, service.run, running.release.revision, reasons),
            observed_at=datetime.now(UTC),
            reason="; ".join(reasons) or None,
        )


def _answers(http: httpx.Client, path: str | None, what: str, reasons: list[str]) -> bool:
    answer = _get(http, path)
    if answer is None or not answer.is_success:
        reasons.append(f"{what}: {_why(path, answer)}")
        return False
    return True


def _metrics(
    http: httpx.Client, service: Service, series: RedSeries, reasons: list[str]
) -> tuple[bool, bool]:
    assert service.run is not None
    path = service.run.metrics
    answer = _get(http, path)
    if answer is None or not answer.is_success:
        reasons.append(f"metrics: {_why(path, answer)}")
        return False, False
    try:
        missing = missing_red(read_exposition(answer.text), series, service.name)
    except NoMetricsError as error:
        reasons.append(f"metrics: {error}")
        return False, False
    if missing:
        words = ", ".join(missing)
        reasons.append(f"RED metrics: {words} (their names: metrics.red in platform.yaml)")
    return True, not missing


def _version(http: httpx.Client, run: RunSettings, revision: str, reasons: list[str]) -> bool:
    answer = _get(http, run.version)
    if answer is None or not answer.is_success or revision not in answer.text:
        reasons.append(f"version: {_why(run.version, answer)}, it does not name {revision[:12]}")
        return False
    return True


def _traces(
    client: EnvironmentClient, url: str, target: LoadTarget, trace: str, reasons: list[str]
) -> bool | None:
    """Whether a trace begun here comes back from the service (W3C Trace Context).

    None where no request could be sent.
    """
    if target.method != "GET":
        # Health checks are not traced; a body that is no valid order still makes a span.
        target = LoadTarget(method=target.method, path=target.path, body="{}")
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    try:
        httpx.request(
            target.method, url + target.path, headers=headers, content=target.body,
            trust_env=False, timeout=5.0,
        )  # fmt: skip
    except httpx.HTTPError as error:
        reasons.append(f"traces: no answer through the gateway ({error})")
        return None
    seen: Callable[[], bool | None] = lambda: client.saw_trace(trace) or None  # noqa: E731
    if until(seen, TRACE_SECONDS, every=0.1):
        return True
    reasons.append(f"traces: no span of a traced request within {TRACE_SECONDS:g} s")
    return False


def _get(http: httpx.Client, path: str | None) -> httpx.Response | None:
    if path is None:
        return None
    try:
        return http.get(path)
    except httpx.HTTPError:
        return None


def _why(path: str | None, answer: httpx.Response | None) -> str:
    if path is None:
        return "no path in platform.yaml"
    return f"GET {path}: {answer.status_code if answer is not None else 'no answer'}"
