"""The Mann-Whitney U test with a confidence interval of the shift, as Kayenta's judge uses it.

The interval is the one of R's ``wilcox.test`` for large samples: the shifts at which the
standardised statistic (normal approximation, ties and continuity corrected) meets the quantiles.
References: H. B. Mann, D. R. Whitney (1947); A. Vargha, H. D. Delaney (2000) for the effect size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far ``experiment`` lies above ``control``.

    ``estimate`` is the Hodges-Lehmann shift with its interval ``lower``..``upper``; ``p_value`` is
    one-sided (experiment is greater); ``effect_size`` is the common-language effect size (A12):
    the probability that a value of the experiment exceeds one of the control, ties half.
    """

    estimate: float
    lower: float
    upper: float
    p_value: float
    effect_size: float


class Direction(StrEnum):
    """Which deviation counts."""

    INCREASE = "Increase"
    DECREASE = "Decrease"
    EITHER = "Either"


class Classification(StrEnum):
    """The experiment against the control."""

    PASS = "Pass"  # noqa: S105 (a verdict)
    HIGH = "High"
    LOW = "Low"
    NO_DATA = "Nodata"


def shift(experiment: Sequence[float], control: Sequence[float], confidence: float) -> Shift:
    """Compare two samples, neither empty; ``confidence`` of the two-sided interval is 0..1."""
    # Not at the top: scipy takes as long to load as all the rest, and only canaries need it.
    from scipy.stats import mannwhitneyu, norm

    x, y = np.asarray(experiment, dtype=float), np.asarray(control, dtype=float)
    test = mannwhitneyu(x, y, alternative="greater", method="asymptotic")
    constant = float(np.ptp(np.concatenate([x, y]))) == 0.0
    quantile = float(norm.ppf(0.5 + confidence / 2))
    return Shift(
        estimate=_root(x, y, 0.0, corrected=False),
        lower=_root(x, y, quantile, corrected=True),
        upper=_root(x, y, -quantile, corrected=True),
        p_value=1.0 if constant else float(test.pvalue),
        effect_size=float(test.statistic) / (len(x) * len(y)),
    )


def _standardised(x: Values, y: Values, correction: float) -> Callable[[float], float]:
    from scipy.stats import rankdata

    n, m = len(x), len(y)

    def statistic(distance: float) -> float:
        together = np.concatenate([x - distance, y])
        ranks = rankdata(together)
        excess = float(ranks[:n].sum()) - n * (n + 1) / 2 - n * m / 2
        ties = np.unique(ranks, return_counts=True)[1].astype(float)
        total = n + m
        tied = float((ties**3 - ties).sum()) / (total * (total - 1))
        variance = n * m / 12 * (total + 1 - tied)
        if variance <= 0:
            return 0.0
        return float((excess - np.sign(excess) * correction) / np.sqrt(variance))

    return statistic


def _root(x: Values, y: Values, quantile: float, *, corrected: bool) -> float:
    """The shift at which the statistic, which falls as the shift rises, meets ``quantile``.

    Samples too small to reach the quantile give the end of the range, which is conservative.
    """
    from scipy.optimize import brentq

    low, high = float(x.min() - y.max()), float(x.max() - y.min())
    if low == high:
        return low
    statistic = _standardised(x, y, 0.5 if corrected else 0.0)
    if statistic(low) <= quantile:
        return low
    if statistic(high) >= quantile:
        return high
    tolerance = max(1e-12, (high - low) * 1e-9)
    return float(brentq(lambda d: statistic(d) - quantile, low, high, xtol=tolerance))


def classify(
    experiment: Sequence[float],
    control: Sequence[float],
    *,
    tolerance: float,
    confidence: float,
    effect_sizes: tuple[float, float],
    common_language: bool = False,
    direction: Direction = Direction.EITHER,
) -> Classification:
    """Kayenta's Mann-Whitney classifier.

    High needs a confidence interval above ``tolerance`` times the estimated shift and an effect
    size of at least ``effect_sizes[1]``; Low mirrors it. The effect size is the ratio of the
    means, or the common-language effect size.
    """
    if not len(experiment) or not len(control):
        return Classification.NO_DATA
    if sorted(experiment) == sorted(control) or len({*experiment, *control}) == 1:
        return Classification.PASS
    found = shift(experiment, control, confidence)
    size = found.effect_size if common_language else _mean_ratio(experiment, control)
    bound = tolerance * abs(found.estimate)
    if direction is not Direction.DECREASE and found.lower > bound and size >= effect_sizes[1]:
        return Classification.HIGH
    if direction is not Direction.INCREASE and found.upper < -bound and size <= effect_sizes[0]:
        return Classification.LOW
    return Classification.PASS


def _mean_ratio(experiment: Sequence[float], control: Sequence[float]) -> float:
    mean = float(np.mean(control))
    return 1.0 if mean == 0.0 else float(np.mean(experiment)) / mean
