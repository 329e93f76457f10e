"""Error budgets and burn rates: exact, event-weighted, honest about gaps."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.slo.budget import BURN_WINDOWS, attained, exact, without_overlap

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def level(
    began: float, ended: float, good: float | None, total: float | None, revision: str = "a",
    source: str = "prometheus", reason: str | None = None,
) -> ServiceLevel:  # fmt: skip
    """A measurement from ``began`` to ``ended`` minutes before now."""
    return ServiceLevel(
        service="orders", slo="availability", objective=0.999, environment="production",
        revision=revision, window_start=NOW - timedelta(minutes=began),
        window_end=NOW - timedelta(minutes=ended), good=good, total=total,
        ratio=good / total if good is not None and total else None, source=source,
        outcome="completed" if total else "not_run", reason=reason,
    )  # fmt: skip


def test_events_are_added_up_before_dividing() -> None:
    found = attained([level(60, 30, 999, 1000), level(30, 0, 8, 10)], 0.999, HOUR, NOW)
    assert found.ratio == Fraction(1007, 1010)
    assert found.error_budget == Fraction(1010, 1000)
    assert found.burn_rate == Fraction(3, 1010) / Fraction(1, 1000)
    assert found.budget_left == 1 - Fraction(300, 101)
    assert (found.covered, found.measurements, found.reason) == (1, 2, None)


@pytest.mark.parametrize(("window", "share"), [("1h", 2), ("6h", 5), ("1d", 10), ("3d", 10)])
def test_alert_thresholds_are_the_workbooks(window: str, share: int) -> None:
    found = next(one for one in BURN_WINDOWS if one.name == window)
    assert found.threshold == Fraction(share, 100) * (timedelta(days=30) // found.length)


def test_decimals_are_taken_as_written() -> None:
    assert exact(0.999) == Fraction(999, 1000)
    assert attained([level(60, 0, 999, 1000)], 0.999, HOUR, NOW).burn_rate == 1


def test_nothing_measured_is_no_data() -> None:
    found = attained([], 0.999, HOUR, NOW)
    assert (found.ratio, found.burn_rate, found.budget_left, found.covered) == (None,) * 3 + (0,)
    assert found.reason == "no measurement lies wholly within the window"


def test_the_reason_of_a_measurement_without_data_is_kept() -> None:
    found = attained([level(10, 0, None, None, reason="no requests")], 0.999, HOUR, NOW)
    assert (found.ratio, found.reason) == (None, "no requests")
    silent = attained([level(10, 0, 0, 0)], 0.999, HOUR, NOW)
    assert (silent.ratio, silent.reason) == (None, "no requests in the window")


def test_an_objective_of_everything_has_no_budget_to_burn() -> None:
    found = attained([level(60, 0, 1, 2)], 1.0, HOUR, NOW)
    assert (found.burn_rate, found.budget_left, found.error_budget) == (None, None, 0)


def test_a_measurement_over_the_edge_is_not_split() -> None:
    found = attained([level(90, 30, 1, 2), level(30, 15, 9, 10)], 0.999, HOUR, NOW)
    assert (found.good, found.total, found.covered) == (9, 10, Fraction(1, 4))
    assert attained([level(10, -5, 1, 2)], 0.999, HOUR, NOW).total is None  # not over yet


def test_overlap_counts_once_per_revision_and_the_longer_coverage_wins() -> None:
    long, short = level(60, 20, 90, 100), level(50, 40, 1, 10)
    other = level(60, 20, 45, 50, revision="b")
    found = attained([short, long, other], 0.999, HOUR, NOW)
    assert (found.good, found.total, found.left_out) == (135, 150, 1)
    assert found.covered == Fraction(2, 3)


def test_of_one_window_measured_twice_prometheus_counts() -> None:
    both = [level(60, 0, 1, 2, source="scrape"), level(60, 0, 3, 4)]
    assert [one.source for one in without_overlap(both)] == ["prometheus"]


windows = st.lists(
    st.tuples(
        st.integers(1, 60), st.integers(1, 30), st.integers(0, 50), st.integers(1, 50),
        st.sampled_from("ab"),
    ),
    max_size=12,
)  # fmt: skip


def levels(drawn: list[tuple[int, int, int, int, str]]) -> list[ServiceLevel]:
    return [
        level(began, began - min(length, began), good, good + bad, revision)
        for began, length, good, bad, revision in drawn
    ]


@given(windows, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_shares_are_shares(
    drawn: list[tuple[int, int, int, int, str]], shuffle: random.Random
) -> None:
    given_levels = levels(drawn)
    found = attained(given_levels, 0.9, HOUR, NOW)
    assert 0 <= found.covered <= 1
    assert (found.ratio is None) == (found.reason is not None)
    assert found.ratio is None or 0 <= found.ratio <= 1
    assert found.measurements + found.left_out == len(given_levels)
    kept = without_overlap(given_levels)
    for one in kept:
        for two in kept:
            apart = one.window_end <= two.window_start or two.window_end <= one.window_start
            assert one is two or one.revision != two.revision or apart
    durations = sum((one.window_end - one.window_start for one in kept), timedelta())
    shuffle.shuffle(given_levels)
    again = without_overlap(given_levels)
    assert sum((one.window_end - one.window_start for one in again), timedelta()) == durations


@given(windows)
def test_more_bad_events_never_leave_more_budget(
    drawn: list[tuple[int, int, int, int, str]],
) -> None:
    found = attained(levels(drawn), 0.9, HOUR, NOW)
    worse = attained(
        levels([(began, length, 0, good + bad, r) for began, length, good, bad, r in drawn]),
        0.9, HOUR, NOW,
    )  # fmt: skip
    if found.budget_left is not None:
        assert worse.budget_left is not None
        assert worse.budget_left <= found.budget_left
