"""Recorded rows of any interval come to the same events, minute by minute."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.slo.events import Events
from coffee_pipeline.stages.recorded_levels import events_of
from coffee_pipeline.tools.event_rows import of_table

MINUTE = 60


def events(rows: list[tuple], *columns: str) -> Events:
    counted = ("good_counter", "total_counter") if "series" in columns else ("good", "total")
    names = ("time", *counted, *columns)
    table = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    return events_of(of_table(pa.table({"slo": ["a"] * len(rows), **table}), "f")["a"])


def told(found: Events) -> list[tuple[float, float] | None]:
    sums = [found.sums(slice(at, at + 1)) for at in range(len(found))]
    return [(float(good), float(total)) if known else None for good, total, known in sums]


def test_rows_within_a_minute_add_up() -> None:
    found = events([(at, 1, 2) for at in range(0, 4 * MINUTE, 15)])
    assert told(found) == [(4, 8)] * 4
    assert found.repairs.duplicated == 0


def test_rows_of_one_instant_are_duplicates_of_which_the_worst_counts() -> None:
    found = events([(0, 5, 5), (0, 1, 9), (0, 3, 9), (15, 1, 1)])
    assert told(found) == [(2, 10)]
    assert found.repairs.duplicated == 2


def test_rows_of_a_wider_grid_are_spread_and_their_gaps_stay() -> None:
    found = events([(0, 9, 10), (300, 10, 10), (900, 5, 10)])
    assert told(found) == [(1.8, 2)] * 5 + [(2, 2)] * 5 + [None] * 5 + [(1, 2)] * 5


def test_minutes_without_rows_are_gaps_where_rows_follow_no_wider_grid() -> None:
    found = events([(0, 1, 1), (300, 1, 1), (420, 1, 1), (660, 1, 1)])
    assert [at for at, one in enumerate(told(found)) if one] == [0, 5, 7, 11]


def test_the_counters_of_two_pods_are_no_resets() -> None:
    rows = [(at, 3 * at + shift, 4 * at + shift, pod)
            for at in range(0, 301, 15) for pod, shift in (("p", 0), ("q", 10_000))]  # fmt: skip
    found = events(rows, "series")
    assert told(found)[1:5] == [(360, 480)] * 4
    assert found.repairs.resets == 0


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40),
    st.sampled_from([5, 10, 15, 20, 30, 60, 120, 300, 3600]),
    st.randoms(use_true_random=False),
)
def test_no_interval_or_order_loses_an_event(counts, interval: int, chance) -> None:
    rows = [(at * interval, good, good + bad) for at, (good, bad) in enumerate(counts)]
    chance.shuffle(rows)
    found = events(rows)
    good, total, _ = found.sums(slice(0, len(found)))
    assert np.isclose(float(good), sum(row[1] for row in rows))
    assert np.isclose(float(total), sum(row[2] for row in rows))
    assert len(rows) == 1 or found.known.all()
