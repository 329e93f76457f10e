"""Sloth's specifications, plain and Kubernetes, read into the same model as OpenSLO."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.definition import SLOTH_PERIOD
from coffee_pipeline.slo.remarks import errors_of, remarks_on
from coffee_pipeline.slo.specifications import check, parse

PLAIN = """\
version: prometheus/v1
service: kettle
labels:
  owner: tea
  tier: 2
slos:
  - name: boils
    objective: 99.9
    description: Water boils.
    labels: {hot: true, ratio: 0.20}
    sli:
      events:
        error_query: sum(rate(boils_total{cold="yes"}[{{.window}}]))
        total_query: sum(rate(boils_total[{{.window}}]))
    alerting:
      name: KettleCold
      labels: {category: heat}
      annotations: {summary: cold}
      page_alert:
        labels: {severity: page}
      ticket_alert:
        disable: true
"""
RESOURCE = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: kettle, namespace: tea, labels: {app: kettle}}
spec:
  service: kettle
  slos:
    - name: warm
      objective: 95
      sli:
        raw:
          errorRatioQuery: 1 - avg_over_time(warm_ratio[{{.window}}])
      alerting:
        name: KettleLukewarm
        pageAlert: {labels: {severity: page}}
        ticketAlert:
"""


def test_a_plain_specification() -> None:
    (slo,) = parse([("f", PLAIN)])
    assert (slo.identity, slo.specification) == ("kettle-boils", "prometheus/v1")
    assert [one.ratio for one in slo.objectives] == [Decimal("0.999")]
    assert (slo.period, slo.budgeting_method) == (timedelta(days=30), "Occurrences")
    assert slo.bad == 'sum(rate(boils_total{cold="yes"}[{{.window}}]))'
    assert (slo.file, slo.line, slo.unsupported) == ("f", 7, None)


def test_labels_are_the_texts_that_were_written() -> None:
    (slo,) = parse([("f", PLAIN)])
    assert slo.labels == {"owner": "tea", "tier": "2", "hot": "true", "ratio": "0.20"}


def test_alerts_inherit_labels_and_annotations() -> None:
    alerting = parse([("f", PLAIN)])[0].alerting
    assert (alerting.name, alerting.page.enabled, alerting.ticket.enabled) == (
        "KettleCold", True, False,
    )  # fmt: skip
    assert alerting.page.labels == {"category": "heat", "severity": "page"}
    assert alerting.page.annotations == {"summary": "cold"}


def test_a_kubernetes_resource() -> None:
    (slo,) = parse([("f", RESOURCE)])
    assert (slo.specification, slo.window) == ("sloth.slok.dev/v1", SLOTH_PERIOD)
    assert slo.error_ratio == "1 - avg_over_time(warm_ratio[{{.window}}])"
    assert slo.unsupported is not None
    assert slo.alerting.ticket.enabled


def test_documents_of_several_formats_lie_in_one_file() -> None:
    assert [slo.name for slo in parse([("f", f"---\n{PLAIN}---\n{RESOURCE}")])] == ["boils", "warm"]


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        (PLAIN, ("objective: 99.9", "objective: 100"), r"f:8: slos.0.objective: .*less than 100"),
        (PLAIN, ("error_query", "errorQuery"), r"f:12: slos.0.sli.events.error_query: Field req"),
        (RESOURCE, ("errorRatioQuery", "error_ratio_query"), r"f:10: spec.slos.0.sli.raw.errorR"),
        (PLAIN, ("      name: KettleCold\n", ""), r"f:15: slos.0.alerting: name is missing"),
        (PLAIN, ("prometheus/v1", "prometheus/v2"), r"f:1: version: must be openslo/v1 or"),
        (PLAIN, ("service: kettle", "service: [a]"), r"f:2: service: Input should be a valid str"),
        (PLAIN, ("events:", "plugin: {id: x}\n      events:"), r"f:11: slos.0.sli: exactly one"),
        (RESOURCE, ("PrometheusServiceLevel", "Kettle"), r"f:2: kind: must be PrometheusServi"),
        (RESOURCE, ("spec:", "spec: []\nrest:"), r"f:4: spec: Input should be"),
        (PLAIN, ("  - name: boils", "  - what: boils"), r"f:7: slos.0.name: Field required"),
    ],
)
def test_errors_name_file_line_and_field(text: str, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        parse([("f", text.replace(*change))])
    assert "\n" not in str(raised.value)


def test_every_broken_field_of_a_document_is_named() -> None:
    text = PLAIN.replace("objective: 99.9", "objective: x").replace("service:", "servise:")
    checked = check([("a", text)])
    assert [str(error).split(": ")[:2] for error in checked.errors] == [
        ["a:1", "service"], ["a:2", "servise"], ["a:8", "slos.0.objective"],
    ]  # fmt: skip


def test_every_broken_slo_of_a_document_is_named_and_the_others_are_read() -> None:
    one = PLAIN[PLAIN.index("  - name: boils") :]
    at, end = one.index("      events"), one.index("    alerting")
    plugin = one[:at] + "      plugin: {id: boiling}\n" + one[end:]
    text = PLAIN + plugin.replace("boils", "first") + one + plugin.replace("boils", "second")
    checked = check([("a", text)])
    assert [slo.name for slo in checked.slos] == ["boils"]
    problems = [str(error).split(": ", 1)[1] for error in checked.errors]
    assert [each[:24] for each in problems] == [
        "slos.1.sli.plugin: SLI p", "slos.2.name: second SLO ", "slos.3.sli.plugin: SLI p",
    ]  # fmt: skip


def test_every_broken_document_is_named_and_the_others_are_read() -> None:
    broken = PLAIN.replace("objective: 99.9", "objective: x")
    checked = check([("a", f"{broken}---\n{PLAIN}"), ("b", "x: ["), ("c", RESOURCE)])
    assert [slo.name for slo in checked.slos] == ["boils", "warm"]
    assert [str(error).split(": ")[0] for error in checked.errors] == ["a:8", "b:1"]


def test_two_slos_that_would_write_the_same_series_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"b:7: name: kettle-boils is also .* a:7"):
        parse([("a", PLAIN), ("b", PLAIN)])


def test_a_plugin_is_not_run_and_said_so() -> None:
    at, end = PLAIN.index("      events"), PLAIN.index("    alerting")
    text = PLAIN[:at] + "      plugin: {id: boiling}\n" + PLAIN[end:]
    with pytest.raises(ConfigurationError, match=r"f:12: slos.0.sli.plugin: SLI plugin boiling"):
        parse([("f", text)])


@given(
    st.sampled_from([PLAIN, RESOURCE]),
    st.integers(0, 25),
    st.sampled_from(["[]", "{}", "null", "-1", "x", "{a: b}", "[[1]]", "true", "2026-01-01", "''"]),
)
def test_any_value_anywhere_is_read_or_one_error(text: str, at: int, value: str) -> None:
    lines = text.splitlines()
    line = lines[at % len(lines)]
    lines[at % len(lines)] = f"{line.split(':')[0]}: {value}"
    checked = check([("f", "\n".join(lines))])
    for slo in checked.slos:
        list(errors_of(slo))
        list(remarks_on(slo))
    assert all(str(error).startswith("f") and "\n" not in str(error) for error in checked.errors)
