"""Where one objective stands: budget by both methods, burn rates, alerts, exhaustion, forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from coffee_pipeline.slo.alert_windows import AlertWindow, alert_windows, seconds
from coffee_pipeline.slo.budget_policy import PolicyStep, action_at, policy_of
from coffee_pipeline.slo.definition import BudgetingMethod, Slo
from coffee_pipeline.slo.events import Events, Repairs
from coffee_pipeline.slo.forecast import DAYS, Forecast, forecast
from coffee_pipeline.slo.methods import (
    Attained,
    Slices,
    occurrences,
    ratio_slices,
    time_slices,
)
from coffee_pipeline.slo.openslo_schema import Objective

DEFAULT_SLICE = timedelta(minutes=1)
"""Slice of the method beside the headline, where the document names none."""

NOT_BEFORE_RESET = "not before the reset"
"""How the reason begins where the budget lasts until a calendar period's end."""

HORIZON = timedelta(days=7)
_DAY = 86_400
_RATE_WINDOWS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3))


@dataclass(frozen=True)
class Burning:
    """One alert window: the burn rates of both of its lengths, and the one that alerts."""

    window: AlertWindow
    threshold: Fraction
    short: Fraction | None
    long: Fraction | None

    @property
    def firing(self) -> bool | None:
        """Whether both burn faster than the threshold; None while either has no data."""
        if self.short is None or self.long is None:
            return None
        return self.short > self.threshold and self.long > self.threshold


@dataclass(frozen=True)
class ObjectiveStatus:
    """One objective at one moment.

    ``headline`` is counted as the SLO declares; ``other`` by events where the headline counts
    slices, and by slices where it counts events. ``covered`` is the share of the period so far
    that has data.
    """

    slo: Slo
    objective: Objective
    now: datetime
    start: datetime
    end: datetime
    covered: Fraction
    headline: Attained
    other: Attained
    burning: tuple[Burning, ...]
    exhausted_in: timedelta | None
    exhaustion_reason: str | None
    forecast: Forecast
    policy: PolicyStep | None
    repairs: Repairs

    @property
    def disagree(self) -> bool:
        """Whether one method says that the budget is overdrawn and the other that it is not."""
        left, other = self.headline.budget_left, self.other.budget_left
        return left is not None and other is not None and (left < 0) != (other < 0)

    @property
    def met(self) -> bool | None:
        """Whether the objective is attained so far; None without data."""
        ratio = self.headline.ratio
        return None if ratio is None else ratio >= self.headline.objective


def status(slo: Slo, objective: Objective, events: Events, now: datetime) -> ObjectiveStatus:
    """The status at ``now``, from the events up to then.

    Raises:
        ConfigurationError: the SLO's budget policy is not one.
    """
    return Calculation(slo, objective, events).at(now)


class Calculation:
    """The events of one objective, added up once, to be asked about any number of moments."""

    def __init__(self, slo: Slo, objective: Objective, events: Events) -> None:
        self.slo, self.objective, self.events = slo, objective, events
        self.target = Fraction(objective.ratio)
        self.policy = policy_of(slo.annotations)
        length = objective.time_slice_window or DEFAULT_SLICE
        slice_target = objective.time_slice_target
        reach = self.target if slice_target is None else Fraction(slice_target)
        self.slices = Slices(events, seconds(length), reach)

    def at(self, now: datetime) -> ObjectiveStatus:
        """The status at ``now``, from the events up to then."""
        start, end = self.period_at(now)
        first, last = int(start.timestamp()), int(now.timestamp())
        # The budget of a calendar period is that of its whole length, from its first minute on.
        ahead = int(end.timestamp()) - last
        headline = self._attained(self.slo.budgeting_method, first, last, ahead)
        *_, known = self.events.sums(self.events.steps(first, last))
        period = end - start
        exhausted, reason = self._exhaustion(headline, now, end, period)
        left = headline.budget_left
        return ObjectiveStatus(
            slo=self.slo,
            objective=self.objective,
            now=now,
            start=start,
            end=end,
            covered=Fraction(known * self.events.step, max(last - first, 1)),
            headline=headline,
            other=self._attained(self._other_method(), first, last, ahead),
            burning=tuple(self._burning(one, last, period) for one in alert_windows(period)),
            exhausted_in=exhausted,
            exhaustion_reason=reason,
            forecast=self._forecast(headline, first, last, period),
            policy=action_at(self.policy, None if left is None else 1 - left),
            repairs=self.events.repairs,
        )

    def period_at(self, now: datetime) -> tuple[datetime, datetime]:
        """Begin and end of the period that ``now`` lies in; a rolling one ends now."""
        if self.slo.calendar is None:
            return now - self.slo.period, now
        return self.slo.calendar.containing(now)

    def attained(self, start: datetime, end: datetime) -> Attained:
        """What was attained from ``start`` to ``end``, counted as the SLO declares."""
        first, last = int(start.timestamp()), int(end.timestamp())
        return self._attained(self.slo.budgeting_method, first, last)

    def covered(self, start: datetime, end: datetime) -> Fraction:
        """Share of the time from ``start`` to ``end`` that has data."""
        first, last = int(start.timestamp()), int(end.timestamp())
        *_, known = self.events.sums(self.events.steps(first, last))
        return Fraction(known * self.events.step, max(last - first, 1))

    def _other_method(self) -> BudgetingMethod:
        """By slices beside events, by events beside slices.

        Without a target for slices their ratios are averaged: to ask each minute for the whole
        objective would call every minute with a single failure bad.
        """
        if self.slo.budgeting_method != "Occurrences":
            return "Occurrences"
        return "Timeslices" if self.objective.time_slice_target is not None else "RatioTimeslices"

    def _attained(self, method: BudgetingMethod, first: int, last: int, ahead: int = 0) -> Attained:
        if method == "Occurrences":
            return occurrences(self.events, self.target, first, last, ahead)
        counting: Callable[[Slices, Fraction, int, int, int], Attained] = (
            time_slices if method == "Timeslices" else ratio_slices
        )
        return counting(self.slices, self.target, first, last, ahead)

    def _burn(self, length: timedelta, last: int) -> Fraction | None:
        return self._attained(self.slo.budgeting_method, last - seconds(length), last).burn_rate

    def _burning(self, window: AlertWindow, last: int, period: timedelta) -> Burning:
        return Burning(
            window,
            window.burn_rate(period),
            self._burn(window.short, last),
            self._burn(window.long, last),
        )

    def _exhaustion(
        self, headline: Attained, now: datetime, end: datetime, period: timedelta
    ) -> tuple[timedelta | None, str | None]:
        """How long the budget lasts at the burn rate of the shortest window with data.

        None where it lasts until a calendar period's end: there a new budget begins.
        """
        left, last = headline.budget_left, int(now.timestamp())
        if left is None:
            return None, headline.reason
        if left <= 0:
            return timedelta(0), "the budget is used up"
        for length in _RATE_WINDOWS:
            rate = self._burn(length, last)
            if rate is not None:
                hours = length // timedelta(hours=1)
                if rate <= 0:
                    return None, f"nothing burnt in the last {hours} h"
                whole = left * seconds(period) / rate
                text = f"at the burn rate of the last {hours} h"
                if self.slo.calendar is not None and whole >= seconds(end - now):
                    return None, f"{NOT_BEFORE_RESET} at {end:%Y-%m-%d %H:%M} UTC, {text}"
                most = timedelta(days=36_500)
                return min(timedelta(seconds=min(int(whole), seconds(most))), most), text
        return None, "no data in the last 3 days"

    def _forecast(self, headline: Attained, first: int, last: int, length: timedelta) -> Forecast:
        method = self.slo.budgeting_method
        days = min(DAYS, (last - first) // _DAY)
        each = (
            self._attained(method, last - (day + 1) * _DAY, last - day * _DAY).burn_rate
            for day in range(days)
        )
        burns = [float(one) for one in each if one is not None]
        period = seconds(length)
        left = headline.budget_left
        if self.slo.calendar is None:
            ahead = min(seconds(HORIZON), period)
            stretch = period - ahead
            burn = self._attained(method, last - stretch, last).burn_rate
            kept = burn if burn is None else burn * stretch / period
            kept = kept if stretch else Fraction(0)
        else:
            ahead = first + period - last
            kept = None if left is None else 1 - left
        return forecast(
            burns,
            None if kept is None else float(kept),
            None if left is None else float(left),
            ahead / _DAY,
            period / _DAY,
            resets=self.slo.calendar is not None,
        )
