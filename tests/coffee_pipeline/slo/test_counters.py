"""Counters to rises: resets, gaps, stale markers, order."""

from __future__ import annotations

import struct
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.slo.counters import Grid, rises
from coffee_pipeline.slo.events import Repairs

GRID = Grid(0, 60, 10)
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def of(*points: tuple[float, float], grid: Grid = GRID) -> tuple[list[float | None], Repairs]:
    times = np.array([round(at * 1000) for at, _ in points], dtype=np.int64)
    values = np.array([value for _, value in points], dtype=float)
    found, repairs = rises([(times, values)], grid)
    return [None if np.isnan(one) else float(one) for one in found], repairs


def test_a_rise_belongs_to_the_step_of_its_later_sample() -> None:
    assert of((0, 5), (60, 7), (90, 10), (120, 10))[0][:3] == [2, 3, None]


def test_a_reset_counts_from_zero() -> None:
    found, repairs = of((0, 50), (60, 3), (120, 5))
    assert (found[:2], repairs.resets) == ([3, 2], 1)


@pytest.mark.parametrize("value", [STALE, float("nan"), float("inf"), float("-inf"), -1.0])
def test_what_is_no_count_is_left_out(value: float) -> None:
    found, repairs = of((0, 5), (60, value), (120, 9))
    assert found[:3] == [0, 4, None]
    assert sum(vars(repairs).values()) == 1


def test_a_gap_is_a_gap() -> None:
    found, _ = of((0, 5), (60, 6), (420, 100), (480, 101))
    assert found == [1, None, None, None, None, None, None, 1, None, None]


def test_duplicates_and_order() -> None:
    found, repairs = of((120, 9), (0, 5), (60, 6), (60, 7))
    assert found[:2] == [2, 2]
    assert (repairs.duplicated, repairs.out_of_order) == (1, 1)


def test_counters_are_added_and_one_alone_is_data() -> None:
    both = [
        (np.array([0, 60_000]), np.array([1.0, 2])),
        (np.array([60_000, 120_000]), np.array([4.0, 8])),
    ]
    assert np.array_equal(rises(both, Grid(0, 60, 3))[0], [1, 4, np.nan], equal_nan=True)


def test_nothing_is_no_data() -> None:
    assert of()[0] == of((0, 5))[0] == [None] * 10


@given(st.lists(st.integers(0, 20), min_size=2, max_size=11), st.randoms(use_true_random=False))
def test_without_gaps_all_rises_add_up(steps: list[int], chance) -> None:
    points = [(index * 60.0, float(sum(steps[: index + 1]))) for index in range(len(steps))]
    chance.shuffle(points)
    found, _ = of(*points)
    assert sum(one for one in found if one is not None) == sum(steps[1:])


def test_a_longer_gap_may_be_allowed() -> None:
    times, values = np.array([0, 540_000]), np.array([0.0, 9])
    found, _ = rises([(times, values)], GRID, timedelta(minutes=10))
    assert np.nansum(found) == 9
