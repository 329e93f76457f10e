"""When the budget burnt: the course of it, day by day, and the worst hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.slo.budget import exact, without_overlap

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """Good and total (events or slices) from ``start`` to ``end``; None without data."""

    start: datetime
    end: datetime
    good: Fraction | None
    total: Fraction | None
    covered: Fraction

    @property
    def bad(self) -> Fraction:
        """What was not good; 0 without data."""
        return (self.total or Fraction(0)) - (self.good or Fraction(0))

    @property
    def ratio(self) -> Fraction | None:
        """Good / total."""
        return self.good / self.total if self.good is not None and self.total else None


def days_of(one: Standing, days: int) -> list[Stretch]:
    """The last ``days`` days (UTC) up to now, the current one in part; gaps have no numbers."""
    last = _floor(one.now, DAY)
    first = last - (days - 1) * DAY
    return list(_stretches(one, first, one.now, DAY))


def hours_of(one: Standing) -> list[Stretch]:
    """The hours of the period with data."""
    return [each for each in _stretches(one, one.start, one.now, HOUR) if each.total]


def worst_hours(found: Iterable[Standing], most: int) -> list[tuple[Fraction, Standing, Stretch]]:
    """Hours by the share of their objective's budget that they burnt, largest first."""
    burnt = [
        (each.bad / one.budget, one, each)
        for one in found
        if one.budget
        for each in hours_of(one)
        if each.bad > 0
    ]
    burnt.sort(key=lambda each: (-each[0], each[2].start, each[1].service, each[1].slo))
    return burnt[:most]


def burn_down(one: Standing, most: int) -> list[tuple[datetime, Fraction | None]]:
    """Budget left over the period, at the ends of hours; None while nothing was measured."""
    if one.kept is None or not one.budget:
        return []
    hours = max(1, -(-int((one.now - one.start) / HOUR) // most))
    left = Fraction(1)
    points: list[tuple[datetime, Fraction | None]] = [(one.start, left)]
    for each in _stretches(one, one.start, one.now, hours * HOUR):
        left -= each.bad / one.budget
        points.append((each.end, left if each.covered else None))
    return points


def _stretches(
    one: Standing, first: datetime, end: datetime, length: timedelta
) -> Iterator[Stretch]:
    if one.windows is not None:
        yield from _of_windows(one.windows.levels, first, end, length)
        return
    if one.kept is None:
        return
    at = _floor(first, length)
    while at < end:
        start, stop = max(at, first), min(at + length, end)
        found = one.kept.calculation.attained(start, stop)
        known = found.total > 0
        covered = one.kept.calculation.covered(start, stop)
        good, total = (found.good, found.total) if known else (None, None)
        yield Stretch(start, stop, good, total, covered)
        at += length


def _of_windows(
    levels: Iterable[ServiceLevel], first: datetime, end: datetime, length: timedelta
) -> Iterator[Stretch]:
    """Measurements by when they ended."""
    groups: dict[datetime, list[ServiceLevel]] = {}
    measured = [one for one in levels if one.good is not None and one.total is not None]
    for one in without_overlap(measured):
        if first <= one.window_start and one.window_end <= end:
            groups.setdefault(_floor(one.window_end, length), []).append(one)
    at = _floor(first, length)
    while at < end:
        group = groups.get(at, [])
        good = sum((exact(one.good or 0.0) for one in group), Fraction(0))
        total = sum((exact(one.total or 0.0) for one in group), Fraction(0))
        known = sum((one.window_end - one.window_start for one in group), timedelta(0))
        share = Fraction(known // timedelta(seconds=1), length // timedelta(seconds=1))
        yield Stretch(
            at, at + length, good if total else None, total or None, min(share, Fraction(1))
        )
        at += length


def _floor(moment: datetime, length: timedelta) -> datetime:
    whole = int(length.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // whole * whole, UTC)
