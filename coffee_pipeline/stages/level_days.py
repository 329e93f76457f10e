"""Service levels day by day: from the source of events to what the history keeps of a day.

A day is measured again as often as one likes: its evidence has one key, so late data replaces what
was there. Steps that the source does not know are gaps and stay gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.level import LevelDay, LevelSample
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events
from coffee_pipeline.slo.stored import stored
from coffee_pipeline.stages.level_sources import EventSource
from coffee_pipeline.stages.recorded_levels import STEP
from coffee_pipeline.stages.series_source import Fetched

DAY_SECONDS = 86_400
SETTLED = timedelta(minutes=10)
"""How long after its end a day's last minutes are waited for: sources scrape and send later."""


@dataclass(frozen=True)
class Owned:
    """An SLO of the platform: whose it is, and where it is measured."""

    platform: str
    service: str
    team: str | None
    environment: str
    slo: Slo

    @property
    def key(self) -> str:
        """Service and SLO: the partition's key."""
        return f"{self.service}:{self.slo.name}"


def measure_days(
    owned: Owned, days: Sequence[date], source: EventSource, now: datetime
) -> list[Evidence]:
    """The evidence of each day, in their order; days in a row are asked for at once.

    Steps that end after ``now`` are not asked for: a clock ahead of ours cannot add events.
    """
    made: list[Evidence] = []
    for first, last in _stretches(sorted(set(days))):
        start = _midnight(first)
        end = min(_midnight(last) + DAY_SECONDS, int(now.timestamp()) // STEP * STEP)
        fetched = _fetch(owned, source, start, end, (last - first).days + 1)
        day = first
        while day <= last:
            made.append(_day(owned, day, fetched, source.name, now))
            day += timedelta(days=1)
    return made


def _fetch(owned: Owned, source: EventSource, start: int, end: int, span: int) -> Fetched:
    if end <= start:
        return Fetched(_nothing(), ("the day has not begun",))
    try:
        fetched = source.events(owned.slo, start, end, STEP)
    except ConfigurationError as error:
        return Fetched(_nothing(), (str(error),))
    ahead = fetched.events.sums(fetched.events.steps(end, start + span * DAY_SECONDS))[2]
    if ahead:
        said = f"{ahead} minutes lie in the future and are left out: a clock is ahead"
        return Fetched(fetched.events, (*fetched.reasons, said))
    return fetched


def _day(owned: Owned, day: date, fetched: Fetched, source: str, now: datetime) -> Evidence:
    start = _midnight(day)
    steps = max(0, min(DAY_SECONDS, int(now.timestamp()) - start)) // STEP
    events = fetched.events
    chosen = events.steps(start, start + steps * STEP)
    good, total, known = events.sums(chosen)
    outcome = _outcome(known, steps)
    reason = _reason(fetched.reasons, known, steps)
    name = f"{owned.platform}/{owned.environment}/{owned.key}/{day.isoformat()}"
    days = [
        LevelDay(
            platform=owned.platform,
            service=owned.service,
            team=owned.team,
            slo=owned.slo.name,
            environment=owned.environment,
            objective=float(objective.ratio),
            method=owned.slo.budgeting_method,
            period_days=owned.slo.period / timedelta(days=1),
            day=datetime.fromtimestamp(start, UTC),
            good=float(good) if known else None,
            total=float(total) if known else None,
            known_steps=known,
            steps=steps,
            source=source,
            outcome=outcome.value,
            reason=reason,
            definition=stored(owned.slo),
            measured_at=now,
        )
        for objective in owned.slo.objectives
    ]
    records: list[Record] = [*days, *_samples(owned, events, chosen)]
    return Evidence(
        materialization=f"levels/{name}", outcome=outcome, reason=reason, records=records
    )


def _samples(owned: Owned, events: Events, chosen: slice) -> Iterator[LevelSample]:
    for index in np.flatnonzero(events.known[chosen]) + chosen.start:
        yield LevelSample(
            service=owned.service,
            slo=owned.slo.name,
            environment=owned.environment,
            started_at=datetime.fromtimestamp(events.start + int(index) * events.step, UTC),
            seconds=events.step,
            good=int(events.good[index]) / events.scale,
            total=int(events.total[index]) / events.scale,
        )


def _outcome(known: int, steps: int) -> Outcome:
    if not known:
        return Outcome.NOT_RUN
    whole = known == steps == DAY_SECONDS // STEP
    return Outcome.COMPLETED if whole else Outcome.PARTIAL


def _reason(reasons: Sequence[str], known: int, steps: int) -> str | None:
    said = list(reasons)
    if known < steps:
        said.append(f"{steps - known} of {steps} minutes have no data")
    if steps < DAY_SECONDS // STEP:
        said.append("the day was not over")
    return "; ".join(said) or None


def _stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """First and last of days in a row."""
    borders = [at for at, (one, two) in enumerate(pairwise(days), 1) if (two - one).days > 1]
    if days:
        for first, last in pairwise([0, *borders, len(days)]):
            yield days[first], days[last - 1]


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _nothing() -> Events:
    return Events(0, STEP, np.empty(0), np.empty(0))


def days_due(
    measured: Mapping[date, LevelDay], now: datetime, look_back: int = 7, hours: int = 6
) -> list[date]:
    """Days worth measuring again: of the last ``look_back`` whole ones those that were never
    measured, that were not over when they were, or that have gaps and were not asked for within
    ``hours``.

    Late data arrives: a server that was down is back, an agent sends what it had buffered. So a
    day's last minutes are asked for a little after its end.
    """
    today = now.astimezone(UTC).date()
    due = []
    for back in range(look_back, 0, -1):
        day = today - timedelta(days=back)
        last = measured.get(day)
        if last is None or (
            last.outcome != Outcome.COMPLETED
            and now - last.measured_at >= _patience(last, day, back, hours)
        ):
            due.append(day)
    return due


def _patience(last: LevelDay, day: date, back: int, hours: int) -> timedelta:
    """Ever longer: what did not come for days is unlikely to come within the hour.

    Of a day that was not over, what was missing was not late: it is asked for as soon as it is.
    """
    if back == 1 and last.steps < DAY_SECONDS // STEP:
        over = datetime.fromtimestamp(_midnight(day) + DAY_SECONDS, UTC)
        return over + SETTLED - last.measured_at
    return timedelta(hours=hours * (1 if back == 1 else 4))
