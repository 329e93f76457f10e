"""Good and total events per step of time, cleaned, with exact sums over any stretch.

What is done with samples that are not as they should be, counted in :class:`Repairs`:

==================  ==============================================================================
sample              answer
==================  ==============================================================================
missing             a gap: no data, neither good nor bad; it lowers ``covered``
NaN, stale marker   as missing (a stale marker is a NaN)
+Inf, -Inf          as missing
negative            as missing: events cannot be undone
good above total    as missing, unless by less than a billionth of total (float noise: cut to total)
out of order        sorted by time
duplicated          of several at one instant the one with the most total events is kept, and of
                    those the one with the fewest good events
no events           known to be idle: counts as covered, adds nothing to either sum
==================  ==============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SUM_LIMIT = 2**62
_DECIMALS = (0, 1, 2, 3, 6, 9)
_NOISE = 1e-9


@dataclass(frozen=True)
class Repairs:
    """How many samples were not as they should be, and what became of them."""

    not_a_number: int = 0
    infinite: int = 0
    negative: int = 0
    good_above_total: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    resets: int = 0

    def __add__(self, other: Repairs) -> Repairs:
        names = (one.name for one in fields(self))
        return Repairs(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Events:
    """Good and total events of steps that follow each other without a hole.

    Step ``i`` is the time from ``start + i * step`` (included) to the next, in seconds since 1970
    (UTC). Sums are exact in units of 1 / ``scale`` events: numbers with up to nine decimals are
    kept as they are, longer ones (extrapolated rates) are rounded there.
    """

    def __init__(
        self, start: int, step: int, good: Floats, total: Floats, repairs: Repairs | None = None
    ) -> None:
        if step <= 0 or good.shape != total.shape:
            raise ValueError("steps must be longer than 0, and good as many as total")
        good, total, found = _cleaned(good, total)
        self.start, self.step = start, step
        self.repairs = found + (repairs or Repairs())
        self.known: Flags = ~np.isnan(total)
        self.scale = _scale(good, total, self.known)
        self.good = _integers(good, self.known, self.scale)
        self.total = _integers(total, self.known, self.scale)
        self._good, self._total = _running(self.good), _running(self.total)
        self._known = _running(self.known.astype(np.int64))

    def __len__(self) -> int:
        return len(self.total)

    @property
    def end(self) -> int:
        """When the last step ends."""
        return self.start + len(self) * self.step

    def steps(self, start: int, end: int) -> slice:
        """The steps that lie wholly from ``start`` to ``end``."""
        first = min(max(0, -(-(start - self.start) // self.step)), len(self))
        last = min(len(self), (end - self.start) // self.step)
        return slice(first, max(first, last))

    def sums(self, chosen: slice) -> tuple[Fraction, Fraction, int]:
        """Good events, total events and the number of steps with data, of the chosen steps."""
        first, last = chosen.start, chosen.stop
        good, total = (int(one[last] - one[first]) for one in (self._good, self._total))
        known = int(self._known[last] - self._known[first])
        return Fraction(good, self.scale), Fraction(total, self.scale), known


def of_rows(times: npt.NDArray[Any], good: Floats, total: Floats, step: int) -> Events:
    """Events from rows in any order; ``times`` (seconds since 1970) are the begins of their steps.

    A row lies in the step that its time falls into. Several rows in one step are duplicates.
    """
    if not len(times):
        return Events(0, step, np.empty(0), np.empty(0))
    at = np.floor_divide(times.astype(np.int64), step)
    unordered = int((np.diff(at) < 0).sum())
    if np.all(np.diff(at) == 1):
        missing = int((np.isnan(good) | np.isnan(total)).sum())
        return Events(int(at[0]) * step, step, good, total, Repairs(not_a_number=missing))
    # Worst last: most total events, then fewest good ones; NaN before every number.
    order = np.lexsort((-np.nan_to_num(good, nan=np.inf), np.nan_to_num(total, nan=-np.inf), at))
    at, good, total = at[order], good[order], total[order]
    last = np.append(np.diff(at) > 0, True)
    first, size = int(at[0]), int(at[-1] - at[0]) + 1
    dense_good, dense_total = np.full(size, np.nan), np.full(size, np.nan)
    dense_good[at[last] - first], dense_total[at[last] - first] = good[last], total[last]
    repairs = Repairs(
        duplicated=int((~last).sum()),
        out_of_order=unordered,
        not_a_number=int((np.isnan(good[last]) | np.isnan(total[last])).sum()),
    )
    return Events(first * step, step, dense_good, dense_total, repairs)


def _cleaned(good: Floats, total: Floats) -> tuple[Floats, Floats, Repairs]:
    good, total = good.astype(np.float64), total.astype(np.float64)
    infinite = np.isinf(good) | np.isinf(total)
    negative = (~infinite) & ((good < 0) | (total < 0))
    above = (~infinite) & ~negative & (good > total)
    noise = above & (good <= total * (1 + _NOISE))
    good = np.where(noise, total, good)
    above &= ~noise
    missing = np.isnan(good) | np.isnan(total) | infinite | negative | above
    repairs = Repairs(
        infinite=int(infinite.sum()),
        negative=int(negative.sum()),
        good_above_total=int(above.sum()),
    )
    return np.where(missing, np.nan, good), np.where(missing, np.nan, total), repairs


def _scale(good: Floats, total: Floats, known: Flags) -> int:
    """The smallest power of ten in which all numbers are whole, as far as their sum allows."""
    values = np.concatenate((good[known], total[known]))
    largest = float(values.sum()) if len(values) else 0.0
    chosen = 1
    for decimals in _DECIMALS:
        scale = 10**decimals
        if largest * scale >= _SUM_LIMIT:
            break
        chosen = scale
        if bool(np.all(np.rint(values * scale) / scale == values)):
            break
    return chosen


def _integers(values: Floats, known: Flags, scale: int) -> Integers:
    whole: Integers = np.rint(np.where(known, values, 0.0) * scale).astype(np.int64)
    return whole


def _running(values: Integers) -> Integers:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))
