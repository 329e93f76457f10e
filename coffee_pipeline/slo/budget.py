"""Attained ratio, error budget and burn rate, exactly, from measured service levels.

Source: Google, The Site Reliability Workbook, chapter 5 "Alerting on SLOs"
(https://sre.google/workbook/alerting-on-slos/). The method is event-weighted: events of all
measurements are added up before dividing, so a quiet hour does not weigh as much as a busy one.

Arithmetic is in fractions of the decimal numbers as written: 0.999 is 999/1000. Floats are made
only where a number is shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from coffee_pipeline.model.metrics import ServiceLevel

METHOD = "events (Occurrences), SRE workbook ch. 5"
DEFAULT_PERIOD = timedelta(days=28)
"""SLO period where the document names none: four whole weeks."""


@dataclass(frozen=True)
class BurnWindow:
    """A window to look back over, and the burn rate that is worth an alert.

    ``threshold`` = share of the budget x 30 days / window: 2 % in 1 h is 14.4, 5 % in 6 h is 6,
    10 % in 1 d is 3, 10 % in 3 d is 1 (workbook, table 5-8; the 1 d row by the same formula).
    """

    name: str
    length: timedelta
    threshold: Fraction


BURN_WINDOWS = (
    BurnWindow("1h", timedelta(hours=1), Fraction(144, 10)),
    BurnWindow("6h", timedelta(hours=6), Fraction(6)),
    BurnWindow("1d", timedelta(days=1), Fraction(3)),
    BurnWindow("3d", timedelta(days=3), Fraction(1)),
)


@dataclass(frozen=True)
class Attainment:
    """What one SLO attained over one window.

    ``covered`` is the share of the window that measurements cover (0..1); everything that
    needs events is None, with the ``reason``, where there are none. ``budget_left`` is the share
    of the error budget that is not used: 1 untouched, 0 used up, below 0 overdrawn.
    """

    window: timedelta
    objective: Fraction
    good: Fraction | None
    total: Fraction | None
    covered: Fraction
    measurements: int
    left_out: int
    reason: str | None

    @property
    def ratio(self) -> Fraction | None:
        """Good events / total events."""
        if self.good is None or not self.total:
            return None
        return self.good / self.total

    @property
    def error_budget(self) -> Fraction | None:
        """Bad events allowed among the events seen: (1 - objective) x total."""
        return None if self.total is None else (1 - self.objective) * self.total

    @property
    def budget_left(self) -> Fraction | None:
        """1 - bad / error budget; None without events, and for an objective of 100 %."""
        rate = self.burn_rate
        return None if rate is None else 1 - rate

    @property
    def burn_rate(self) -> Fraction | None:
        """(1 - ratio) / (1 - objective): 1 uses up the budget exactly by the end of the period."""
        if self.ratio is None or self.objective >= 1:
            return None
        return (1 - self.ratio) / (1 - self.objective)


def exact(number: float | Decimal) -> Fraction:
    """The number as it is written: ``exact(0.1)`` is 1/10."""
    return Fraction(Decimal(repr(number)) if isinstance(number, float) else number)


def attained(
    levels: Iterable[ServiceLevel], objective: float, window: timedelta, now: datetime
) -> Attainment:
    """Attainment over the ``window`` before ``now``, of the levels of one SLO.

    A measurement counts when it lies wholly inside the window: events are never split by assuming
    that they came evenly. Of measurements of one revision that overlap, those that cover the most
    time without overlap count, so no event counts twice (``left_out`` says how many do not).
    """
    start = now - window
    inside = [one for one in levels if start <= one.window_start and one.window_end <= now]
    measured = [one for one in inside if one.good is not None and one.total is not None]
    chosen = without_overlap(measured)
    good = sum((exact(one.good) for one in chosen if one.good is not None), Fraction(0))
    total = sum((exact(one.total) for one in chosen if one.total is not None), Fraction(0))
    reason = None if total else _reason(inside, chosen)
    return Attainment(
        window=window,
        objective=exact(objective),
        good=good if total else None,
        total=total or None,
        covered=_covered(chosen, window),
        measurements=len(chosen),
        left_out=len(measured) - len(chosen),
        reason=reason,
    )


def without_overlap(levels: Iterable[ServiceLevel]) -> list[ServiceLevel]:
    """Measurements no two of which count the same events, ordered by their end.

    Events of different revisions are different events. Per revision this is weighted interval
    scheduling by duration: exact, and independent of the order given.
    """
    groups: dict[tuple[str, str, str, str], list[ServiceLevel]] = defaultdict(list)
    for level in levels:
        groups[level.service, level.slo, level.environment, level.revision].append(level)
    chosen = [one for group in groups.values() for one in _scheduled(group)]
    return sorted(chosen, key=lambda one: (one.window_end, one.window_start, one.revision))


def _scheduled(levels: Sequence[ServiceLevel]) -> list[ServiceLevel]:
    # At equal times prometheus sorts before scrape, and the first of equals is kept.
    ordered = sorted(levels, key=lambda one: (one.window_end, one.window_start, one.source))
    ends = [one.window_end for one in ordered]
    best: list[timedelta] = [timedelta(0)]
    previous: list[int] = []
    for index, one in enumerate(ordered):
        before = bisect_right(ends, one.window_start, hi=index)
        previous.append(before)
        best.append(max(best[index], best[before] + (one.window_end - one.window_start)))
    chosen: list[ServiceLevel] = []
    index = len(ordered)
    while index:
        if best[index] == best[index - 1]:
            index -= 1
        else:
            chosen.append(ordered[index - 1])
            index = previous[index - 1]
    return chosen


def _covered(levels: Sequence[ServiceLevel], window: timedelta) -> Fraction:
    """Length of the union of the measurements' windows / length of the window."""
    length = timedelta(0)
    reached: datetime | None = None
    for one in sorted(levels, key=lambda level: level.window_start):
        begin = one.window_start if reached is None else max(one.window_start, reached)
        if one.window_end > begin:
            length += one.window_end - begin
            reached = one.window_end
    return Fraction(length // timedelta(microseconds=1), window // timedelta(microseconds=1))


def _reason(inside: Sequence[ServiceLevel], chosen: Sequence[ServiceLevel]) -> str:
    if chosen:
        return "no requests in the window"
    given = sorted({one.reason for one in inside if one.reason})
    if given:
        return given[0] if len(given) == 1 else f"{given[0]} (and {len(given) - 1} more reasons)"
    return "no measurement lies wholly within the window"
