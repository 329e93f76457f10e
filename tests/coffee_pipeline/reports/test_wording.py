"""Numbers as people read them: never better than they are."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.reports import wording


@pytest.mark.parametrize(
    ("ratio", "digits", "text"),
    [
        (0.999, 3, "99.9 %"), (0.99999, 2, "99.99 %"), (1.0, 3, "100 %"),
        (Fraction(2, 3), 1, "66.6 %"),
        (0, 2, "0 %"), (-0.35, 1, "-35 %"), (None, 1, "no data"), (0.1 + 0.2, 2, "30 %"),
    ],
)  # fmt: skip
def test_good_is_rounded_down(ratio: float | Fraction | None, digits: int, text: str) -> None:
    assert wording.percent(ratio, digits) == text


@given(st.fractions(0, 1), st.integers(0, 4))
def test_only_everything_is_everything_and_only_nothing_is_nothing(
    ratio: Fraction, digits: int
) -> None:
    assert (wording.percent(ratio, digits) == "100 %") == (ratio == 1)
    assert (wording.share(ratio, digits) == "0 %") == (ratio == 0)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1 / 3, "33.3 %"), (1 / 6, "16.7 %"), (0, "0 %"), (1e-9, "< 0.1 %"), (1.274, "127.4 %"),
     (None, "no data")],
)  # fmt: skip
def test_bad_is_rounded_but_never_to_nothing(ratio: float | None, text: str) -> None:
    assert wording.share(ratio) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.2 s"), (45, "45 s"), (60, "1 min"), (125, "2 min 5 s"), (2269, "38 min"),
        (3599, "1 h"), (12_000, "3 h 20 min"), (86_400 * 2 + 4 * 3600 + 59, "2 d 4 h"),
        (None, "no data"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(Fraction(144, 10), "14.4x"), (Fraction(6), "6x"), (Fraction(0), "0x"),
     (Fraction(111), "111x"),
     (Fraction(1, 30), "0.033x"), (Fraction(12), "12x"), (None, "no data")],
)  # fmt: skip
def test_burn_rates_keep_what_matters(rate: Fraction | None, text: str) -> None:
    assert wording.burn_rate(rate) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.0, "7.0 a day"), (0.5, "3.5 a week"), (0.1, "3.0 a month"), (None, "no data")],
)
def test_frequencies_have_a_unit_that_fits(value: float | None, text: str) -> None:
    assert wording.per_day(value) == text


def test_counts_times_and_names() -> None:
    assert wording.count(147_302) == "147\N{NARROW NO-BREAK SPACE}302"
    assert wording.count(1988.4) == "1\N{NARROW NO-BREAK SPACE}988.4"
    assert wording.count(None) == "no data"
    east = datetime(2026, 3, 20, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert (wording.moment(east), wording.moment(None)) == ("2026-03-19 23:05", "open")
    assert (wording.short("a" * 40), wording.short(None)) == ("aaaaaaaa", "unknown")
    assert (wording.plural(1, "change"), wording.plural(0, "change")) == ("1 change", "0 changes")
