"""Calendar-aligned periods: the one that a moment lies in.

OpenSLO names a start, a zone and a duration; periods repeat from that start. Days, weeks, months,
quarters and years are steps of the local calendar (a day of a clock change has 23 or 25 hours, a
month its own length); minutes and hours are steps of real time.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_DAYS = {"d": 1, "w": 7}
_CLOCK = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {name!r}: use a name such as Europe/Berlin") from error


@dataclass(frozen=True)
class Calendar:
    """Periods of ``count`` ``unit`` (m, h, d, w, M, Q or Y), one of which began at ``start``.

    ``start`` is local time in the zone named ``zone``. A start on the 31st begins shorter months on
    their last day.
    """

    count: int
    unit: str
    start: datetime
    zone: str

    def containing(self, moment: datetime) -> tuple[datetime, datetime]:
        """The period (begin, end; UTC) with ``begin <= moment < end``, before the start too."""
        index = self._guess(moment)
        while self.begin(index) > moment:
            index -= 1
        while self.begin(index + 1) <= moment:
            index += 1
        return self.begin(index), self.begin(index + 1)

    def begin(self, index: int) -> datetime:
        """When period ``index`` begins (0: at ``start``), in UTC."""
        place = zone(self.zone)
        steps = index * self.count
        if self.unit in _CLOCK:
            first = self.start.replace(tzinfo=place).astimezone(UTC)
            return first + steps * _CLOCK[self.unit]
        if self.unit in _DAYS:
            local = self.start + timedelta(days=steps * _DAYS[self.unit])
        else:
            local = _months_later(self.start, steps * _MONTHS[self.unit])
        return local.replace(tzinfo=place).astimezone(UTC)

    def _guess(self, moment: datetime) -> int:
        """A period near ``moment``, from mean lengths; :meth:`containing` corrects it."""
        lengths = {
            **_CLOCK,
            **{unit: timedelta(days=days) for unit, days in _DAYS.items()},
            **{unit: timedelta(days=30.436875) * months for unit, months in _MONTHS.items()},
        }
        return int((moment - self.begin(0)) / (self.count * lengths[self.unit]))


def _months_later(local: datetime, months: int) -> datetime:
    years, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    year, month = years, month + 1
    return local.replace(
        year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1])
    )
