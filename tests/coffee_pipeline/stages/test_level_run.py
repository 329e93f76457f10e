"""Which days are measured again, and what is told of those without data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.home import Home
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.kept_levels import last_measured, measured_days
from coffee_pipeline.stages.level_days import days_due
from coffee_pipeline.stages.level_run import due, measure, summary, without_data
from tests.coffee_pipeline.stages.test_bad_levels import (
    BEGIN,
    DAY,
    NOW,
    OWNED,
    START,
    day_of,
    keep,
    recorded,
)


def test_days_that_are_due_again(tmp_path: Path, home: Home) -> None:
    """Never measured, or with gaps and not asked for lately; older gaps ever more seldom."""
    rows = [f"boils,{BEGIN + 60 * at},1,1" for at in range(1440)]
    source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    now = START + timedelta(days=4)
    made = list(measure([OWNED], [(OWNED.key, day) for day in days], source, now))
    assert [one.outcome for one in made] == [
        Outcome.COMPLETED, Outcome.NOT_RUN, Outcome.NOT_RUN,
    ]  # fmt: skip
    assert summary(made)["no data"] == 2
    history = keep(home, made)
    known = measured_days(history, "tea", START - timedelta(days=9))[OWNED.key]
    assert set(known) == set(days)
    never = [START.date() - timedelta(days=back) for back in (3, 2, 1)]
    assert days_due(known, now) == [*never, DAY + timedelta(days=3)]
    later = now + timedelta(hours=7)
    assert days_due(known, later) == [*never, DAY + timedelta(days=3)]
    tomorrow = now + timedelta(hours=24)
    assert days_due(known, tomorrow) == [
        *never[1:], DAY + timedelta(days=1), DAY + timedelta(days=2),
        DAY + timedelta(days=3), DAY + timedelta(days=4),
    ]  # fmt: skip
    (found,) = due(history, "tea", [OWNED], now)
    assert (found.first, found.last) == (never[0], DAY + timedelta(days=3))
    with pytest.raises(ConfigurationError, match="kettle:gone: no SLO of the platform"):
        list(measure([OWNED], [("kettle:gone", DAY)], source, now))


def test_the_last_minutes_of_a_day_are_asked_for_soon_after_its_end(tmp_path: Path) -> None:
    rows = [f"boils,{BEGIN + 60 * at},1,1" for at in range(1440)]
    source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
    midnight = START + timedelta(days=1)

    def asked_again(at: datetime, measured_at: datetime) -> bool:
        day, _ = day_of(source, measured_at)
        return DAY in days_due({DAY: day}, at)

    before = midnight - timedelta(minutes=10)
    assert not asked_again(midnight + timedelta(minutes=9), before)  # not all has come yet
    assert asked_again(midnight + timedelta(minutes=10), before)
    after = midnight + timedelta(minutes=10)
    assert not asked_again(after + timedelta(hours=9), after)  # it is whole


def test_days_without_data_are_told_of_the_other_slos_too(tmp_path: Path, home: Home) -> None:
    other = replace(OWNED, slo=OWNED.slo.model_copy(update={"name": "pours"}))
    source = recorded(tmp_path, f"slo,time,good,total\nboils,{BEGIN},1,1")
    (whole,) = measure([OWNED], [(OWNED.key, DAY)], source, NOW)
    (none,) = measure([other], [(other.key, DAY)], source, NOW)
    why = "rows.csv has no rows of pours; 1440 of 1440 minutes have no data"
    history = keep(home, [])
    assert without_data(history, "tea", [OWNED, other], [none], NOW) == [
        f"levels/tea/production/kettle:pours/2026-03-01: {why}"
    ]
    history = keep(home, [none])
    found = without_data(history, "tea", [OWNED, other], [whole], NOW)
    assert found == [f"kettle:pours on 2026-03-01: {why}"]
    assert without_data(history, "tea", [OWNED], [whole], NOW) == []  # nobody defines it any more


def test_when_a_day_was_last_measured(tmp_path: Path, home: Home) -> None:
    source = recorded(tmp_path, f"slo,time,good,total\nboils,{BEGIN},1,1")
    late = NOW + timedelta(days=3)
    made = [next(measure([OWNED], [(OWNED.key, day)], source, at))
            for day, at in ((DAY, NOW), (DAY + timedelta(days=1), late))]  # fmt: skip
    history = keep(home, made)
    assert last_measured(history, "tea", START) is None
    assert last_measured(history, "tea", START + timedelta(days=1)) == NOW
    assert last_measured(history, "tea", START + timedelta(days=2)) == late
    assert last_measured(history, "pot", START + timedelta(days=2)) is None
