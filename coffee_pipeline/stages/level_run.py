"""One run over service levels: which SLOs on which days, in one go, however many they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.level import LevelDay
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


def worth_keeping(
    history: HistoryReader, platform: str, made: Sequence[Evidence]
) -> tuple[list[Evidence], list[Evidence]]:
    """What is to be stored, and what would take away minutes that are known already.

    A source that is down, or that has forgotten, knows less of a day than it told before: the day
    keeps what it had, unless its SLO is defined otherwise now and something is known of it.
    """
    levels = {evidence.materialization: _level(evidence) for evidence in made}
    first = min((one.day for one in levels.values() if one), default=None)
    if first is None:
        return list(made), []
    kept = measured_days(history, platform, first)
    stored: list[Evidence] = []
    passed: list[Evidence] = []
    for evidence in made:
        now = levels[evidence.materialization]
        then = kept.get(f"{now.service}:{now.slo}", {}).get(now.day.date()) if now else None
        (passed if _knew_more(then, now) else stored).append(evidence)
    return stored, passed


def _level(evidence: Evidence) -> LevelDay | None:
    return next((one for one in evidence.records if isinstance(one, LevelDay)), None)


def _knew_more(then: LevelDay | None, now: LevelDay | None) -> bool:
    if then is None or now is None or now.known_steps >= then.known_steps:
        return False
    return not now.known_steps or now.definition == then.definition


def due(history: HistoryReader, platform: str, slos: Sequence[Owned], now: datetime) -> list[Due]:
    """What was not measured, or in part, of the last days: late data may have come."""
    measured = measured_days(history, platform, now - timedelta(days=LOOK_BACK + 1))
    found = []
    for one in slos:
        days = days_due(measured.get(one.key, {}), now, LOOK_BACK)
        if days:
            found.append(Due(one.key, days[0], days[-1]))
    return found


def without_data(
    history: HistoryReader,
    platform: str,
    slos: Sequence[Owned],
    made: Sequence[Evidence],
    now: datetime,
) -> list[str]:
    """Days of which nothing is known, with the reason: those of ``made``, and the last day of
    every other SLO, so that the run of one SLO does not hide what is wrong with another.
    """
    own = {(one.service, one.slo) for one in map(_level, made) if one}
    found = [f"{one.materialization}: {one.reason}" for one in made
             if one.outcome is Outcome.NOT_RUN]  # fmt: skip
    measured = measured_days(history, platform, now - timedelta(days=LOOK_BACK + 1))
    for slo in slos:
        days = measured.get(slo.key, {})
        last = days[max(days)] if days and (slo.service, slo.slo.name) not in own else None
        if last is not None and last.outcome == Outcome.NOT_RUN:
            found.append(f"{slo.key} on {last.day:%Y-%m-%d}: {last.reason}")
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
