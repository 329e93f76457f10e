"""Calendar periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.slo.periods import Calendar, zone

START = datetime(2026, 1, 1)  # noqa: DTZ001 - local time


def test_months_follow_the_calendar() -> None:
    months = Calendar(1, "M", START, "UTC")
    found = months.containing(datetime(2026, 2, 14, tzinfo=UTC))
    assert found == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def test_a_local_day_of_a_clock_change_is_shorter() -> None:
    days = Calendar(1, "d", START, "Europe/Berlin")
    begin, end = days.containing(datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert end - begin == timedelta(hours=23)


def test_quarters_and_short_months() -> None:
    last = Calendar(1, "M", datetime(2026, 1, 31), "UTC")  # noqa: DTZ001 - local time
    assert last.containing(datetime(2026, 2, 28, 1, tzinfo=UTC))[0].day == 28
    quarter = Calendar(1, "Q", START, "UTC").containing(datetime(2026, 12, 31, tzinfo=UTC))
    assert quarter == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@given(
    st.integers(1, 13),
    st.sampled_from("mhdwMQY"),
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]),
)
def test_every_moment_lies_in_its_period(count: int, unit: str, at: datetime, place: str) -> None:
    begin, end = Calendar(count, unit, START, place).containing(at)
    assert begin <= at < end


def test_an_unknown_zone() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars'"):
        zone("Mars")
