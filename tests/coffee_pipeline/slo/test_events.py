"""Events per step: broken samples have their defined answers, and sums are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.slo.events import Events, of_rows

NAN, INFINITE = float("nan"), float("inf")


def events(*pairs: tuple[float, float], step: int = 60) -> Events:
    good, total = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    return Events(600, step, good, total)


def everything(found: Events) -> tuple[Fraction, Fraction, int]:
    return found.sums(slice(0, len(found)))


@pytest.mark.parametrize(
    ("broken", "repair"),
    [
        ((NAN, 5), "none"),
        ((5, NAN), "none"),
        ((INFINITE, INFINITE), "infinite"),
        ((1, -INFINITE), "infinite"),
        ((-1, 5), "negative"),
        ((6, 5), "good_above_total"),
    ],
)
def test_a_broken_step_is_a_gap(broken: tuple[float, float], repair: str) -> None:
    found = events((9, 10), broken, (8, 10))
    assert everything(found) == (17, 20, 2)
    counted = {name for name, count in vars(found.repairs).items() if count}
    assert counted == ({repair} - {"none"})


def test_float_noise_above_total_is_cut() -> None:
    assert everything(events((10.000000001, 10))) == (10, 10, 1)


def test_an_idle_step_is_covered_and_counts_nothing() -> None:
    assert everything(events((0, 0), (3, 4))) == (3, 4, 2)


def test_decimals_are_added_exactly() -> None:
    assert everything(events(*[(0.1, 0.3)] * 10)) == (1, 3, 10)


def test_only_whole_steps_inside_count() -> None:
    found = events((1, 1), (1, 1), (1, 1))
    assert found.steps(601, 779) == slice(1, 2)
    assert found.steps(0, 10_000) == slice(0, 3)
    assert found.steps(0, 500) == slice(0, 0)


def test_nothing_is_no_data() -> None:
    none = of_rows(np.empty(0), np.empty(0), np.empty(0), 60)
    assert everything(none) == (0, 0, 0)


rows = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40
)


@given(rows, st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(given_rows: list, chance) -> None:
    def read(some: list) -> tuple[list[int], list[int]]:
        columns = [np.array(column, dtype=float) for column in zip(*some, strict=True)]
        found = of_rows(columns[0] * 60, columns[1], columns[1] + columns[2], 60)
        return found.good.tolist(), found.total.tolist()

    shuffled = [*given_rows, *given_rows]
    chance.shuffle(shuffled)
    assert read(shuffled) == read(given_rows)


def test_of_duplicates_the_worst_counts_and_is_counted() -> None:
    found = of_rows(
        np.array([60, 0, 0, 0]), np.array([1.0, 4, 3, NAN]), np.array([1.0, 5, 5, NAN]), 60
    )
    assert everything(found) == (4, 6, 2)
    assert (found.repairs.duplicated, found.repairs.out_of_order) == (2, 1)
