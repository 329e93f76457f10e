"""Facts of the metrics stage: samples, service levels, instrumentation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One scraped value. ``labels`` is a JSON object with sorted keys."""

    environment: str
    service: str
    revision: str
    track: str
    name: str
    labels: str
    observed_at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """One SLI measured over one window for one SLO objective.

    ``ratio`` = good / total; None with a ``reason`` when there is no data: no data is not 100 %.
    ``source`` is prometheus or scrape.
    """

    service: str
    slo: str
    objective: float
    environment: str
    revision: str
    window_start: datetime
    window_end: datetime
    good: float | None
    total: float | None
    ratio: float | None
    source: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumentation:
    """What a running service was seen to expose; None = could not be checked (``reason``)."""

    service: str
    revision: str
    environment: str
    health: bool | None
    readiness: bool | None
    metrics: bool | None
    red_metrics: bool | None
    traces: bool | None
    version: bool | None
    observed_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCoverage:
    """What a running service logged since it was started, in ``lines`` that are not empty.

    ``structured`` ones are JSON or logfmt with a message and a level or time, ``with_trace_id``
    those of them that name a trace. ``traced_request_logged`` says whether the request that the
    pipeline sent with a trace id left a line with it. None, with a ``reason``, where that is not
    known: no line is no coverage.
    """

    service: str
    revision: str
    environment: str
    lines: int | None
    structured: int | None
    with_trace_id: int | None
    traced_request_logged: bool | None
    observed_at: datetime
    outcome: str
    reason: str | None
