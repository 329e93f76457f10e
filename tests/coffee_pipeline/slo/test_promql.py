"""Queries over a window: rewriting through the parser, and evaluation of recorded samples."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.slo.promql import UnsupportedQueryError, Window, evaluate, parse, windowed

START = datetime(2026, 3, 20, 10, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=10))
GOOD = 'sum(http_requests_total{service="orders",code!~"5.."})'
TOTAL = 'sum(http_requests_total{service="orders"})'


def line(
    values: Sequence[float], start: float = 0, step: float = 60, **labels: str
) -> list[Sample]:
    """A series of http_requests_total with a value every ``step`` seconds from ``start`` on."""
    target = {"environment": "production", "service": "orders", "revision": "a", "track": "stable"}
    target |= {key: labels.pop(key) for key in list(labels) if key in target}
    return [
        Sample(
            **target,
            name=labels.get("__name__", "http_requests_total"),
            labels=json.dumps({k: v for k, v in labels.items() if k != "__name__"}, sort_keys=True),
            observed_at=START + timedelta(seconds=start + index * step),
            value=value,
        )
        for index, value in enumerate(values)
    ]


def increase(query: str, samples: Sequence[Sample], **matchers: str) -> float | None:
    text = windowed(query, WINDOW.length, counter=True, matchers=matchers)
    return evaluate(text, samples, WINDOW)


def flat(text: str) -> str:
    return "".join(text.split())


def test_instant_selectors_become_increases() -> None:
    text = windowed(f"{GOOD} / {TOTAL}", timedelta(hours=1), counter=True)
    good = 'sum(increase(http_requests_total{code!~"5..",service="orders"}[1h]))'
    assert flat(text) == flat(good + '/sum(increase(http_requests_total{service="orders"}[1h]))')


def test_added_matchers_are_quoted_and_parsed_back() -> None:
    hostile = 'a"} or vector(1) #\\\n'
    text = windowed("sum(x)", timedelta(seconds=90), counter=True, matchers={"revision": hostile})
    selector = parse(text).expr.args[0].vector_selector
    assert [(m.name, m.value) for m in selector.matchers.matchers] == [("revision", hostile)]
    assert "[1m30s]" in text


@pytest.mark.parametrize(
    ("query", "counter", "expected"),
    [
        ("sum(rate(x[{{.window}}]))", True, "sum(rate(x[10m]))"),
        ("sum(increase(x[{{.window}}]))", False, "sum(increase(x[10m]))"),
        ("sum(x)", False, "sum(x)"),
        ("sum by (code) (x) / 2", True, "sum by (code) (increase(x[10m])) / 2"),
        ('sum({__name__=~"a|b"})', True, 'sum(increase({__name__=~"a|b"}[10m]))'),
        ("sum(x) + (sum(y) - 1)", True, "sum(increase(x[10m])) + (sum(increase(y[10m])) - 1)"),
    ],
)
def test_rewriting(query: str, counter: bool, expected: str) -> None:
    assert flat(windowed(query, WINDOW.length, counter=counter)) == flat(expected)


@pytest.mark.parametrize(
    "query",
    [
        "1 + 1",
        "vector(1)",
        "sum(x offset 5m)",
        "sum(x @ 100)",
        "sum(rate(x[5m])) / sum(y)",
        "max_over_time(sum(x)[10m:1m])",
        'sum(x{a="1" or b="2"})',
    ],
)
def test_what_cannot_be_narrowed_is_refused(query: str) -> None:
    with pytest.raises(UnsupportedQueryError):
        windowed(query, WINDOW.length, counter=True)


@pytest.mark.parametrize("counter", [True, False])
@pytest.mark.parametrize("length", ["5m", "10m"])
def test_a_fixed_range_is_refused_even_one_as_long_as_the_window(
    counter: bool, length: str
) -> None:
    both = f"sum(rate(x[{length}])) + sum(rate(y[{{{{.window}}}}]))"
    for query in (f"sum(rate(x[{length}]))", both):
        with pytest.raises(UnsupportedQueryError, match=r"fixed range: write \[\{\{\.window\}\}\]"):
            windowed(query, WINDOW.length, counter=counter)


@pytest.mark.parametrize(
    "query",
    ["sum(", "x{a=}", 'x{a=~"("}', "x" * 3000, "(" * 150, "-x^" * 60 + "1", "sum(x[0s])"],
)
def test_what_is_no_query_is_one_line(query: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        windowed(query, WINDOW.length, counter=True)
    assert "\n" not in str(raised.value)


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(ValueError, match="longer than 0"):
        windowed("sum(x)", timedelta(0), counter=True)


def test_good_and_total_of_recorded_samples() -> None:
    samples = line([0, 40, 90], code="200") + line([5, 5, 6], code="500")
    assert increase(TOTAL, samples) == 91
    assert increase(GOOD, samples) == 90


def test_matchers_choose_series_and_targets() -> None:
    samples = line([0, 10], code="200", revision="a") + line([0, 30], code="200", revision="b")
    assert increase(TOTAL, samples, revision="b") == 30
    assert increase(TOTAL, samples, revision="b", environment="staging") is None
    assert increase('sum(http_requests_total{route=""})', samples) == 40
    assert increase('sum(http_requests_total{code=~"2.."})', samples) == 40
    assert increase('sum(http_requests_total{code!="200"})', samples) is None
    assert increase('sum(http_requests_total{code=~"20"})', samples) is None  # anchored


def test_a_fall_is_a_reset() -> None:
    assert increase(TOTAL, line([100, 120, 5, 15])) == 20 + 5 + 10


def test_a_series_born_in_the_window_counts_from_zero() -> None:
    old = line([10, 20, 30], code="200")
    born = line([7, 9], start=60, code="404")
    assert increase(TOTAL, old + born) == 20 + 9


def test_a_target_seen_once_is_no_data() -> None:
    assert increase(TOTAL, line([100])) is None
    assert increase(TOTAL, line([100]) + line([100, 130], revision="b")) == 30
    assert increase(TOTAL, []) is None


def test_samples_outside_of_the_window_do_not_count() -> None:
    samples = line([0, 1000, 1010, 1030, 5000], start=-60, step=300)
    assert increase(TOTAL, samples) == 10  # at 240 s and 540 s; -60 s and 840 s lie outside


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(increase(http_requests_total[10m])) / 2 + 1", 21.0),
        ("2 * sum(rate(http_requests_total[10m]))", 2 * 40 / 600),
        ("-sum(increase(http_requests_total[10m]))", -40.0),
        ("sum by (code) (increase(http_requests_total[10m]))", 40.0),
        ("sum by (code) (increase(http_requests_total[10m])) * 3", 120.0),
        ("increase(http_requests_total[1m])", None),
        ("sum(increase(http_requests_total[10m])) / 0", None),
        ("sum(increase(http_requests_total[10m])) - sum(increase(no_such[10m]))", None),
        ("(1 + 2) * 3", 9.0),
    ],
)
def test_arithmetic(expression: str, value: float | None) -> None:
    samples = line([0, 30], code="200") + line([0, 10], code="500")
    found = evaluate(expression, samples, WINDOW)
    assert found == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    "expression",
    [
        "http_requests_total",
        "avg(increase(x[5m]))",
        "histogram_quantile(0.9, sum by (le) (rate(x[5m])))",
        "sum(increase(x[5m])) > 1",
        "sum(increase(x[5m])) or vector(0)",
        "increase(x[5m]) / increase(y[5m])",
        "sum by (a) (increase(x[5m])) / sum by (a) (increase(y[5m]))",
        "2 / increase(x[5m])",
        "increase(x[5m]) + 1",
        "sum(increase(x[5m])) / on() sum(increase(y[5m]))",
        "increase(x[5m] offset 1m)",
        '"text"',
    ],
)
def test_outside_of_the_subset_is_said(expression: str) -> None:
    with pytest.raises(UnsupportedQueryError):
        evaluate(expression, line([0, 1]), WINDOW)


def test_broken_labels_are_said() -> None:
    sample = line([1])[0]
    for labels in ("{", "[1]"):
        broken = Sample(
            **{name: getattr(sample, name) for name in sample.__slots__} | {"labels": labels}
        )
        with pytest.raises(ParseError, match="labels"):
            evaluate("sum(increase(x[5m]))", [broken], WINDOW)


rises = st.lists(st.integers(0, 1000), min_size=1, max_size=9)


@given(st.lists(st.tuples(st.integers(0, 10_000), rises), min_size=1, max_size=4))
def test_monotone_counters_give_their_true_increase(counters: list[tuple[int, list[int]]]) -> None:
    samples: list[Sample] = []
    for index, (base, steps) in enumerate(counters):
        values = [base + sum(steps[:at]) for at in range(len(steps) + 1)]
        samples += line(values, code=str(index), revision=str(index))
    assert increase(TOTAL, samples) == sum(sum(steps) for _, steps in counters)


@given(rises, rises, st.randoms(use_true_random=False))
def test_resets_lose_nothing_seen_and_order_does_not_matter(
    before: list[int], after: list[int], shuffle: random.Random
) -> None:
    first = [sum(before[: at + 1]) for at in range(len(before))]
    restarted = [sum(after[: at + 1]) for at in range(len(after))]
    values = [*first, *restarted]
    samples = line(values, step=20)
    true = sum(b - a if b >= a else b for a, b in pairwise(values))
    assert increase(TOTAL, samples) == true
    shuffle.shuffle(samples)
    assert increase(TOTAL, samples) == true


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_agrees_where_nothing_is_extrapolated(tmp_path: Path) -> None:
    """A sample at each end of the window: Prometheus' extrapolation has nothing to add."""
    series = {"200": [0, 40, 90, 130, 160], "404": [7, 7, 9, 30, 31], "500": [9, 20, 3, 3, 8]}
    samples = [s for code, values in series.items() for s in line(values, step=150, code=code)]
    queries = [GOOD, TOTAL, f"{GOOD} / {TOTAL}", f"({TOTAL} - {GOOD}) * 2"]
    tests = {
        "evaluation_interval": "150s",
        "tests": [
            {
                "interval": "150s",
                "input_series": [
                    {
                        "series": f'http_requests_total{{service="orders",code="{code}"}}',
                        "values": " ".join(map(str, values)),
                    }
                    for code, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": windowed(query, WINDOW.length, counter=True),
                        "eval_time": "10m",
                        "exp_samples": [{"labels": "{}", "value": increase(query, samples)}],
                    }
                    for query in queries
                ],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(json.dumps(tests))
    command = ["promtool", "test", "rules", "test.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_stands_in_strings_is_not_counted_as_operators() -> None:
    name = "-".join(["service"] * 120)
    assert parse(f'sum(rate(http_requests_total{{service="{name}"}}[5m]))')
    hidden = '# "\n' + "(" * 150 + "1" + ")" * 150 + '# "'
    for query in (hidden, "(" * 150 + "1" + ")" * 150, '"' + "(" * 150):
        with pytest.raises(ConfigurationError, match="operators"):
            parse(query)
