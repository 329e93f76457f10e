"""Samples of a counter -> its rises per step of time.

A rise belongs to the step in which the later of its two samples lies; one exactly on a step's
border ends the step before it. After a fall the counter began again at 0. The first sample is
where counting starts, as in Prometheus. Samples further apart than ``gap`` have a gap between
them: what was counted meanwhile cannot be placed in time and is left out, of good and total alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from coffee_pipeline.slo.events import Flags, Floats, Integers, Repairs

LOOKBACK = timedelta(minutes=5)
"""How long Prometheus believes in a sample: the longest distance without a gap."""


@dataclass(frozen=True)
class Grid:
    """Steps of ``step`` seconds from ``start``, ``size`` of them."""

    start: int
    step: int
    size: int

    @property
    def end(self) -> int:
        """When the last step ends."""
        return self.start + self.step * self.size


def rises(
    samples: Sequence[tuple[Integers, Floats]], grid: Grid, gap: timedelta = LOOKBACK
) -> tuple[Floats, Repairs]:
    """The rises of several counters, added up, for each step; NaN where none has data.

    Args:
        samples: times in milliseconds since 1970 and values, in any order, for each counter.
        grid: the steps wanted.
        gap: how far apart two samples may be.
    """
    total, known = np.zeros(grid.size), np.zeros(grid.size, dtype=bool)
    repairs = Repairs()
    for times, values in samples:
        one, seen, found = _rises(times, values, grid, gap)
        total += one
        known |= seen
        repairs += found
    return np.where(known, total, np.nan), repairs


def _rises(
    times: Integers, values: Floats, grid: Grid, gap: timedelta
) -> tuple[Floats, Flags, Repairs]:
    wrong = ~np.isfinite(values) | (values < 0)
    repairs = Repairs(
        not_a_number=int(np.isnan(values).sum()),
        infinite=int(np.isinf(values).sum()),
        negative=int((values[np.isfinite(values)] < 0).sum()),
        out_of_order=int((np.diff(times) < 0).sum()),
    )
    times, values = times[~wrong], values[~wrong]
    order = np.lexsort((values, times))
    times, values = times[order], values[order]
    last = np.append(np.diff(times) > 0, True) if len(times) else np.empty(0, dtype=bool)
    repairs += Repairs(duplicated=int((~last).sum()))
    times, values = times[last], values[last]
    change, distance = np.diff(values), np.diff(times)
    fell = change < 0
    near = distance <= gap // timedelta(milliseconds=1)
    repairs += Repairs(resets=int(fell.sum()))
    change = np.where(fell, values[1:], change)
    first = (times[:-1] // 1000 - grid.start) // grid.step
    step = (-(-times[1:] // 1000) - grid.start - 1) // grid.step
    inside = near & (step >= 0) & (step < grid.size)
    rise = np.bincount(step[inside], weights=change[inside], minlength=grid.size)
    # Steps between the two samples are known, too: nothing was seen to rise in them.
    marks = np.zeros(grid.size + 1, dtype=np.int64)
    np.add.at(marks, np.clip(np.maximum(first[inside], 0), 0, grid.size), 1)
    np.add.at(marks, step[inside] + 1, -1)
    known = np.cumsum(marks)[:-1] > 0
    return rise.astype(np.float64), known, repairs
