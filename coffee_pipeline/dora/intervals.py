"""How sure a rate is that was taken over few events."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEVEL = 0.95
_Z = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""

SMALL = 30
"""Below so many observations a number is shown as a small one."""


@dataclass(frozen=True)
class Interval:
    """Where the true rate lies at :data:`LEVEL` confidence, and by which method."""

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
