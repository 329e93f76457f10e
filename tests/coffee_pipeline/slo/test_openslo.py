"""OpenSLO files: what is read, what is kept but not computed, and how errors point at the line."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.openslo_parts import shorthand
from coffee_pipeline.slo.specifications import check, parse, read

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: orders-availability
  displayName: Orders availability
spec:
  service: orders
  indicator:
    metadata:
      name: orders-availability
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            spec:
              query: 'sum(http_requests_total{code!~"5.."})'
        total:
          metricSource:
            type: Prometheus
            spec:
              query: sum(http_requests_total)
  timeWindow:
    - duration: 28d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.999
"""
REFERRING = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: menu-errors}
spec:
  service: menu
  indicatorRef: menu-sli
  budgetingMethod: Occurrences
  objectives:
    - targetPercent: 99.95
---
apiVersion: openslo/v1
kind: Service
metadata: {name: menu}
spec: {description: passed over}
"""
INDICATOR = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: menu-sli}
spec:
  ratioMetric:
    counter: true
    bad:
      metricSource: {metricSourceRef: metrics, spec: {query: sum(errors_total)}}
    total:
      metricSource: {metricSourceRef: metrics, spec: {query: sum(requests_total)}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: metrics}
spec: {type: prometheus, connectionDetails: {password: not kept}}
"""


def test_an_inline_indicator() -> None:
    (slo,) = parse([("orders.yaml", SLO)])
    assert (slo.name, slo.service, slo.window) == ("orders-availability", "orders", timedelta(28))
    assert [objective.ratio for objective in slo.objectives] == [Decimal("0.999")]
    assert slo.good == 'sum(http_requests_total{code!~"5.."})'
    assert slo.total == "sum(http_requests_total)"
    assert (slo.bad, slo.counter, slo.unsupported) == (None, True, None)
    assert (slo.file, slo.line) == ("orders.yaml", 1)


@pytest.mark.parametrize("source", ["VictoriaMetrics", "Thanos", "Mimir", "prometheus"])
def test_sources_that_answer_promql_are_measured(source: str) -> None:
    (slo,) = parse([("orders.yaml", SLO.replace("type: Prometheus", f"type: {source}"))])
    assert (slo.unsupported, slo.speaks_promql) == (None, True)


def test_references_are_resolved_across_files_in_any_order() -> None:
    files = [("slo.yaml", REFERRING), ("sli.yaml", INDICATOR)]
    (slo,) = parse(files)
    assert parse(reversed(files)) == (slo,)
    assert (slo.bad, slo.good, slo.total) == ("sum(errors_total)", None, "sum(requests_total)")
    assert slo.objectives[0].ratio == Decimal("0.9995")
    assert (slo.window, slo.unsupported) == (None, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            (
                "Occurrences\n  objectives:\n    - target: 0.999",
                "Timeslices\n  objectives:\n"
                "    - {target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 1m}",
            ),
            "budgetingMethod Timeslices",
        ),
        (
            ("isRolling: true", "calendar: {timeZone: UTC, startTime: 2026-01-01 00:00:00}"),
            "calendar-aligned",
        ),
        (("type: Prometheus", "type: Datadog"), "Datadog"),
        (("type: Prometheus", "metricSourceRef: elsewhere"), "'elsewhere' is not among these"),
        (("query: sum(http_requests_total)", "q: x"), "no spec.query"),
    ],
)
def test_valid_but_not_computed_is_kept_with_the_reason(
    change: tuple[str, str], reason: str
) -> None:
    (slo,) = parse([("slo.yaml", SLO.replace(*change))])
    assert slo.unsupported is not None
    assert reason in slo.unsupported


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("target: 0.999", "target: 1.0"), r"f:29: spec.objectives.0.target: .*less than 1"),
        (("target: 0.999", "goal: 0.999"), r"f:29: spec.objectives.0.*goal: Extra"),
        (("openslo/v1", "openslo/v2alpha"), r"f:1: apiVersion: must be openslo/v1"),
        (("kind: SLO", "kind: Cake"), r"f:2: kind: must be one of"),
        (("duration: 28d", "duration: 4 weeks"), r"f:25: spec.timeWindow.0.duration: must be"),
        (("budgetingMethod: Occurrences", "budgeting: x"), r"f:6: spec.budgetingMethod: Field req"),
        (("  service: orders\n", "  service: orders\n  service: menu\n"), r"f:8: service: key giv"),
        (("        good:", "        bad: *x\n        good:"), r"f:\d+: not valid YAML"),
        (("kind: SLO", "kind: [SLO"), r"f:\d+: not valid YAML"),
    ],
)
def test_errors_name_file_line_and_field(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        parse([("f", SLO.replace(*change))])
    assert "\n" not in str(raised.value)


def test_every_broken_objective_is_named() -> None:
    """Both lack what their method needs, which only the whole document shows."""
    text = SLO.replace("Occurrences", "Timeslices")
    text = text.replace("- target: 0.999", "- target: 0.999\n    - target: 0.99")
    assert [str(error).split(": ")[:2] for error in check([("f", text)]).errors] == [
        ["f:29", "spec.objectives.0"], ["f:30", "spec.objectives.1"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: no document in this file"),
        ("# nothing yet\n---\n", "f: no document in this file"),
        (INDICATOR, "f: no SLO among the documents"),
    ],
)
def test_a_file_without_an_slo_is_no_success(text: str, message: str) -> None:
    assert [str(error) for error in check([("f", text)]).errors] == [message]


def test_an_empty_file_beside_others_is_named() -> None:
    checked = check([("a", SLO), ("b", "")])
    assert [slo.file for slo in checked.slos] == ["a"]
    assert [str(error) for error in checked.errors] == ["b: no document in this file"]


def test_a_missing_indicator_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"slo.yaml:6: spec.indicatorRef: .*'menu-sli'"):
        parse([("slo.yaml", REFERRING)])


def test_two_slos_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"b:4: metadata.name: second SLO"):
        parse([("a", SLO), ("b", SLO)])


@pytest.mark.parametrize(
    "content",
    [
        b"x: " + b"a" * 300_000,
        b"[" * 100 + b"]" * 100,
        b"a: &a [x, *a]",
        b"\n".join(
            [b"l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
            + [
                b"l%d: &l%d [%s]" % (n, n, b", ".join([b"*l%d" % (n - 1)] * 10))
                for n in range(1, 9)
            ]
        ),
        b"\xff\xfe\x00",
        b"!!python/object/apply:os.system [true]",
        b"a: 2024-99-99",
    ],
    ids=["large", "deep", "cycle", "bomb", "encoding", "object", "date"],
)
def test_hostile_yaml_is_one_line(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"^f") as raised:
        parse([("f", content)])
    assert "\n" not in str(raised.value)


@given(st.text(max_size=200))
def test_any_text_is_slos_or_one_error(text: str) -> None:
    message = "f"
    try:
        parse([("f", text)])
    except ConfigurationError as error:
        message = str(error)
    assert message.startswith("f")
    assert "\n" not in message


@given(st.integers(1, 99_999), st.sampled_from("mhdwMQY"))
def test_shorthand_is_proportional(number: int, unit: str) -> None:
    assert shorthand(f"{number}{unit}") == number * shorthand(f"1{unit}")


@pytest.mark.parametrize("value", ["", "0d", "d", "1.5h", "-1d", "1s", "28 d", 28, None, "٣d"])
def test_no_other_durations(value: object) -> None:
    with pytest.raises(ValueError, match="such as 28d"):
        shorthand(value)


def test_files_are_read_below_the_root_only(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "slo.yaml").write_text(SLO)
    (tmp_path / "outside.yaml").write_text(SLO)
    (root / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert [slo.file for slo in read([Path("slo.yaml")], root)] == ["slo.yaml"]
    for name in ("../outside.yaml", "link.yaml"):
        with pytest.raises(ConfigurationError, match="outside of the repository"):
            read([Path(name)], root)
    with pytest.raises(ConfigurationError, match=r"missing\.yaml: cannot be read"):
        read([Path("missing.yaml")], root)
