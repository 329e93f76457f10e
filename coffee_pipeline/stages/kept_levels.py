"""Service levels that the history keeps -> the status of objectives, at any moment of the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import cast

import numpy as np

from coffee_pipeline.errors import ConfigurationError, HistoryError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.level import LevelDay
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events, of_rows
from coffee_pipeline.slo.forecast import DAYS
from coffee_pipeline.slo.objective_status import Calculation, ObjectiveStatus
from coffee_pipeline.slo.openslo_schema import Objective
from coffee_pipeline.slo.stored import restored
from coffee_pipeline.stages.recorded_levels import STEP

Key = tuple[str, str, str]
"""Environment, service and name of an SLO."""

_SAMPLES = """
select environment, service, slo, epoch(started_at)::bigint as at, seconds, good, total
from level_samples
where started_at >= ? and started_at < ? and (?::varchar is null or service = ?)
  and materialization in (select materialization from level_days where platform = ?)
order by 1, 2, 3, 4
"""


@dataclass(frozen=True)
class KeptObjective:
    """One objective with its events, as it was defined on the last day measured."""

    environment: str
    service: str
    team: str | None
    slo: Slo
    objective: Objective
    calculation: Calculation
    status: ObjectiveStatus
    days: tuple[LevelDay, ...]

    @property
    def events(self) -> Events:
        """Events per step."""
        return self.calculation.events


def kept_objectives(
    history: HistoryReader,
    platform: str,
    now: datetime,
    days: int = 30,
    service: str | None = None,
) -> list[KeptObjective]:
    """Every objective measured in the last ``days`` days or its period before ``now``.

    Samples up to ``now`` count, whenever they were written.

    Raises:
        HistoryError: a stored definition cannot be read by this version.
    """
    since = now - timedelta(days=max(days, 2 * DAYS))
    condition, values = "platform = ? and day >= ? and day <= ?", [platform, since, now]
    if service is not None:
        condition, values = condition + " and service = ?", [*values, service]
    found = history.records(
        LevelDay, f"{condition} order by environment, service, slo, day, measured_at", values
    )
    by_slo: dict[Key, list[LevelDay]] = {}
    for one in found:
        by_slo.setdefault((one.environment, one.service, one.slo), []).append(one)
    if not by_slo:
        return []
    slos = {key: _definition(group[-1]) for key, group in by_slo.items()}
    start = min(_begin(slo, now, days) for slo in slos.values())
    events = _events(history, platform, start, now, service)
    made: list[KeptObjective] = []
    for key, group in by_slo.items():
        made += _objectives(slos[key], group, events.get(key), now)
    return made


def _objectives(
    slo: Slo, group: Sequence[LevelDay], events: Events | None, now: datetime
) -> list[KeptObjective]:
    known = events if events is not None else Events(0, STEP, np.empty(0), np.empty(0))
    made = []
    for objective in slo.objectives:
        calculation = Calculation(slo, objective, known)
        own = {one.day: one for one in group if one.objective == float(objective.ratio)}
        last = group[-1]
        try:
            status = calculation.at(now)
        except ConfigurationError as error:  # a budget policy that is none
            raise HistoryError(f"definition of {last.service} {slo.name}: {error}") from error
        made.append(
            KeptObjective(
                last.environment, last.service, last.team, slo, objective, calculation, status,
                tuple(own[day] for day in sorted(own)),
            )
        )  # fmt: skip
    return made


def _definition(day: LevelDay) -> Slo:
    try:
        return restored(day.definition)
    except ConfigurationError as error:
        where = f"{day.service} {day.slo} on {day.day:%Y-%m-%d}"
        raise HistoryError(
            f"the definition of {where} was stored by another version of this program "
            f"({error}); measure that day again"
        ) from error


def _begin(slo: Slo, now: datetime, days: int) -> datetime:
    start = now - slo.period if slo.calendar is None else slo.calendar.containing(now)[0]
    return min(start, now - timedelta(days=max(days, DAYS)) - slo.period)


def _events(
    history: HistoryReader, platform: str, start: datetime, now: datetime, service: str | None
) -> Mapping[Key, Events]:
    table = history.arrow(_SAMPLES, [start, now, service, service, platform])
    if not table.num_rows:
        return {}
    names = ("environment", "service", "slo")
    codes = [table[name].combine_chunks().dictionary_encode() for name in names]
    indices = [one.indices.to_numpy(zero_copy_only=False) for one in codes]
    changed = np.any([np.diff(one) != 0 for one in indices], axis=0)
    borders = [0, *(np.flatnonzero(changed) + 1), table.num_rows]
    at, seconds, good, total = (
        table[name].to_numpy() for name in ("at", "seconds", "good", "total")
    )
    found: dict[Key, Events] = {}
    for first, last in pairwise(borders):
        part = slice(int(first), int(last))
        environment, slo_service, slo = (
            str(code.dictionary[int(index[first])])
            for code, index in zip(codes, indices, strict=True)
        )
        found[environment, slo_service, slo] = of_rows(
            at[part], good[part], total[part], int(seconds[first])
        )
    return found


def measured_days(
    history: HistoryReader, platform: str, since: datetime
) -> dict[str, dict[date, LevelDay]]:
    """What was measured since, by SLO (service:name) and day."""
    found: dict[str, dict[date, LevelDay]] = {}
    for one in history.records(LevelDay, "platform = ? and day >= ?", (platform, since)):
        found.setdefault(f"{one.service}:{one.slo}", {})[one.day.astimezone(UTC).date()] = one
    return found


def measured_platforms(history: HistoryReader) -> list[str]:
    """The platforms of which any day was measured; the one measured last comes first."""
    rows = history.query(
        "select platform from level_days group by platform order by max(measured_at) desc, platform"
    )
    return [str(row["platform"]) for row in rows]


def last_measured(history: HistoryReader, platform: str, end: datetime) -> datetime | None:
    """When a day before ``end`` was last measured; None if none ever was."""
    (row,) = history.query(
        "select max(measured_at) as at from level_days where platform = ? and day < ?",
        (platform, end),
    )
    return None if row["at"] is None else cast("datetime", row["at"])
