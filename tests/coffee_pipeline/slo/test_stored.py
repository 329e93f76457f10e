"""An SLO that was stored comes back the same, whichever format it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.slo.stored import restored, stored

OPENSLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils, annotations: {coffee-pipeline/budget-policy: "50=notify, 100=freeze"}}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Datadog, spec: {query: sum:cold}}}
        total: {metricSource: {type: Datadog, spec: {query: sum:boils}}}
  timeWindow: [WINDOW]
  budgetingMethod: METHOD
  objectives: [OBJECTIVE]
"""
KEYS = OPENSLO.replace("WINDOW", "{duration: 28d, isRolling: true}").replace(
    "query: sum:cold", "query: sum:cold, index: logs-*, accountId: 7, secretAccessKey: hunter2"
)


def test_keys_beside_a_query_are_not_stored() -> None:
    text = KEYS.replace("METHOD", "Occurrences").replace("OBJECTIVE", "{target: 0.9}")
    (slo,) = parse([("f", text)])
    assert slo.source_options == {"index": "logs-*", "accountId": "7"}
    assert "hunter2" not in stored(slo)


SLOTH = """\
version: prometheus/v1
service: kettle
labels: {tier: "1"}
slos:
  - name: boils
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(cold_total[{{.window}}]))
        total_query: sum(rate(boils_total[{{.window}}]))
    alerting:
      name: KettleCold
      page_alert: {labels: {team: tea}}
      ticket_alert: {disable: true}
"""
WINDOWS = (
    "{duration: 28d, isRolling: true}",
    "{duration: 1Q, calendar: {startTime: 2025-01-01 00:00:00, timeZone: Europe/Berlin}}",
    "{duration: 1w, calendar: {startTime: 2025-01-06 00:00:00, timeZone: UTC}}",
)


@given(
    window=st.sampled_from(WINDOWS),
    method=st.sampled_from(("Occurrences", "Timeslices", "RatioTimeslices")),
    target=st.integers(1, 99_999).map(lambda number: f"0.{number:05}"),
    minutes=st.integers(1, 1440),
    sliced=st.booleans(),
)
def test_any_openslo_document_comes_back(
    window: str, method: str, target: str, minutes: int, sliced: bool
) -> None:
    slices = f", timeSliceTarget: 0.95, timeSliceWindow: {minutes}m"
    objective = f"{{target: {target}{slices if sliced or method != 'Occurrences' else ''}}}"
    text = OPENSLO.replace("WINDOW", window).replace("METHOD", method)
    (slo,) = parse([("slo.yaml", text.replace("OBJECTIVE", objective))])
    assert restored(stored(slo)) == slo


def test_sloths_come_back_too() -> None:
    (slo,) = parse([("slo.yaml", SLOTH)])
    assert restored(stored(slo)) == slo


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": 3}', "null"])
def test_what_is_none_is_said(text: str) -> None:
    with pytest.raises(ConfigurationError, match="stored SLO"):
        restored(text)
