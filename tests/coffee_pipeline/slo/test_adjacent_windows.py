"""The rewriting of increases; what it counts is tested on real servers (test_metrics_servers)."""

from __future__ import annotations

import pytest
from promql_parser import parse

from coffee_pipeline.slo.adjacent_windows import without_seams

SEAMLESS = (
    "((((X - (X offset 1m)) >= 0) and (resets(X[2m]) == 0)) or increase(X[1m]) or "
    "(X < (X offset 1m)))"
)


def seamless(counter: str) -> str:
    return SEAMLESS.replace("X", counter)


def alike(one: str, other: str) -> bool:
    return parse(one).prettify() == parse(other).prettify()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("increase(a[1m])", seamless("a")),
        ('sum by (x) (increase(a{b="[1m]"}[60s]))', "sum by (x) (" + seamless('a{b="[1m]"}') + ")"),
        ("increase(a[1m]) - increase(b[1m])", f"{seamless('a')} - {seamless('b')}"),
        ("sum_over_time(a[1m]) + rate(a[1m])", "sum_over_time(a[1m]) + rate(a[1m])"),
        ("vector(1)", "vector(1)"),
    ],
)
def test_increases_are_taken_from_one_end_to_the_next(query: str, expected: str) -> None:
    assert alike(without_seams(query), expected)
