"""The metrics over time: per calendar day, week or month, with the counts under every point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache

from coffee_pipeline.dora.intervals import Interval, wilson
from coffee_pipeline.dora.quantiles import Distribution, distribution


class Step(StrEnum):
    """Length of one point: a calendar day, a week from Monday, a calendar month; all UTC."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class DeploymentPoint:
    """One attempted deployment for the trend; ``failed``, ``rework`` None where unknown."""

    at: datetime
    succeeded: bool = True
    attempt: bool = True
    failed: bool | None = None
    rework: bool | None = None


@dataclass(frozen=True)
class TrendPoint:
    """One day, week or month: [``start``, ``end``).

    ``partial``: the reported period covers it only in part. ``failed`` and ``fail_rate`` are None
    where no deployment was judged, or where none is known to have failed and silence proves
    nothing (proxies).
    """

    start: date
    end: date
    partial: bool
    deployments: int
    attempted: int
    failed: int | None
    fail_rate: float | None
    interval: Interval | None
    rework: int | None
    lead_time: Distribution | None
    recovery_time: Distribution | None


def suitable_step(start: datetime, end: datetime) -> Step:
    """Days up to two weeks, weeks up to half a year, months from there."""
    days = (end - start).days
    if days <= 14:
        return Step.DAY
    return Step.WEEK if days <= 183 else Step.MONTH


def trend(
    start: datetime,
    end: datetime,
    step: Step,
    deployments: Iterable[DeploymentPoint],
    lead_times: Iterable[tuple[datetime, float]],
    recoveries: Iterable[tuple[datetime, float]],
    *,
    silence_proves: bool = True,
) -> tuple[TrendPoint, ...]:
    """Every point from ``start`` to ``end``, also those in which nothing happened.

    ``silence_proves`` False: a point without a known failure has no fail rate, instead of 0.
    """
    begins = _begins(start, end, step)
    known = set(begins)

    @cache
    def point(day: date) -> date | None:
        begin = beginning(day, step)
        return begin if begin in known else None

    found: dict[date, list[DeploymentPoint]] = {day: [] for day in begins}
    leads: dict[date, list[float]] = {day: [] for day in begins}
    recovered: dict[date, list[float]] = {day: [] for day in begins}
    for one in deployments:
        day = point(one.at.astimezone(UTC).date())
        if day is not None:
            found[day].append(one)
    for values, target in ((lead_times, leads), (recoveries, recovered)):
        for at, seconds in values:
            day = point(at.astimezone(UTC).date())
            if day is not None:
                target[day].append(seconds)
    return tuple(
        _point(day, step, (start, end), found[day], leads[day], recovered[day], silence_proves)
        for day in begins
    )


def beginning(day: date, step: Step) -> date:
    """The first day of the point that ``day`` lies in."""
    if step is Step.DAY:
        return day
    return day - timedelta(days=day.weekday()) if step is Step.WEEK else day.replace(day=1)


def following(day: date, step: Step) -> date:
    """The first day of the next point."""
    if step is Step.MONTH:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=1 if step is Step.DAY else 7)


def _begins(start: datetime, end: datetime, step: Step) -> list[date]:
    days = [beginning(start.astimezone(UTC).date(), step)]
    last = end.astimezone(UTC).date()
    while (after := following(days[-1], step)) <= last:
        days.append(after)
    return days


def _point(
    day: date,
    step: Step,
    period: tuple[datetime, datetime],
    found: list[DeploymentPoint],
    leads: list[float],
    recovered: list[float],
    silence_proves: bool,
) -> TrendPoint:
    after = following(day, step)
    judged = [one for one in found if one.attempt and one.failed is not None]
    failed = sum(bool(one.failed) for one in judged) if judged else None
    if failed == 0 and not silence_proves:
        failed = None
    reworked = [one.rework for one in found if one.rework is not None]
    return TrendPoint(
        start=day,
        end=after,
        partial=_midnight(day) < period[0] or _midnight(after) > period[1],
        deployments=sum(one.succeeded and one.attempt for one in found),
        attempted=sum(one.attempt for one in found),
        failed=failed,
        fail_rate=failed / len(judged) if failed is not None else None,
        interval=wilson(failed, len(judged)) if failed is not None else None,
        rework=sum(reworked) if reworked else None,
        lead_time=distribution(leads),
        recovery_time=distribution(recovered),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
