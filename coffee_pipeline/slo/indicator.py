"""From what the queries of a ratio metric answered to good, total and ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measured:
    """Good and total events and their ratio; None with a ``reason`` when there is no data."""

    good: float | None
    total: float | None
    ratio: float | None
    reason: str | None


def measured(
    numerator: float | None, kind: Literal["good", "bad"], total: float | None
) -> Measured:
    """Good and total events from the two answers of a ratio metric.

    A query that answers nothing is no zero, with one exception: with events in total and no good
    series, the good events are 0, since hiding an outage as "no data" is the worse mistake. An
    empty answer for bad events stays "no data": a mistyped query must not look like 100 %.
    """
    if total is None:
        return Measured(None, None, None, "the query for total events returned no data")
    if total <= 0:
        return Measured(None, total, None, "no requests in the window")
    if numerator is None and kind == "bad":
        return Measured(None, total, None, "the query for bad events returned no data")
    counted = numerator or 0.0
    good = counted if kind == "good" else total - counted
    # Floating-point noise of summed increases, not a disagreement of the queries.
    noise = 1e-9 * total
    if not -noise <= good <= total + noise:
        return Measured(None, total, None, f"{kind} events ({counted:g}) exceed total ({total:g})")
    good = min(max(good, 0.0), total)
    return Measured(good, total, good / total, None)
