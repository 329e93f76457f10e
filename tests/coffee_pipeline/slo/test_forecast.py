"""The forecast of the budget."""

from __future__ import annotations

import pytest

from coffee_pipeline.slo.forecast import forecast


def test_a_steady_burn_is_certain() -> None:
    found = forecast([0.5] * 28, kept=0.375, left=0.5, horizon=7, period=28)
    assert (found.expected, found.low, found.high) == (0.5, 0.5, 0.5)
    assert found.exhausted_in == pytest.approx(28)


def test_a_varying_burn_widens_the_interval() -> None:
    found = forecast([0.0, 1.0] * 14, kept=0.375, left=0.5, horizon=7, period=28)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert found.exhausted_earliest is not None
    assert found.exhausted_earliest < 28


def test_a_reset_before_the_exhaustion_leaves_none() -> None:
    burns = [0.5, 1.5] * 5
    found = forecast(burns, kept=0.4, left=0.6, horizon=17, period=28, resets=True)
    assert found.exhausted_in == pytest.approx(16.8)
    assert found.exhausted_earliest is not None
    sooner = forecast(burns, kept=0.4, left=0.6, horizon=16, period=28, resets=True)
    assert (sooner.exhausted_in, sooner.exhausted_earliest) == (None, found.exhausted_earliest)
    assert forecast(burns, kept=0.4, left=0.6, horizon=16, period=28).exhausted_in is not None


def test_few_days_are_no_forecast() -> None:
    found = forecast([1.0, 2.0], kept=0.1, left=0.5, horizon=7, period=28)
    assert (found.expected, found.reason) == (None, "2 days with data, 3 are needed")


def test_nothing_burnt_is_never_exhausted_and_used_up_is_now() -> None:
    assert forecast([0.0] * 5, 0.0, 1.0, 7, 28).exhausted_in is None
    assert forecast([1.0] * 5, 2.0, -1.0, 7, 28).exhausted_in == 0
