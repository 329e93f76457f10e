"""Good, total and ratio from what the queries answered."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.slo.indicator import Measured, measured

NO_BAD = "the query for bad events returned no data"
NO_TOTAL = "the query for total events returned no data"


@pytest.mark.parametrize(
    ("numerator", "kind", "total", "expected"),
    [
        (90.0, "good", 100.0, Measured(90, 100, 0.9, None)),
        (10.0, "bad", 100.0, Measured(90, 100, 0.9, None)),
        (None, "good", 100.0, Measured(0, 100, 0, None)),
        (None, "bad", 100.0, Measured(None, 100, None, NO_BAD)),
        (5.0, "good", None, Measured(None, None, None, NO_TOTAL)),
        (None, "good", 0.0, Measured(None, 0, None, "no requests in the window")),
        (101.0, "good", 100.0, Measured(None, 100, None, "good events (101) exceed total (100)")),
    ],
)  # fmt: skip
def test_measured(
    numerator: float | None, kind: Literal["good", "bad"], total: float | None, expected: Measured
) -> None:
    assert measured(numerator, kind, total) == expected


amounts = st.none() | st.floats(0, 1e9)


@given(amounts, st.sampled_from(["good", "bad"]), amounts)
def test_there_is_a_ratio_or_a_reason(
    numerator: float | None, kind: Literal["good", "bad"], total: float | None
) -> None:
    found = measured(numerator, kind, total)
    assert (found.ratio is None) == (found.reason is not None)
    assert found.ratio is None or 0 <= found.ratio <= 1
