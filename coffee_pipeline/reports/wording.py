"""Numbers, times and names as people read them, the same in every report."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

NO_DATA = "no data"


def percent(ratio: float | Fraction | None, digits: int = 2) -> str:
    """A ratio of good to all as percent, rounded *down*: 99.999 % good is never shown as 100 %."""
    if ratio is None:
        return NO_DATA
    return _percent(Fraction(math.floor(_exact(ratio) * 100 * 10**digits), 10**digits), digits)


def share(ratio: float | Fraction | None, digits: int = 1) -> str:
    """A ratio of bad to all as percent, rounded; what is not 0 is never shown as 0 %."""
    if ratio is None:
        return NO_DATA
    value = round(_exact(ratio) * 100, digits)
    if not value and ratio > 0:
        return f"< {10**-digits:.{digits}f} %"
    return _percent(value, digits)


def _exact(ratio: float | Fraction) -> Fraction:
    return ratio if isinstance(ratio, Fraction) else Fraction(repr(ratio))


def _percent(value: Fraction, digits: int) -> str:
    text = f"{float(value):.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def duration(seconds: float | None) -> str:
    """Two units at most: ``45 s``, ``2 min 5 s``, ``38 min``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds is None:
        return NO_DATA
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    # From ten minutes on, seconds are noise.
    total = round(seconds / 60) * 60 if seconds >= 600 else round(seconds)
    for size, unit, part, part_unit in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if total >= size:
            rest = total % size // part
            return f"{total // size} {unit}" + (f" {rest} {part_unit}" if rest else "")
    return f"{total} s"


def count(number: float | Fraction | None) -> str:
    """A number of events, thousands apart; a fraction (an extrapolated increase) keeps a digit."""
    if number is None:
        return NO_DATA
    value = float(number)
    text = f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def burn_rate(rate: Fraction | None) -> str:
    """A burn rate as a multiple, with two digits that matter."""
    if rate is None:
        return NO_DATA
    value = float(rate)
    if value >= 10:
        return f"{value:.0f}x" if value >= 100 else f"{value:.1f}x".replace(".0x", "x")
    return f"{value:.2g}x"


def per_day(value: float | None) -> str:
    """Deployments a day, or a week where that is the better unit."""
    if value is None:
        return NO_DATA
    if value >= 1:
        return f"{value:.1f} a day"
    weekly = value * 7
    return f"{weekly:.1f} a week" if weekly >= 1 else f"{value * 30:.1f} a month"


def moment(when: datetime | None) -> str:
    """A time in UTC to the minute."""
    return "open" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def short(revision: str | None) -> str:
    """A revision's first eight characters."""
    return revision[:8] if revision else "unknown"


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 deployment``, ``2 deployments``."""
    return f"{number} {one if number == 1 else many or one + 's'}"
