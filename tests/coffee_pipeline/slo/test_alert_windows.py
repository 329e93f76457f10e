"""Burn rates and their texts."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from coffee_pipeline.slo.alert_windows import ALERT_WINDOWS, duration, lengths, number


def test_the_workbooks_burn_rates() -> None:
    at_30 = [one.burn_rate(timedelta(days=30)) for one in ALERT_WINDOWS]
    at_28 = [one.burn_rate(timedelta(days=28)) for one in ALERT_WINDOWS]
    assert at_30 == [Fraction("14.4"), 6, 3, 1]
    assert at_28 == [Fraction("13.44"), Fraction("5.6"), Fraction("2.8"), Fraction(14, 15)]


def test_windows_longer_than_the_period_are_left_out() -> None:
    assert [duration(one) for one in lengths(timedelta(days=1))] == ["5m", "30m", "1h", "6h", "1d"]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=5), "5m"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=30), "30d"),
        (timedelta(days=28), "4w"),
        (timedelta(days=365), "1y"),
        (timedelta(days=1, hours=2), "1d2h"),
    ],
)
def test_durations_are_prometheus(length: timedelta, text: str) -> None:
    assert duration(length) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("14.4", "14.4"), ("6", "6"), ("0.001", "0.001"), ("14/15", "14 / 15"), ("-1/8", "-0.125")],
)
def test_numbers_are_exact(value: str, text: str) -> None:
    assert number(Fraction(value)) == text
