"""Medians and percentiles of durations, with one stated convention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.dora.intervals import Interval, median_interval

CONVENTION = "linear interpolation between order statistics (Hyndman and Fan type 7)"
"""The convention of NumPy's and Excel's defaults; the median of two values is their mean."""


@dataclass(frozen=True)
class Distribution:
    """Median, 75th and 90th percentile of ``count`` values, in seconds.

    ``interval`` is how sure the median is, None where the values are too few to tell.
    """

    count: int
    median: float
    p75: float
    p90: float
    minimum: float
    maximum: float
    interval: Interval | None = None


def quantile(ordered: Sequence[float], share: float) -> float:
    """The ``share`` (0..1) quantile of a non-empty ascending sequence, by :data:`CONVENTION`."""
    position = (len(ordered) - 1) * share
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def distribution(values: Sequence[float]) -> Distribution | None:
    """The distribution of ``values`` in any order; None when there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Distribution(
        count=len(ordered),
        median=quantile(ordered, 0.5),
        p75=quantile(ordered, 0.75),
        p90=quantile(ordered, 0.9),
        minimum=ordered[0],
        maximum=ordered[-1],
        interval=median_interval(ordered),
    )
