"""A year of data against an independent reference in plain Python; and single cases."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from coffee_pipeline.reports.slo_status import plain
from coffee_pipeline.slo.events import Events, of_rows
from coffee_pipeline.slo.objective_status import ObjectiveStatus, status
from coffee_pipeline.slo.specifications import parse

START = datetime(2025, 1, 1, tzinfo=UTC)
EPOCH = int(START.timestamp())
TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: sum(cold_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(boils_total)}}}
  timeWindow: [WINDOW]
  budgetingMethod: METHOD
  objectives:
    - {target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m}
"""
ROLLING = "{duration: 28d, isRolling: true}"
QUARTER = "{duration: 1Q, calendar: {startTime: 2025-01-01 00:00:00, timeZone: Europe/Berlin}}"


def at(
    events: Events, now: datetime, method: str = "Occurrences", window: str = ROLLING
) -> ObjectiveStatus:
    (slo,) = parse([("f", TEXT.replace("METHOD", method).replace("WINDOW", window))])
    return status(slo, slo.objectives[0], events, now)


def made(rows: dict[int, tuple[int, int]]) -> Events:
    """Events of (bad, total) by minute since the start."""
    minutes = np.array(sorted(rows))
    bad, total = (
        np.array([rows[int(minute)][part] for minute in minutes], dtype=float) for part in (0, 1)
    )
    return of_rows(EPOCH + minutes * 60, total - bad, total, 60)


@pytest.fixture(scope="module")
def year() -> dict[int, tuple[int, int]]:
    """365 days by the minute: day and night, incidents, idle times and gaps."""
    chance = random.Random(20250101)
    rows: dict[int, tuple[int, int]] = {}
    outage = 0
    for minute in range(365 * 1440):
        if chance.random() < 0.0001:
            outage = chance.randrange(5, 120)
        outage = max(0, outage - 1)
        if minute % 50_000 < 300:
            continue  # nothing recorded
        day = 8 <= minute // 60 % 24 < 20
        total = chance.randrange(20, 60) if day else chance.randrange(0, 3)
        bad = total // 4 if outage else int(chance.random() < 0.1 and total > 0)
        rows[minute] = (bad, total)
    return rows


def reference(
    rows: dict[int, tuple[int, int]], first: int, last: int
) -> dict[str, tuple[Fraction, int]]:
    """Good and total by every method, over minutes ``first`` to ``last``, step by step."""
    good = total = 0
    slices: dict[int, tuple[int, int]] = {}
    for minute in range(first, last):
        if minute in rows:
            bad, seen = rows[minute]
            good, total = good + seen - bad, total + seen
            before = slices.get(minute // 5, (0, 0))
            slices[minute // 5] = (before[0] + seen - bad, before[1] + seen)
    used = {key: one for key, one in slices.items() if one[1]}
    inside = [one for key, one in used.items() if key * 5 >= first and key * 5 + 5 <= last]
    reached = sum(10 * each >= 9 * every for each, every in inside)
    ratios = sum((Fraction(10**12 * each // every, 10**12) for each, every in inside), Fraction(0))
    return {
        "Occurrences": (Fraction(good), total),
        "Timeslices": (Fraction(reached), len(inside)),
        "RatioTimeslices": (ratios, len(inside)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("method", ["Occurrences", "Timeslices", "RatioTimeslices"])
def test_a_year_equals_the_reference(year: dict[int, tuple[int, int]], method: str) -> None:
    events = made(year)
    for day in (28, 100, 201, 365):
        last = day * 1440
        found = at(events, START + timedelta(minutes=last), method)
        good, total = reference(year, last - 28 * 1440, last)[method]
        assert (found.headline.good, found.headline.total) == (good, total)
        known = sum(minute in year for minute in range(last - 28 * 1440, last))
        assert found.covered == Fraction(known, 28 * 1440)
        for one in found.burning:
            minutes = one.window.long // timedelta(minutes=1)
            good, total = reference(year, last - minutes, last)[method]
            assert one.long == (1 - good / total) * 100
        left = 1 - (1 - found.headline.good / found.headline.total) * 100
        assert found.headline.budget_left == left


@pytest.mark.slow
def test_a_calendar_quarter_equals_the_reference(year: dict[int, tuple[int, int]]) -> None:
    now = START + timedelta(days=130)
    found = at(made(year), now, window=QUARTER)
    first = datetime(2025, 3, 31, 22, tzinfo=UTC)  # midnight of April in Berlin
    assert (found.start, found.end) == (first, datetime(2025, 6, 30, 22, tzinfo=UTC))
    minutes = (first - START) // timedelta(minutes=1)
    good, total = reference(year, minutes, 130 * 1440)["Occurrences"]
    assert (found.headline.good, found.headline.total) == (good, total)


MONTH = "{duration: 1M, calendar: {startTime: 2025-01-01 00:00:00, timeZone: UTC}}"
MINUTES = 31 * 1440
"""Minutes of the first calendar period of MONTH."""


@pytest.mark.parametrize(
    ("method", "bad", "budget"),
    [
        # A hundredth of the month's slices of five minutes.
        ("Timeslices", 1, Fraction(MINUTES // 5, 100)),
        # A hundredth of the month's events, at a hundred a minute as in the first hour.
        ("Occurrences", 100, Fraction(MINUTES * 100, 100)),
    ],
)
def test_one_bad_minute_on_the_first_day_leaves_the_months_budget(
    method: str, bad: int, budget: Fraction
) -> None:
    rows = {minute: (100 if minute == 30 else 0, 100) for minute in range(60)}
    found = at(made(rows), START + timedelta(minutes=60), method, MONTH)
    assert found.headline.total - found.headline.good == bad
    assert found.headline.budget == budget
    assert found.headline.budget_left == 1 - bad / budget
    assert found.policy is None
    assert found.headline.burn_rate is not None
    assert found.headline.burn_rate > 1  # of the time so far: what alerts look at
    assert found.other.budget_left is not None
    assert found.other.budget_left > Fraction(9, 10)


@pytest.mark.parametrize("method", ["Occurrences", "Timeslices", "RatioTimeslices"])
def test_the_same_failures_use_the_same_budget_whenever_in_the_month_they_are_looked_at(
    method: str,
) -> None:
    """Steady traffic: 60 bad minutes on the second day, looked at on every day until the end."""
    rows = {minute: (10 if 1440 <= minute < 1500 else 0, 10) for minute in range(MINUTES)}
    events = made(rows)
    used = set()
    for day in (2, 3, 15, 30, 31):
        # Before midnight: the end of the 31st is the next month.
        now = START + timedelta(days=day) - timedelta(minutes=5)
        left = at(events, now, method, MONTH).headline.budget_left
        assert left is not None
        used.add(1 - left)
    assert used == {Fraction(60 * 100, MINUTES)}


def test_minutes_without_data_are_in_no_budget() -> None:
    """Half of the elapsed minutes have no data: what is to come is taken from the other half."""
    rows = dict.fromkeys(range(0, MINUTES - 1440, 2), (0, 10))
    found = at(made(rows), START + timedelta(days=30), "Occurrences", MONTH)
    assert found.headline.to_come == 1440 * 10
    assert found.headline.total == 10 * len(rows)
    rolling = at(made(rows), START + timedelta(days=30))
    assert rolling.headline.to_come == 0


def test_exhaustion_after_the_reset_is_none() -> None:
    slow = dict.fromkeys(range(10 * 1440), (1, 100))  # burns 1: lasts just as the month
    half = dict.fromkeys(range(10 * 1440), (1, 200))
    fast = dict.fromkeys(range(10 * 1440), (2, 100))
    now = START + timedelta(days=10)
    for rows in (slow, half):
        found = at(made(rows), now, window=MONTH)
        assert found.exhausted_in is None
        assert found.exhaustion_reason == (
            "not before the reset at 2025-02-01 00:00 UTC, at the burn rate of the last 1 h"
        )
        assert (found.forecast.resets, found.forecast.exhausted_in) == (True, None)
    found = at(made(fast), now, window=MONTH)
    # Ten days at double speed leave 11 of 31 days' budget, which lasts for five and a half.
    assert found.exhausted_in == timedelta(days=5.5)
    assert found.forecast.exhausted_in == pytest.approx(5.5)


def test_no_data_is_none_and_never_all_good() -> None:
    found = at(made({0: (0, 9)}), START + timedelta(days=60))
    assert (found.met, found.headline.ratio, found.headline.budget_left) == (None, None, None)
    assert (found.headline.reason, found.covered, found.policy) == ("no data", 0, None)
    assert all(one.firing is None for one in found.burning)
    assert found.exhausted_in is None
    assert plain(found)["ratio"] is None


def test_idle_is_not_the_same_as_no_data() -> None:
    found = at(made(dict.fromkeys(range(100), (0, 0))), START + timedelta(minutes=100))
    assert (found.headline.reason, found.met) == ("no events", None)
    assert found.covered > 0


def test_methods_that_disagree_say_so() -> None:
    """A short incident under heavy traffic: many events, few slices."""
    rows = dict.fromkeys(range(10000), (0, 1))
    rows |= dict.fromkeys(range(5000, 5005), (5_000, 10_000))
    found = at(made(rows), START + timedelta(minutes=10_000))
    assert found.headline.budget_left is not None
    assert found.headline.budget_left < 0
    assert found.other.method == "Timeslices"
    assert found.other.budget_left is not None
    assert found.other.budget_left > 0
    assert found.disagree


def test_exact_where_floats_are_not() -> None:
    found = at(made({0: (1, 1000)}), START + timedelta(days=1))
    assert found.headline.ratio == Fraction(999, 1000)
    assert plain(found)["ratio"] == 0.999
    assert plain(found)["objective"] == float(Decimal("0.99"))


def test_alerts_fire_on_both_windows_and_the_budget_ends() -> None:
    rows = dict.fromkeys(range(600), (5, 10))
    found = at(made(rows), START + timedelta(minutes=600))
    assert [one.firing for one in found.burning] == [True] * 4
    assert found.exhausted_in == timedelta(0)
    assert found.policy is not None
    assert found.policy.action == "freeze"


def test_time_to_exhaustion_follows_the_burn_rate() -> None:
    rows = {minute: (int(minute >= 28 * 1440 - 60), 100) for minute in range(28 * 1440)}
    found = at(made(rows), START + timedelta(days=28))
    left = 1 - Fraction(60, 28 * 1440)
    # 1 % bad of an objective of 99 %: the whole budget lasts 28 days.
    assert found.exhausted_in == timedelta(seconds=int(left * 28 * 86_400))
    assert found.exhaustion_reason == "at the burn rate of the last 1 h"
