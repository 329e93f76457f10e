"""Values of thresholds and raw ratios, and which share of a step they make good."""

from __future__ import annotations

import numpy as np
import pytest

from coffee_pipeline.errors import UsageError
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.judged_steps import good_shares, value_query
from coffee_pipeline.slo.remarks import remarks_on
from coffee_pipeline.slo.specifications import parse

TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: warm}
spec:
  service: kettle
  indicator: {spec: {INDICATOR}}
  budgetingMethod: Occurrences
  objectives: [OBJECTIVES]
"""
SOURCE = "{metricSource: {type: Prometheus, spec: {query: 'QUERY'}}}"
COUNTED = "sum(rate(cold_total[{{.window}}])) / sum(rate(boils_total[{{.window}}]))"


def threshold(*limits: str, query: str = "max(seconds)", kind: str = "Prometheus") -> Slo:
    objectives = ", ".join(f"{{target: 0.99, {one}}}" for one in limits)
    return _slo(f"thresholdMetric: {SOURCE}", objectives, query, kind)


def raw(kind: str, query: str = COUNTED, more: str = "") -> Slo:
    indicator = f"ratioMetric: {{{more}rawType: {kind}, raw: {SOURCE}}}"
    return _slo(indicator, "{target: 0.99}", query)


def _slo(indicator: str, objectives: str, query: str, kind: str = "Prometheus") -> Slo:
    text = TEXT.replace("INDICATOR", indicator).replace("OBJECTIVES", objectives)
    return parse([("f", text.replace("QUERY", query).replace("Prometheus", kind))])[0]


def shares(slo: Slo, *values: float) -> list[float | None]:
    found = good_shares(slo, np.array(values))
    return [None if np.isnan(one) else round(float(one), 12) for one in found]


@pytest.mark.parametrize(
    ("operator", "good"),
    [("lt", [1, 0, 0]), ("lte", [1, 1, 0]), ("gt", [0, 0, 1]), ("gte", [0, 1, 1])],
)
def test_a_value_is_compared_as_the_objective_says(operator: str, good: list[float]) -> None:
    slo = threshold(f"op: {operator}, value: 0.5")
    assert shares(slo, 0.25, 0.5, 0.75, float("nan")) == [*good, None]


def test_objectives_that_compare_alike_share_their_steps_and_others_are_refused() -> None:
    alike = threshold("op: lte, value: 0.5", "op: lte, value: 0.50")
    assert shares(alike, 0.5) == [1]
    different = threshold("op: lte, value: 0.5", "op: lte, value: 2")
    with pytest.raises(UsageError, match="write an SLO for each"):
        value_query(different)
    assert any("write an SLO for each" in one.problem for one in remarks_on(different))


def test_a_raw_ratio_is_that_share_of_its_step() -> None:
    values = (0, 0.25, 1, 1 + 1e-12, -1e-12, 1.01, -0.5, float("nan"))
    assert shares(raw("failure"), *values) == [1, 0.75, 0, 0, 1, None, None, None]
    # Of a success ratio the query is turned round: the value is that of the failures, too.
    query = value_query(raw("success"))
    assert query.startswith("1 - (")
    assert "{{" not in query


def test_windows_are_filled_with_five_minutes() -> None:
    assert value_query(raw("failure")) == COUNTED.replace("{{.window}}", "5m")
    assert value_query(threshold("op: lt, value: 1", query="rate(x[1h])")) == "rate(x[1h])"


@pytest.mark.parametrize(
    ("slo", "reason"),
    [
        (raw("failure", "sum(rate(a[5m])) / sum(rate(b[5m]))"), "a fixed range"),
        (raw("failure", more="counter: true, "), "no counter"),
        (threshold("op: lt, value: 1", kind="Datadog"), "Prometheus-compatible APIs only"),
    ],
)
def test_what_is_not_measured_says_why(slo: Slo, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        value_query(slo)
    (remark,) = [one for one in remarks_on(slo) if "by --series only" in one.problem]
    assert reason in remark.problem


def test_what_is_measured_has_no_remark() -> None:
    for slo in (raw("failure"), raw("success"), threshold("op: lt, value: 1")):
        assert not [one for one in remarks_on(slo) if "by --series only" in one.problem]
