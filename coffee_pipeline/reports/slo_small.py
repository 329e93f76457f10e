"""Numbers of the SLO report that were taken over little: said beside them, as of the delivery's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from coffee_pipeline.dora.intervals import SMALL
from coffee_pipeline.reports.slo_standing import Standing

LITTLE = timedelta(days=1)
"""Less than this of a period that is longer says little of it."""


def few(total: Fraction | None) -> bool:
    """Whether there are events or slices, but fewer than :data:`SMALL`."""
    return bool(total) and (total or 0) < SMALL


def few_text(total: Fraction | None) -> str:
    """What is said of few."""
    return "a small number" if few(total) else ""


def of_events(one: Standing) -> str:
    """Why good / total says little: few events, or so few that a single bad one is too many."""
    if few(one.total):
        return few_text(one.total)
    if one.budget is not None and 0 < one.budget < 1:
        return f"a single bad {'event' if one.unit == 'events' else 'slice'} overdraws the budget"
    return ""


def of_time(one: Standing) -> str:
    """Whether less than a day is known of a period that is longer."""
    period = one.now - one.start
    known = float(one.covered) * period
    return "less than a day is known" if period > LITTLE and known < LITTLE else ""


def joined(texts: Iterable[str]) -> str:
    """What there is to say, with commas."""
    return ", ".join(text for text in texts if text)
