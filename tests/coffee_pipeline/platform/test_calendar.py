"""The calendar in ``platform.yaml``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.calendar import CalendarSettings
from coffee_pipeline.platform.loading import load_platform


def described(folder: Path, calendar: str) -> CalendarSettings | None:
    path = folder / "platform.yaml"
    path.write_text(f"name: p\ncalendar: {calendar}\n")
    return load_platform(path).calendar


def test_a_calendar_is_optional_and_may_name_anything_of_it(tmp_path: Path) -> None:
    assert described(tmp_path, "null") is None
    assert described(tmp_path, "{}") == CalendarSettings()
    assert described(
        tmp_path,
        "{country: US-CA, timezone: America/Los_Angeles, working_days: [sunday],"
        " holidays: [2026-12-24]}",
    ) == CalendarSettings(
        country="US-CA", timezone="America/Los_Angeles", working_days=("sunday",),
        holidays=(date(2026, 12, 24),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ("{country: ZZ}", "country: no public holidays are known of 'ZZ'"),
        ("{country: HolidayBase}", "country: no public holidays are known of 'HolidayBase'"),
        ("{country: DE-ZZ}", "country: DE has no part 'ZZ' with holidays of its own: BB, BE"),
        ("{timezone: Europe/Nowhere}", "timezone: no time zone is called 'Europe/Nowhere'"),
        ("{timezone: ../../etc/passwd}", "timezone: no time zone is called '../../etc/passwd'"),
        ("{working_days: [friday, friday]}", "working_days names a day twice"),
        ("{working_days: [Freitag]}", "working_days[0]: "),
        ("{holidays: [2026-02-30]}", "2026-02-30: day is out of range for month"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, calendar: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        described(tmp_path, calendar)
    assert said in str(caught.value)
    assert "platform.yaml:2: " in str(caught.value)
