"""One run over service levels: which SLOs on which days, in one go, however many they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.kept_levels import measured_days
from coffee_pipeline.stages.level_days import Owned, days_due, measure_days
from coffee_pipeline.stages.level_sources import EventSource

LOOK_BACK = 7
"""Days that late data is waited for."""


@dataclass(frozen=True)
class Due:
    """An SLO with days that are worth measuring, first to last."""

    key: str
    first: date
    last: date


def measure(
    slos: Sequence[Owned],
    wanted: Sequence[tuple[str, date]],
    source: EventSource,
    now: datetime,
) -> Iterator[Evidence]:
    """The evidence of every (SLO's key, day); of each SLO all days are asked for at once.

    Raises:
        ConfigurationError: the platform has no such SLO any more.
    """
    known = {one.key: one for one in slos}
    days: dict[str, list[date]] = {}
    for key, day in wanted:
        days.setdefault(key, []).append(day)
    for key, own in days.items():
        if key not in known:
            listed = ", ".join(sorted(known)[:20]) or "none"
            raise ConfigurationError(f"{key}: no SLO of the platform; it has: {listed}")
        yield from measure_days(known[key], own, source, now)


def due(history: HistoryReader, platform: str, slos: Sequence[Owned], now: datetime) -> list[Due]:
    """What was not measured, or in part, of the last days: late data may have come."""
    measured = measured_days(history, platform, now - timedelta(days=LOOK_BACK + 1))
    found = []
    for one in slos:
        days = days_due(measured.get(one.key, {}), now, LOOK_BACK)
        if days:
            found.append(Due(one.key, days[0], days[-1]))
    return found


def summary(made: Sequence[Evidence]) -> Mapping[str, int | str]:
    """How many days are whole, partial and unknown, and the first reason for a gap."""
    counts = {outcome: sum(one.outcome is outcome for one in made) for outcome in Outcome}
    reasons = [f"{one.materialization}: {one.reason}" for one in made if one.reason]
    return {
        "days": len(made),
        "completed": counts[Outcome.COMPLETED],
        "partial": counts[Outcome.PARTIAL],
        "no data": counts[Outcome.NOT_RUN],
        "first gap": reasons[0] if reasons else "none",
    }
