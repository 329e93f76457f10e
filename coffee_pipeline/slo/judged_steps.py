"""Thresholds and raw ratios, which count no events: each step of time is one event instead.

A threshold's step is good or bad as a whole: OpenSLO compares the metric's value with the
objective's (``op`` and ``value``). A raw ratio's step is as good as its ratio says. So every step
with a value weighs alike, however many requests there were in it. A step without a value, with NaN,
or with a ratio outside of 0 to 1 is a gap.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.slo.alert_windows import duration
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Floats
from coffee_pipeline.slo.promql import UnsupportedQueryError, refuse_fixed_ranges
from coffee_pipeline.slo.query_windows import fill, has_window

WINDOW = timedelta(minutes=5)
"""What ``{{.window}}`` stands for: a rate over a minute has no data at one scrape a minute."""

_GOOD: Mapping[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_NOISE = 1e-9


def value_query(slo: Slo) -> str:
    """The query of the value of each step, of a threshold or a raw ratio.

    Raises:
        UsageError: the SLO is neither, or cannot be measured; says why.
    """
    query = slo.error_ratio if slo.threshold is None else slo.threshold
    if query is None:
        raise ConfigurationError(slo.unsupported or "the indicator has no query")
    if not slo.speaks_promql:
        raise UnsupportedQueryError(
            "thresholds and raw ratios are measured from Prometheus-compatible APIs only"
        )
    if slo.threshold is not None:
        _limit(slo)
    elif slo.counter:
        raise UnsupportedQueryError("a raw ratio is no counter: leave counter out")
    elif slo.dialect == "PromQL" and not has_window(query):
        refuse_fixed_ranges(query)  # as the rules do, which average such a query over each window
    return fill(query, duration(WINDOW))


def good_shares(slo: Slo, values: Floats) -> Floats:
    """Which share of each step was good, 0 to 1; NaN where nothing is known.

    Raises:
        UsageError: the objectives of a threshold differ in what they compare with.
    """
    if slo.threshold is not None:
        compare, limit = _limit(slo)
        good = compare(values, limit).astype(np.float64)
        return np.where(np.isnan(values), np.nan, good)
    within = (values >= -_NOISE) & (values <= 1 + _NOISE)
    return np.where(within, 1 - np.clip(values, 0, 1), np.nan)


def _limit(slo: Slo) -> tuple[Callable[[Any, Any], Any], float]:
    """How a value is compared, and with what: all objectives share the events of their SLO."""
    limits = {(one.op, one.value) for one in slo.objectives}
    if len(limits) > 1:
        raise UsageError(
            "its objectives compare with different values (op, value): write an SLO for each"
        )
    ((op, value),) = limits
    assert op is not None
    assert value is not None
    return _GOOD[op], float(value)
