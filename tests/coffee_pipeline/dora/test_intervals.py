"""How sure rates and medians are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from coffee_pipeline.dora.intervals import LEVEL, median_interval, wilson
from coffee_pipeline.dora.quantiles import distribution


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_rates_have_the_interval_of_wilson(drawn: tuple[int, int]) -> None:
    events, count = drawn
    found = wilson(events, count)
    expected = binomtest(events, count).proportion_ci(LEVEL, "wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("count", [*range(6, 60), 199, 200, 201, 500, 5000])
def test_the_ranks_around_the_median_are_the_binomials(count: int) -> None:
    ordered = [float(value) for value in range(1, count + 1)]
    found = median_interval(ordered)
    assert found is not None
    rank = int(found.low)
    assert found.high == count + 1 - rank
    assert binom.cdf(rank - 1, count, 0.5) <= 0.025 + (0.001 if count > 200 else 0)
    assert binom.cdf(rank, count, 0.5) > 0.025 - (0.001 if count > 200 else 0)


@pytest.mark.parametrize("count", range(6))
def test_few_values_tell_nothing_of_their_median(count: int) -> None:
    assert median_interval([1.0] * count) is None


@given(st.lists(st.floats(0, 1e6), min_size=6, max_size=300))
def test_the_interval_is_around_the_median_and_within_the_values(values: list[float]) -> None:
    found = distribution(values)
    assert found is not None
    assert found.interval is not None
    assert found.minimum <= found.interval.low <= found.median <= found.interval.high
    assert found.interval.high <= found.maximum
