"""How sure a rate or a median is that was taken over few events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
_Z = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""

_EXACT = 200
"""Up to so many values the binomial distribution is summed, above approximated."""

SMALL = 30
"""Below so many observations a number is shown as a small one."""


@dataclass(frozen=True)
class Interval:
    """Where the true value lies at :data:`LEVEL` confidence, and by which method."""

    low: float
    high: float
    level: float
    method: str


def wilson(events: int, count: int) -> Interval | None:
    """The Wilson score interval of ``events`` in ``count``; None when there are none.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).
    """
    if count <= 0:
        return None
    rate = events / count
    scale = 1 + _Z**2 / count
    centre = (rate + _Z**2 / (2 * count)) / scale
    half = _Z / scale * math.sqrt(rate * (1 - rate) / count + _Z**2 / (4 * count**2))
    # At the ends the bound is the rate itself; rounding must not put it a hair beside.
    low = 0.0 if events == 0 else max(0.0, centre - half)
    high = 1.0 if events == count else min(1.0, centre + half)
    return Interval(low, high, LEVEL, "Wilson score interval")


def median_interval(ordered: Sequence[float]) -> Interval | None:
    """Where the median lies, of which ``ordered`` (ascending) is a sample; None below six values.

    Between two order statistics, whatever the distribution: the number of values below the median
    is binomial with one half. At least 95 %, as only whole ranks are to be had; of five values even
    the extremes have only 93.75 %.

    Source: H. A. David and H. N. Nagaraja, Order Statistics, third edition (2003), section 7.1.
    """
    rank = _lower_rank(len(ordered))
    if rank < 1:
        return None
    return Interval(ordered[rank - 1], ordered[-rank], LEVEL, "order statistics")


def _lower_rank(count: int) -> int:
    """The greatest rank, from 1, below which the median lies in at most 2.5 % of all samples."""
    if count > _EXACT:
        return math.floor((count - _Z * math.sqrt(count)) / 2)
    allowed = (1 - LEVEL) / 2 * 2**count
    below, ways, rank = 0, 1, 0
    while (below := below + ways) <= allowed:
        rank += 1
        ways = ways * (count - rank + 1) // rank
    return rank
