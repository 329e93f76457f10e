"""Multi-window, multi-burn-rate alerting: which windows, which burn rates, for a period.

Source: Google, The Site Reliability Workbook, chapter 5 "Alerting on SLOs", table 5-8
(https://sre.google/workbook/alerting-on-slos/): page at 2 % of the budget in 1 h or 5 % in 6 h,
ticket at 10 % in 3 d; the ticket at 10 % in 1 d completes it, as sloth has it. Each alert needs a
short window of a twelfth of the long one to burn as fast, so that it ends soon after its cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

Severity = Literal["page", "ticket"]

_UNITS = (
    ("y", timedelta(days=365)),
    ("w", timedelta(weeks=1)),
    ("d", timedelta(days=1)),
)
_CLOCK = (("h", timedelta(hours=1)), ("m", timedelta(minutes=1)), ("s", timedelta(seconds=1)))


@dataclass(frozen=True)
class AlertWindow:
    """Alert when ``budget_share`` of the budget burns within ``long``, and still does in ``short``.

    At 30 days the four burn rates are 14.4, 6, 3 and 1; at 28 days 13.44, 5.6, 2.8 and 14/15.
    """

    severity: Severity
    budget_share: Fraction
    short: timedelta
    long: timedelta

    def burn_rate(self, period: timedelta) -> Fraction:
        """Share of the budget x period / long window, exactly."""
        return self.budget_share * seconds(period) / seconds(self.long)


ALERT_WINDOWS = (
    AlertWindow("page", Fraction(2, 100), timedelta(minutes=5), timedelta(hours=1)),
    AlertWindow("page", Fraction(5, 100), timedelta(minutes=30), timedelta(hours=6)),
    AlertWindow("ticket", Fraction(10, 100), timedelta(hours=2), timedelta(days=1)),
    AlertWindow("ticket", Fraction(10, 100), timedelta(hours=6), timedelta(days=3)),
)


def alert_windows(period: timedelta) -> tuple[AlertWindow, ...]:
    """The windows that fit into the period; one as long as the period could warn of nothing."""
    return tuple(one for one in ALERT_WINDOWS if one.long < period)


def lengths(period: timedelta) -> tuple[timedelta, ...]:
    """The lengths to record, shortest first: 5 m always, the period last."""
    found = {ALERT_WINDOWS[0].short}
    for one in alert_windows(period):
        found |= {one.short, one.long}
    return (*sorted(found), period)


def seconds(length: timedelta) -> int:
    """Whole seconds."""
    return length // timedelta(seconds=1)


def duration(length: timedelta) -> str:
    """The length as Prometheus writes it: ``5m``, ``1h30m``, ``30d``, ``4w``."""
    for unit, size in _UNITS:
        if length and not length % size:
            return f"{length // size}{unit}"
    return "".join(_clock(length))


def _clock(length: timedelta) -> Iterator[str]:
    for unit, size in (*_UNITS[2:], *_CLOCK):
        count, length = divmod(length, size)
        if count:
            yield f"{count}{unit}"


def number(value: Fraction) -> str:
    """A fraction in PromQL: a decimal where it is one, else a quotient of two integers."""
    rest = value.denominator
    digits = 0
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest //= prime
            power += 1
        digits = max(digits, power)
    if rest != 1:
        return f"{value.numerator} / {value.denominator}"
    scaled = abs(value.numerator) * 10**digits // value.denominator
    text = str(scaled).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"
