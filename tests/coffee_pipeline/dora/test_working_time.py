"""Durations without weekends and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.working_time import (
    DAY_SECONDS,
    WorkingCalendar,
    working_frequency,
    working_lead_time,
)
from coffee_pipeline.platform.calendar import CalendarSettings

HOUR = timedelta(hours=1)
FRIDAY = datetime(2026, 3, 27, 22, tzinfo=UTC)
MONDAY = datetime(2026, 3, 30, 8, tzinfo=UTC)


def calendar(**settings: object) -> WorkingCalendar:
    return WorkingCalendar(CalendarSettings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "hours"),
    [
        ({}, 2 + 8),
        # In Berlin it is 23:00 on Friday and 10:00 on Monday: the clocks went forward on Sunday.
        ({"timezone": "Europe/Berlin"}, 1 + 10),
        ({"working_days": ["friday", "sunday"]}, 2 + 24),
        ({"holidays": ["2026-03-30"]}, 2),
        ({"country": "SA"}, 0 + 24 + 8),  # the weekend is Friday and Saturday
        ({"working_days": ["sunday"], "timezone": "Europe/Berlin"}, 23),
    ],
)
def test_other_days_do_not_count(settings: dict[str, object], hours: float) -> None:
    assert calendar(**settings).seconds([(FRIDAY, MONDAY)]) == [hours * 3600]


def test_public_holidays_are_those_of_the_part_of_the_country() -> None:
    womens_day = date(2027, 3, 8)
    assert not calendar(country="DE-BE").works_on(womens_day)
    assert calendar(country="DE-BY").works_on(womens_day)
    assert not calendar(country="DE-BE", working_days=["monday"]).works_on(womens_day)
    # China works on some Sundays in place of days around its holidays.
    assert calendar(country="CN").works_on(date(2024, 2, 4))


@given(
    st.dates(date(2025, 1, 1), date(2026, 12, 31)),
    st.integers(0, 23),
    st.integers(0, 24 * 40),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia"]),
    st.sets(st.sampled_from(["monday", "wednesday", "saturday", "sunday"])),
)
def test_every_hour_counts_by_the_local_day_it_lies_in(
    day: date, hour: int, hours: int, zone: str, days: set[str]
) -> None:
    begin = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    ours = calendar(timezone=zone, working_days=sorted(days), holidays=["2026-05-04"])
    local = ZoneInfo(zone)
    expected = sum(
        ours.works_on((begin + at * HOUR).astimezone(local).date()) for at in range(hours)
    )
    assert ours.seconds([(begin, begin + hours * HOUR)]) == [expected * 3600]


def test_lead_time_and_frequency_in_working_time() -> None:
    weekend = (FRIDAY, MONDAY)
    lead = working_lead_time(calendar(), [weekend, (MONDAY, MONDAY + HOUR)])
    assert lead is not None
    assert (lead.value, lead.count) == (5.5 * 3600, 2)
    moments = [FRIDAY, FRIDAY + 12 * HOUR, MONDAY]
    frequency = working_frequency(calendar(), moments, FRIDAY, MONDAY + 16 * HOUR)
    assert frequency is not None
    days = (2 + 24) * 3600 / DAY_SECONDS
    assert (frequency.value, frequency.count) == (pytest.approx(2 / days), 2)
    assert "Monday to Friday (UTC)" in frequency.method


def test_without_calendar_or_events_there_is_no_working_time() -> None:
    assert working_lead_time(None, [(FRIDAY, MONDAY)]) is None
    assert working_frequency(None, [FRIDAY], FRIDAY, MONDAY) is None
    assert working_lead_time(calendar(), []) is None
    assert working_frequency(calendar(), [], FRIDAY, MONDAY) is None
    saturday = FRIDAY + 4 * HOUR
    assert working_frequency(calendar(), [saturday], saturday, saturday + 24 * HOUR) is None
