"""A generated year of samples: every number of an SLO equals what plain Python makes of the rows.

The reference below knows nothing of numpy or of this project's arithmetic: it goes through the rows
of the file one by one, in integers and fractions, by the definitions of the SRE workbook and of
OpenSLO.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from statistics import fmean

import pyarrow as pa
import pyarrow.parquet
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.objective_status import Calculation
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.kept_levels import kept_objectives
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_sources import RecordedSource
from coffee_pipeline.stages.recorded_levels import events_of, rows_of
from coffee_pipeline.tools import event_rows

START = datetime(2025, 1, 1, tzinfo=UTC)
BEGIN = int(START.timestamp())
DAY, HOUR = 86_400, 3_600
PERIOD = 28 * DAY
OBJECTIVE, SLICE_TARGET, SLICE = Fraction(999, 1000), Fraction(98, 100), 300
MOMENTS = [
    START + timedelta(days=days, minutes=minutes)
    for days, minutes in ((30, 0), (97, 137), (180, 61), (251, 1439), (364, 600), (365, 0))
]
TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: METHOD}
spec:
  service: orders
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(all_total)}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: METHOD
  objectives: [{target: 0.999, timeSliceTarget: 0.98, timeSliceWindow: 5m}]
"""
METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")
Rows = dict[int, tuple[int, int]]
"""Good and total events by the begin of their minute."""


@cache
def year() -> Rows:
    """Traffic by the hour of the day, noise, five incidents, idle nights, gaps."""
    chance = random.Random(20250101)
    incidents = [(chance.randrange(365 * 1440), chance.randrange(5, 90), chance.uniform(0.02, 0.9))
                 for _ in range(40)]  # fmt: skip
    error = [0.0004] * (365 * 1440)
    for begin, length, rate in incidents:
        for minute in range(begin, min(begin + length, len(error))):
            error[minute] = rate
    gone = {minute for _ in range(60) for begin in [chance.randrange(365 * 1440)]
            for minute in range(begin, begin + chance.randrange(1, 600))}  # fmt: skip
    found: Rows = {}
    for minute, rate in enumerate(error):
        if minute not in gone:
            hour = minute // 60 % 24
            busy = 60 * max(0.0, math.sin((hour - 6) / 24 * 2 * math.pi) + 0.6)
            total = int(busy * chance.uniform(0.7, 1.3))
            bad = sum(chance.random() < rate for _ in range(total)) if rate > 0.01 else (
                int(total > 0 and chance.random() < rate * total))  # fmt: skip
            found[BEGIN + 60 * minute] = (total - bad, total)
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year as a file, shuffled, with duplicates that count less and rows that are no data."""
    rows = [(at, float(good), float(total)) for at, (good, total) in year().items()]
    chance = random.Random(7)
    rows += [(at, min(good, total - 1), total - 1) for at, good, total in chance.sample(rows, 500)
             if total > 1]  # fmt: skip
    missing = set(range(BEGIN, BEGIN + 365 * DAY, 60)) - set(year())
    rows += [(at, math.nan, math.nan) for at in sorted(missing)[::3]]
    rows += [(at, 5.0, math.inf) for at in sorted(missing)[1::3]]
    chance.shuffle(rows)
    path = tmp_path_factory.mktemp("year") / "year.parquet"
    at, good, total = zip(*rows, strict=True)
    columns = {"slo": ["orders"] * len(rows), "time": at, "good": good, "total": total}
    pyarrow.parquet.write_table(pa.table(columns), path)
    return path


def slo(method: str) -> Slo:
    return parse([("f", TEXT.replace("METHOD", method))])[0]


def inside(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Minutes wholly within, in time order."""
    for at in range(-(-first // 60) * 60, last - 59, 60):
        if at in year():
            yield (at, *year()[at])


def reference(method: str, first: int, last: int) -> tuple[Fraction, Fraction]:
    """Good and total as the method counts them, row by row."""
    if method == "Occurrences":
        good = total = 0
        for _, one, every in inside(first, last):
            good, total = good + one, total + every
        return Fraction(good), Fraction(total)
    slices: dict[int, list[int]] = {}
    for at, one, every in inside(first, last):
        begin = at // SLICE * SLICE
        if first <= begin and begin + SLICE <= last:
            sums = slices.setdefault(begin, [0, 0])
            sums[0] += one
            sums[1] += every
    counted = [(good, total) for good, total in slices.values() if total]
    if method == "Timeslices":
        reached = sum(Fraction(good, total) >= SLICE_TARGET for good, total in counted)
        return Fraction(reached), Fraction(len(counted))
    # Ratios of slices are cut to twelve decimals, as the documentation says.
    digits = 10**12
    parts = sum(good * digits // total for good, total in counted)
    return Fraction(parts, digits), Fraction(len(counted))


def burn(method: str, first: int, last: int) -> Fraction | None:
    good, total = reference(method, first, last)
    return (1 - good / total) / (1 - OBJECTIVE) if total else None


@pytest.mark.parametrize("method", METHODS)
def test_a_years_numbers_are_those_of_plain_python(recorded: Path, method: str) -> None:
    one = slo(method)
    rows = event_rows.read(recorded)["orders"]
    calculation = Calculation(one, one.objectives[0], events_of(rows))
    for now in MOMENTS:
        status, last = calculation.at(now), int(now.timestamp())
        first = last - PERIOD
        good, total = reference(method, first, last)
        assert (status.headline.good, status.headline.total) == (good, total)
        assert status.headline.ratio == good / total
        assert status.headline.budget_left == 1 - (total - good) / ((1 - OBJECTIVE) * total)
        other = "Timeslices" if method == "Occurrences" else "Occurrences"
        good, total = reference(other, first, last)
        assert (status.other.method, status.other.ratio) == (other, good / total)
        overdrawn = (status.headline.budget_left or 0) < 0
        assert status.disagree == (overdrawn != (1 - good / total > 1 - OBJECTIVE))
        assert status.covered == Fraction(60 * sum(1 for _ in inside(first, last)), PERIOD)
        for alert in status.burning:
            for found, window in (
                (alert.short, alert.window.short),
                (alert.long, alert.window.long),
            ):
                length = int(window.total_seconds())
                assert found == burn(method, last - length, last)
        daily = [burn(method, last - (day + 1) * DAY, last - day * DAY) for day in range(28)]
        burns = [float(each) for each in daily if each is not None]
        kept = burn(method, last - 21 * DAY, last)
        assert kept is not None
        assert status.forecast.expected == pytest.approx(
            1 - float(kept) * 0.75 - fmean(burns) * 0.25, abs=1e-9
        )


def test_the_history_gives_the_same_numbers_without_the_file(recorded: Path, home: Home) -> None:
    """Written by day, read back by the report's way, the definition with it."""
    source = RecordedSource(recorded)
    now, writer = START + timedelta(days=98), HistoryWriter(home)
    days = [(now - timedelta(days=back)).date() for back in range(1, 58)]
    one = slo("Occurrences").model_copy(update={"name": "orders"})
    for evidence in measure_days(Owned("tea", "orders", "@tea", "production", one), days, source,
                                 START + timedelta(days=365)):  # fmt: skip
        writer.write(evidence)
    history = HistoryReader(home)
    history.refresh()
    (kept,) = kept_objectives(history, "tea", now)
    rows = rows_of(one, event_rows.read(recorded))
    direct = Calculation(one, one.objectives[0], events_of(rows)).at(now)
    assert kept.slo == one
    assert (kept.status.headline, kept.status.other) == (direct.headline, direct.other)
    assert kept.status.burning == direct.burning
    assert kept.status.forecast == direct.forecast
    (sums,) = history.query("select sum(good) as good, sum(total) as total from level_samples "
                            "where started_at >= ?", [now - timedelta(days=28)])  # fmt: skip
    assert (sums["good"], sums["total"]) == (direct.headline.good, direct.headline.total)
