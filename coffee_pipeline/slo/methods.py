"""The three ways of counting an error budget, over the same events, exactly.

Occurrences weigh every event alike: good events / events. Timeslices weigh every slice of time
alike: slices whose ratio reaches the slice target / slices. RatioTimeslices are the mean of the
slices' ratios. Source: OpenSLO v1, ``budgetingMethod``; Google, The Site Reliability Workbook,
chapter 2.

The budget is of the whole period: (1 - objective) x the events or slices that the period will have
held at its end. Until a calendar period is over these are those seen and those ``to come``: every
slice of the time ahead, or events as often as they came in the time so far that has data. At the
end nothing is to come, and of a rolling window never anything is.

A slice without data or without events is left out of both sides: nothing says that it was good.
Slices are aligned to 1970-01-01 UTC and count when they lie wholly inside of the stretch of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from coffee_pipeline.slo.definition import BudgetingMethod
from coffee_pipeline.slo.events import Events, Flags, Integers

_MICRO = 10**6
_DIGITS = _MICRO * _MICRO
"""Ratios of slices are cut to twelve decimals before they are added up: exact fractions with a
hundred thousand different denominators would not fit into memory."""

_SAFE = 2**62


@dataclass(frozen=True)
class Attained:
    """What one method counts: ``good`` of ``total`` in ``unit``; no ratio without any.

    ``to_come`` are the events or slices expected in the time ahead that the budget is for, too.
    """

    method: BudgetingMethod
    unit: str
    objective: Fraction
    good: Fraction
    total: Fraction
    reason: str | None
    to_come: Fraction = Fraction(0)

    @property
    def ratio(self) -> Fraction | None:
        """Good / total."""
        return self.good / self.total if self.total else None

    @property
    def burn_rate(self) -> Fraction | None:
        """(1 - ratio) / (1 - objective): 1 uses up the budget exactly by the end of the period."""
        ratio = self.ratio
        return None if ratio is None else (1 - ratio) / (1 - self.objective)

    @property
    def budget(self) -> Fraction:
        """Bad events or slices allowed among those seen and to come."""
        return (1 - self.objective) * (self.total + self.to_come)

    @property
    def budget_left(self) -> Fraction | None:
        """Share of the budget that is unused; below 0 it is overdrawn."""
        return 1 - (self.total - self.good) / self.budget if self.total else None


class Slices:
    """The events of one SLO added up to slices, with running sums over them."""

    def __init__(self, events: Events, length: int, target: Fraction) -> None:
        self.length = max(length, events.step)
        self.target = target
        starts = events.start + events.step * np.arange(len(events), dtype=np.int64)
        number = starts // self.length
        self.first = int(number[0]) if len(events) else 0
        borders = np.flatnonzero(np.append(True, np.diff(number) > 0)[: len(events)])
        good = _added(events.good, borders)
        total = _added(events.total, borders)
        counted = total > 0
        self._counted = _running(counted.astype(np.int64))
        self._reached = _running((counted & _reaches(good, total, target)).astype(np.int64))
        self._ratios = _running(_ratios(good, total, counted))

    def between(self, start: int, end: int) -> tuple[int, int, Fraction]:
        """Slices with events, those of them that reach the target, and the sum of the ratios."""
        size = len(self._counted) - 1
        first = min(max(-(-start // self.length) - self.first, 0), size)
        last = max(min(end // self.length - self.first, size), first)
        counted, reached, ratios = (
            int(one[last] - one[first]) for one in (self._counted, self._reached, self._ratios)
        )
        return counted, reached, Fraction(ratios, _DIGITS)

    def ending(self, after: int, until: int) -> int:
        """How many slices end after the one moment and not after the other."""
        return until // self.length - after // self.length


def occurrences(
    events: Events, objective: Fraction, start: int, end: int, ahead: int = 0
) -> Attained:
    """Every event weighs the same; ``ahead`` are the seconds of the budget's time after ``end``."""
    chosen = events.steps(start, end)
    good, total, known = events.sums(chosen)
    to_come = total * Fraction(ahead, known * events.step) if known else Fraction(0)
    reason = _reason(total, known)
    return Attained("Occurrences", "events", objective, good, total, reason, to_come)


def time_slices(
    slices: Slices, objective: Fraction, start: int, end: int, ahead: int = 0
) -> Attained:
    """Every slice weighs the same, and is good or bad as a whole."""
    counted, reached, _ = slices.between(start, end)
    to_come = slices.ending(end, end + ahead)
    return _sliced("Timeslices", objective, Fraction(reached), counted, to_come)


def ratio_slices(
    slices: Slices, objective: Fraction, start: int, end: int, ahead: int = 0
) -> Attained:
    """Every slice weighs the same, and is as good as its ratio."""
    counted, _, ratios = slices.between(start, end)
    to_come = slices.ending(end, end + ahead)
    return _sliced("RatioTimeslices", objective, ratios, counted, to_come)


def _sliced(
    method: BudgetingMethod, objective: Fraction, good: Fraction, counted: int, to_come: int
) -> Attained:
    reason = None if counted else "no slice with events"
    total = Fraction(counted)
    return Attained(method, "slices", objective, good, total, reason, Fraction(to_come))


def _reason(total: Fraction, known: int) -> str | None:
    if total:
        return None
    return "no events" if known else "no data"


def _added(values: Integers, borders: npt.NDArray[np.intp]) -> Integers:
    return np.add.reduceat(values, borders) if len(values) else np.zeros(0, dtype=np.int64)


def _reaches(good: Integers, total: Integers, target: Fraction) -> Flags:
    largest = int(total.max(initial=0)) * max(target.denominator, target.numerator)
    if largest >= _SAFE:
        good, total = good.astype(object), total.astype(object)
    found = good * target.denominator >= total * target.numerator
    return np.asarray(found, dtype=np.bool_)


def _ratios(good: Integers, total: Integers, counted: Flags) -> Integers:
    """Good / total in units of 1e-12, rounded down, and 0 where there is nothing."""
    if int(total.max(initial=0)) * _MICRO >= _SAFE:
        good, total = good.astype(object), total.astype(object)
    divisor = np.where(counted, total, 1)
    upper, rest = good * _MICRO // divisor, good * _MICRO % divisor
    found = upper * _MICRO + rest * _MICRO // divisor
    return np.where(counted, found, 0).astype(np.int64)


def _running(values: Integers) -> Integers:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))
