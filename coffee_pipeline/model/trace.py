"""Facts of tracing: how many requests were seen from end to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCoverage:
    """Requests at the gateway of one service, and what a trace store has of them.

    ``requests`` = ``complete`` + ``partial`` + ``missing``: requests whose trace is whole, has a
    gap, is not there. ``ratio`` = complete / requests. Counts that are not known are None, with a
    ``reason``: what could not be counted is not 100 %, and not 0 % either.
    """

    service: str
    environment: str
    store: str
    requests_source: str
    window_start: datetime
    window_end: datetime
    requests: int | None
    complete: int | None
    partial: int | None
    missing: int | None
    ratio: float | None
    goal: float
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceGap:
    """One kind of gap in the traces of a :class:`TraceCoverage`, and how many requests have it.

    ``kind``: parent_missing, call_unanswered or absent. ``example`` is the id of one such trace;
    None where there is none to show. A request with several gaps counts under its first.
    """

    service: str
    environment: str
    store: str
    window_start: datetime
    window_end: datetime
    kind: str
    reason: str
    requests: int
    example: str | None
