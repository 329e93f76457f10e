"""Where the error budget will stand, from how fast it burnt on each day lately.

The model is plain on purpose: days are independent draws from one distribution. The interval is
the prediction interval of a mean of ``horizon`` further days, mean +- t(n - 1) * s *
sqrt(1 / n + 1 / horizon): it holds both the doubt about the mean and the spread of days to come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.8
MINIMUM_DAYS = 3
DAYS = 28


@dataclass(frozen=True)
class Forecast:
    """Budget left after ``horizon`` days, as a share; ``low`` to ``high`` holds 80 % of cases.

    All numbers are None where ``days`` with data are too few, and ``reason`` says so.
    ``exhausted_in`` are days until the budget is used up at the mean rate; None if it never is.
    ``exhausted_earliest`` takes the mean at the upper end of its own interval. Where ``resets``, a
    new budget begins after ``horizon`` days: what would be later than that is None, too.
    """

    horizon: float
    days: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    exhausted_in: float | None = None
    exhausted_earliest: float | None = None
    resets: bool = False
    reason: str | None = None


def forecast(
    burns: Sequence[float],
    kept: float | None,
    left: float | None,
    horizon: float,
    period: float,
    *,
    resets: bool = False,
) -> Forecast:
    """The forecast from burn rates of single days.

    Args:
        burns: burn rate of each day that has data.
        kept: share of the budget burnt by what will still be in the window then; None unknown.
        left: share of the budget left now.
        horizon: days ahead.
        period: days of the SLO's window.
        resets: whether a new budget begins after the horizon, as a calendar period's does.
    """
    days = len(burns)
    if days < MINIMUM_DAYS or kept is None or left is None:
        reason = f"{days} days with data, {MINIMUM_DAYS} are needed"
        return Forecast(horizon, days, resets=resets, reason=reason)
    mean, spread = fmean(burns), stdev(burns)
    quantile = _student(days - 1)
    share = horizon / period
    expected = 1 - kept - mean * share
    margin = quantile * spread * math.sqrt(1 / days + 1 / max(horizon, 1.0)) * share
    upper = mean + quantile * spread / math.sqrt(days)
    within = horizon if resets else math.inf
    return Forecast(
        horizon,
        days,
        expected=expected,
        low=expected - margin,
        high=min(expected + margin, 1 - kept),
        exhausted_in=_days_until(left, mean, period, within),
        exhausted_earliest=_days_until(left, upper, period, within),
        resets=resets,
    )


def _days_until(left: float, burn: float, period: float, within: float) -> float | None:
    if left <= 0:
        return 0.0
    days = left * period / burn if burn > 0 else math.inf
    return days if days < within else None


def _student(degrees: int) -> float:
    """The quantile of Student's t that leaves (1 - CONFIDENCE) / 2 above it."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))
