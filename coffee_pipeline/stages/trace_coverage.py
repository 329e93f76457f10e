"""Trace coverage: requests that the gateway counted against traces that a trace store has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coffee_pipeline.errors import EnvironmentFailedError, ToolError, TransientError
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.trace import TraceCoverage, TraceGap
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.tools import prometheus
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_message import Request
from coffee_pipeline.tools.traces.completeness import Seen, seen_requests
from coffee_pipeline.tools.traces.store import TraceStore, traces_of

GOAL = 0.95
"""Share of requests that is to be exceeded."""
SETTLE_SECONDS = 15.0
"""Exporters send batches: a window that ended later than this ago may lack its last spans."""
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class GatewayCount:
    """Requests that the gateway handed to instances of a service; None with a ``reason``."""

    requests: int | None
    source: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Requests of one service in one environment, from ``start`` until before ``end``."""

    service: str
    environment: str
    start: datetime
    end: datetime


def counted_by_gateway(home: Home, window: Window) -> GatewayCount:
    """The requests in the access log of the local environment's gateway.

    Requests that no instance answered are not among them: nobody could have traced them.
    """
    source = "access log"
    try:
        with EnvironmentClient(home) as client:
            seen = client.requests(window.environment, window.service, 0)
    except EnvironmentFailedError as error:
        return GatewayCount(None, source, str(error))
    first, last = window.start.timestamp(), window.end.timestamp()
    within = [one for one in seen if first <= one.started_at < last]
    lost = sum(not one.answered for one in within)
    reason = f"{lost} requests reached no instance and are left out" if lost else None
    return GatewayCount(len(within) - lost, source, reason)


def counted_by_prometheus(url: str, query: str, window: Window) -> GatewayCount:
    """The value of an instant query at the window's end; ``{window}`` stands for its length."""
    seconds = math.ceil((window.end - window.start).total_seconds())
    text = query.replace("{window}", f"{seconds}s")
    asked = Request(path=prometheus.QUERY_PATH, parameters=prometheus.request(text, window.end))
    try:
        with HttpClient(url) as client:
            answer = client.ask(asked)
        found = prometheus.parse(answer.status, answer.content)
    except (ToolError, TransientError) as error:
        return GatewayCount(None, "prometheus", str(error))
    if found.value is None or found.value < 0:
        return GatewayCount(None, "prometheus", found.reason or "a count below zero")
    # increase() stretches what it saw to the window, so that counts are not whole.
    return GatewayCount(round(found.value), "prometheus")


def measure_coverage(
    client: HttpClient,
    store: TraceStore,
    window: Window,
    counted: GatewayCount,
    now: datetime,
    goal: float = GOAL,
) -> Evidence:
    """How many of the counted requests the store has from end to end.

    A store or a gateway that does not answer is ``not_run``. An answer that is not whole, or more
    traces than requests, is ``partial``, without a ratio where it would be a guess.
    """
    if counted.requests is None:
        return _evidence(window, store.NAME, counted, None, (counted.reason or "",), goal)
    start, end = window.start.timestamp(), window.end.timestamp()
    try:
        found = traces_of(client, store, window.service, math.floor(start), math.ceil(end))
    except (ToolError, TransientError) as error:
        return _evidence(window, store.NAME, counted, None, (str(error),), goal)
    seen = seen_requests(found.spans, window.service, start, end)
    reasons = list(found.reasons)
    age = (now - window.end).total_seconds()
    if age < SETTLE_SECONDS:
        reasons.append(f"the window ended {max(age, 0):.0f} s ago: spans may be on their way")
    return _evidence(window, store.NAME, counted, seen, reasons, goal)


def _evidence(
    window: Window,
    store: str,
    counted: GatewayCount,
    seen: Seen | None,
    reasons: Sequence[str],
    goal: float,
) -> Evidence:
    coverage = _coverage(window, store, counted, seen, reasons, goal)
    gaps = _gaps(coverage, seen) if seen else []
    return Evidence(
        materialization=(
            f"traces/{window.environment}/{window.service}/{store}/"
            f"{window.start.isoformat()}/{window.end.isoformat()}"
        ),
        outcome=Outcome(coverage.outcome),
        reason=coverage.reason,
        records=(coverage, *gaps),
    )


def _coverage(
    window: Window,
    store: str,
    counted: GatewayCount,
    seen: Seen | None,
    reasons: Sequence[str],
    goal: float,
) -> TraceCoverage:
    requests = counted.requests
    problems = [reason for reason in reasons if reason]
    outcome = Outcome.PARTIAL if problems else Outcome.COMPLETED
    ratio = missing = None
    if seen is None or not requests:
        outcome = Outcome.NOT_RUN
        if seen is not None:
            problems.append("the gateway counted no request in this window")
    elif seen.requests > requests:
        outcome = Outcome.PARTIAL
        problems.append(
            f"{seen.requests} requests were traced and {requests} counted: "
            "some do not come by this gateway, or its count is not whole"
        )
    else:
        missing = requests - seen.requests
        ratio = seen.complete / requests
    if counted.requests is not None and counted.reason:
        problems.append(counted.reason)
    return TraceCoverage(
        service=window.service,
        environment=window.environment,
        store=store,
        requests_source=counted.source,
        window_start=window.start,
        window_end=window.end,
        requests=requests,
        complete=seen.complete if seen else None,
        partial=seen.partial if seen else None,
        missing=missing,
        ratio=ratio,
        goal=goal,
        outcome=outcome.value,
        reason="; ".join(problems) or None,
    )


def _gaps(coverage: TraceCoverage, seen: Seen) -> list[TraceGap]:
    found = [
        (gap.kind, gap.reason, count.requests, count.example) for gap, count in seen.gaps.items()
    ]
    rows: list[tuple[str, str, int, str | None]] = sorted(found, key=lambda row: (-row[2], row[1]))
    if coverage.missing:
        words = f"no span of {coverage.service} in {coverage.store}"
        rows.append((ABSENT, words, coverage.missing, None))
    return [
        TraceGap(
            service=coverage.service,
            environment=coverage.environment,
            store=coverage.store,
            window_start=coverage.window_start,
            window_end=coverage.window_end,
            kind=kind,
            reason=reason,
            requests=requests,
            example=example,
        )
        for kind, reason, requests, example in rows
    ]
