"""OpenSLO's alert policies, and names that documents refer to each other by."""

from __future__ import annotations

import pytest

from coffee_pipeline.slo.specifications import check, parse

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders-availability}
spec:
  service: orders
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(requests_total)}}}
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
"""
ALERTS = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: burning}
spec:
  alertWhenBreaching: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: people}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: page
  condition: {kind: burnrate, op: gte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: people}
spec: {target: email}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: orders}
spec: {}
"""
ALERTED = SLO + "  alertPolicies: [{alertPolicyRef: burning}]\n"


def test_references_that_are_there_leave_only_that_policies_make_no_rules() -> None:
    checked = check([("slo", ALERTED), ("alerts", ALERTS)])
    assert (checked.errors, checked.unresolved) == ([], [])
    (remark,) = checked.remarks
    assert str(remark) == (
        "slo:14: spec.alertPolicies: orders-availability: makes no rules, its alerts are those of "
        "every SLO"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Ref: burning", "Ref: burnt", "slo:14: spec.alertPolicies.0.alertPolicyRef: no Alert"),
        ("service: orders", "service: menu", "slo:5: spec.service: no Service named 'menu' in"),
        ("Ref: fast", "Ref: slow", "alerts:6: spec.conditions.0.conditionRef: no AlertCondition"),
        ("Ref: people", "Ref: all", "alerts:7: spec.notificationTargets.0.targetRef: no Alert"),
    ],
)
def test_a_reference_to_nothing_is_named_though_the_slo_can_be_measured(
    old: str, new: str, problem: str
) -> None:
    files = [("slo", ALERTED.replace(old, new)), ("alerts", ALERTS.replace(old, new))]
    checked = check(files)
    assert [str(error)[: len(problem)] for error in checked.unresolved] == [problem]
    assert len(parse(files)) == 1


def test_where_no_document_of_the_kind_is_given_it_is_said_once() -> None:
    other = ALERTED.replace("name: orders-availability", "name: other").replace(
        "type: Prometheus", "metricSourceRef: metrics", 1
    )
    checked = check([("slo", ALERTED), ("other", other)])
    assert (checked.errors, checked.unresolved) == ([], [])
    kinds = [one.problem.split(":")[0] for one in checked.remarks if "not checked" in one.problem]
    assert kinds == [f"no {one} in these files" for one in ("Service", "AlertPolicy", "DataSource")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threshold: 2", "treshold: 2", "alerts:14: spec.condition.threshold: Field required"),
        ("kind: burnrate", "kind: burn", "alerts:14: spec.condition.kind: Input should be"),
        ("lookbackWindow: 1h", "lookbackWindow: 1", "alerts:14: spec.condition.lookbackWindow: m"),
        ("  severity: page\n", "", "alerts:12: spec.severity: Field required"),
        ("{conditionRef: fast}", "{}", "alerts:6: spec.conditions.0: exactly one of condition"),
        ("target: email", "kind: email", "alerts:19: spec.target: Field required"),
        ("spec: {}", "spec: {owner: x}", "alerts:24: spec.owner: Extra inputs"),
        ("[{alertPolicyRef: burning}]", "[burning]", "slo:14: spec.alertPolicies.0: Input should"),
    ],
)
def test_what_is_wrong_with_alerts_is_named(old: str, new: str, message: str) -> None:
    checked = check([("slo", ALERTED.replace(old, new)), ("alerts", ALERTS.replace(old, new))])
    assert str(checked.errors[0])[: len(message)] == message


def test_a_policy_may_be_written_inline() -> None:
    condition = (
        "{kind: AlertCondition, metadata: {name: c}, spec: {severity: page, condition: "
        "{kind: burnrate, threshold: 2, lookbackWindow: 1h, alertAfter: 0m}}}"
    )
    inline = (
        "{kind: AlertPolicy, metadata: {name: p}, spec: {conditions: [CONDITION], "
        "notificationTargets: [{targetRef: people}]}}"
    ).replace("CONDITION", condition)
    text = ALERTED.replace("{alertPolicyRef: burning}", inline)
    checked = check([("slo", text), ("alerts", ALERTS)])
    assert (checked.errors, checked.unresolved) == ([], [])
    wrong = check([("slo", text.replace("Ref: people", "Ref: none")), ("alerts", ALERTS)])
    location = "slo:14: spec.alertPolicies.0.spec.notificationTargets.0.targetRef: "
    assert [str(error)[: len(location)] for error in wrong.unresolved] == [location]
