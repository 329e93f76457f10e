"""Facts of service levels day by day: events per step, and what each day came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSample:
    """Good and total events of one SLO in the ``seconds`` from ``started_at`` on.

    A step without a row is a gap: not measured, neither good nor bad. Its SLO, service and
    environment are those of the day's :class:`LevelDay`.
    """

    service: str
    slo: str
    environment: str
    started_at: datetime
    seconds: int
    good: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDay:
    """One objective of one SLO on one day (UTC): what was measured, under which definition.

    ``definition`` is the SLO as it was that day, as JSON: a report of last quarter needs neither
    its file nor the API that measured it. ``steps`` are those of the day until ``measured_at``,
    ``known_steps`` those with data. ``good`` and ``total`` are None without any.
    """

    platform: str
    service: str
    team: str | None
    slo: str
    environment: str
    objective: float
    method: str
    period_days: float
    day: datetime
    good: float | None
    total: float | None
    known_steps: int
    steps: int
    source: str
    outcome: str
    reason: str | None
    definition: str
    measured_at: datetime
