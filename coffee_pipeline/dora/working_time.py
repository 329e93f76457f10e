"""Time on working days: what a duration is without weekends and holidays.

dora.dev's metrics and their levels are of time by the clock. A team that rests on weekends wants to
see both, as a commit of Friday evening that is deployed on Monday morning waited for people and not
for the pipeline. Working days count whole, from midnight to midnight in the calendar's time zone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from coffee_pipeline.dora.quantiles import Distribution, distribution
from coffee_pipeline.platform.calendar import WEEKDAYS, CalendarSettings, country_calendar
from coffee_pipeline.platform.description import Platform

DAY_SECONDS = 86_400.0
_DEFAULT = WEEKDAYS[:5]


@dataclass(frozen=True)
class WorkingTime:
    """A metric told in working time: its value in the metric's unit, of ``count`` events."""

    value: float
    count: int
    distribution: Distribution | None
    method: str


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked on."""

    settings: CalendarSettings

    def works_on(self, day: date) -> bool:
        """Whether a day, of the calendar's time zone, is a working day."""
        return day not in self._off and self._usual(day)

    @property
    def description(self) -> str:
        """In words: which days, and where midnight is."""
        given = self.settings
        days = ", ".join(given.working_days) or ("" if given.country else "Monday to Friday")
        words = [f"working days of {given.country}"] if given.country else []
        words += [days] if days else []
        if given.holidays:
            words.append("without the platform's own holidays")
        return f"{'; '.join(words)} ({given.timezone})"

    def seconds(self, spans: Sequence[tuple[datetime, datetime]]) -> list[float]:
        """The seconds on working days of each span (beginning, end not before it)."""
        if not spans:
            return []
        zone = ZoneInfo(self.settings.timezone)
        day = min(begin for begin, _ in spans).astimezone(zone).date()
        last = max(end for _, end in spans).astimezone(zone).date()
        midnights, works, worked = [_midnight(day, zone)], [self.works_on(day)], [0.0]
        while day < last:
            day += timedelta(days=1)
            midnights.append(_midnight(day, zone))
            # Days that the clocks are changed on have 23 or 25 hours.
            length = midnights[-1] - midnights[-2] if works[-1] else 0.0
            worked.append(worked[-1] + length)
            works.append(self.works_on(day))

        def until(moment: datetime) -> float:
            seconds = moment.timestamp()
            at = bisect_right(midnights, seconds) - 1
            return worked[at] + (seconds - midnights[at] if works[at] else 0.0)

        return [until(end) - until(begin) for begin, end in spans]

    def days(self, begin: datetime, end: datetime) -> float:
        """The working days between two moments, in days of 24 hours."""
        return self.seconds([(begin, end)])[0] / DAY_SECONDS

    def is_working(self, moment: datetime) -> bool:
        """Whether a moment lies on a working day."""
        return self.works_on(moment.astimezone(ZoneInfo(self.settings.timezone)).date())

    @cached_property
    def _off(self) -> frozenset[date]:
        return frozenset(self.settings.holidays)

    @cached_property
    def _usual(self) -> Callable[[date], bool]:
        """Whether a day is worked on, apart from the platform's own holidays."""
        given = self.settings
        chosen = {WEEKDAYS.index(one) for one in given.working_days or _DEFAULT}
        if given.country is None:
            return lambda day: day.weekday() in chosen
        public = country_calendar(given.country)
        if given.working_days:
            return lambda day: day.weekday() in chosen and day not in public
        # This knows the country's weekend, and Saturdays that are worked on in place of a holiday.
        return lambda day: bool(public.is_working_day(day))


def calendar_of(platform: Platform | None) -> WorkingCalendar | None:
    """The working days that a platform's description names, if it does."""
    if platform is None or platform.calendar is None:
        return None
    return WorkingCalendar(platform.calendar)


def working_lead_time(
    calendar: WorkingCalendar | None, spans: Sequence[tuple[datetime, datetime]]
) -> WorkingTime | None:
    """The lead time of changes, from commit to deployment, in working time."""
    if calendar is None:
        return None
    spread = distribution(calendar.seconds(spans))
    if spread is None:
        return None
    return WorkingTime(spread.median, spread.count, spread, f"median on {calendar.description}")


def working_frequency(
    calendar: WorkingCalendar | None, moments: Sequence[datetime], begin: datetime, end: datetime
) -> WorkingTime | None:
    """Deployments made on working days, a working day, between two moments; at least one day.

    None where there is no working time between them: nothing could be made on it.
    """
    if calendar is None or not moments:
        return None
    worked = calendar.days(begin, end)
    if not worked:
        return None
    count = sum(calendar.is_working(one) for one in moments)
    days = max(worked, 1.0)
    method = f"those on {calendar.description} / {days:.1f} such days"
    return WorkingTime(count / days, count, None, method)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
