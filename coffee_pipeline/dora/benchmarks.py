"""The levels of Apache DevLake's dashboards, beside those of dora.dev in ``bands``.

DevLake (https://devlake.apache.org/docs/DORA/) has two sets, after the reports of 2021 and 2023. It
rates deployment frequency by the median number of *days with a deployment* in a calendar week or
month, not by the number of deployments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from coffee_pipeline.dora.bands import DAY, HOUR, WEEK, Band

DEVLAKE_2023 = "DevLake, 2023 report"
DEVLAKE_2021 = "DevLake, 2021 report"
SIX_MONTHS = 180 * DAY
_LEVELS = ("elite", "high", "medium", "low")


@dataclass(frozen=True)
class DeploymentDays:
    """Medians of the days with a deployment per calendar week, month and half year."""

    per_week: int
    per_month: int
    per_six_months: int


def lead_time_levels(seconds: float) -> tuple[Band, ...]:
    """2023: under a day, a week, 30 days; 2021: under an hour, a week, 180 days."""
    return (
        Band(_below(seconds, DAY, WEEK, 30 * DAY), DEVLAKE_2023),
        Band(_below(seconds, HOUR, WEEK, SIX_MONTHS), DEVLAKE_2021),
    )


def change_fail_rate_levels(ratio: float) -> tuple[Band, ...]:
    """2023: up to 5 %, 10 %, 15 %; 2021: up to 15 %, 20 %, 30 %."""
    return (
        Band(_up_to(ratio, 0.05, 0.10, 0.15), DEVLAKE_2023),
        Band(_up_to(ratio, 0.15, 0.20, 0.30), DEVLAKE_2021),
    )


def recovery_time_levels(seconds: float) -> tuple[Band, ...]:
    """Both: under an hour, a day, a week."""
    level = _below(seconds, HOUR, DAY, WEEK)
    return Band(level, DEVLAKE_2023), Band(level, DEVLAKE_2021)


def deployment_frequency_levels(days: DeploymentDays) -> tuple[Band, ...]:
    """Elite: 7 days a week. 2023: high 1 a week, medium 1 a month; 2021: 1 a month, 1 in six."""
    reached = (days.per_week >= 7, days.per_week >= 1, days.per_month >= 1)
    older = (days.per_week >= 7, days.per_month >= 1, days.per_six_months >= 1)
    return Band(_first(reached), DEVLAKE_2023), Band(_first(older), DEVLAKE_2021)


def deployment_days(
    moments: Iterable[datetime], start: datetime, end: datetime
) -> DeploymentDays | None:
    """Medians over the calendar weeks, months and half years that the period touches, in UTC.

    Weeks begin on Monday; half years are six calendar months counted back from the last one
    (DevLake's own query slides over months). None without a deployment.
    """
    deployed = {moment.date() for moment in moments}
    if not deployed:
        return None
    first, last = start.date(), max(end.date(), *deployed)
    weeks: dict[date, int] = {}
    months: dict[tuple[int, int], int] = {}
    current = first
    while current <= last:
        found = current in deployed
        monday = current - timedelta(days=current.weekday())
        weeks[monday] = weeks.get(monday, 0) + found
        month = (current.year, current.month)
        months[month] = months.get(month, 0) + found
        current += timedelta(days=1)
    counts = list(months.values())
    halves = [sum(counts[max(0, at - 6) : at]) for at in range(len(counts), 0, -6)]
    return DeploymentDays(
        lower_median(list(weeks.values())), lower_median(counts), upper_median(halves)
    )


def lower_median(values: Sequence[int]) -> int:
    """The largest value whose percent rank is at most a half: DevLake's median."""
    ordered = sorted(values)
    return max(value for value, rank in _percent_ranks(ordered) if rank <= 0.5)


def upper_median(values: Sequence[int]) -> int:
    """The smallest value whose percent rank is at least a half; of equal ones, that value."""
    ordered = sorted(values)
    above = [value for value, rank in _percent_ranks(ordered) if rank >= 0.5]
    return min(above) if above else ordered[-1]


def _percent_ranks(ordered: Sequence[int]) -> list[tuple[int, float]]:
    """SQL's percent_rank: (rank - 1) / (rows - 1), ties share the lowest rank; 0 for one row."""
    ranks: list[tuple[int, float]] = []
    first = 0
    for at, value in enumerate(ordered):
        if value != ordered[first]:
            first = at
        ranks.append((value, first / (len(ordered) - 1) if len(ordered) > 1 else 0.0))
    return ranks


def _below(value: float, *limits: float) -> str:
    return _first(tuple(value < limit for limit in limits))


def _up_to(value: float, *limits: float) -> str:
    return _first(tuple(value <= limit for limit in limits))


def _first(reached: Sequence[bool]) -> str:
    """The best level reached; the lowest where none is."""
    return next((level for level, yes in zip(_LEVELS, reached, strict=False) if yes), _LEVELS[-1])
