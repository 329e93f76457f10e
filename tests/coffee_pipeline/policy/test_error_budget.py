"""The release gate's rule on error budgets: what freezes, what only warns, what never passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coffee_pipeline.model.outcome import Verdict
from coffee_pipeline.platform.description import BudgetGateSettings, GateSettings
from coffee_pipeline.policy.error_budget import Budget, judge
from coffee_pipeline.policy.release_gate import GateEvidence, decide

WARN = BudgetGateSettings()
BLOCK = BudgetGateSettings(mode="block")
SPENT = Budget("orders-availability", 1.35, "freeze", "99 % of its period measured")
TIGHT = Budget("orders-latency", 0.8, "review", "99 % of its period measured")
FINE = Budget("orders-latency", 0.1, None, "99 % of its period measured")
UNKNOWN = Budget("orders-latency", None, None, "no data in its period")
NOTHING = GateEvidence(
    build=None, artifacts=(), test_run=None, scans=(), open_findings=(), required_tools=()
)


def test_a_spent_budget_warns_by_default_and_blocks_when_asked_to() -> None:
    warned, blocked = judge([FINE, SPENT], "orders: more", WARN), judge([SPENT], "more", BLOCK)
    assert (warned.verdict, warned.advisory) == (Verdict.FAILED, True)
    assert (blocked.verdict, blocked.advisory) == (Verdict.FAILED, False)
    assert warned.actual == "orders-availability: 135.0% of its budget used, freeze"
    assert "orders-latency 10.0% used, no action" in warned.evidence


@pytest.mark.parametrize(
    ("subject", "passes"),
    [
        ("fix: answer again", True),
        ("fix(orders): answer again", True),
        ('Revert "orders: more"', True),
        ("Fixtures for the menu", False),
        ("orders: fix the fix", False),
        ("", False),
    ],
)
def test_a_fix_does_not_wait_for_the_budget_that_it_is_to_save(subject: str, passes: bool) -> None:
    found = judge([SPENT], subject, BLOCK)
    assert (found.verdict, found.advisory) == (Verdict.FAILED, passes)
    assert ("let through as a fix" in found.actual) == passes


def test_review_warns_and_notify_passes() -> None:
    assert judge([TIGHT, FINE], "", BLOCK).advisory
    assert "somebody must approve" in judge([TIGHT], "", BLOCK).actual
    half = Budget("orders-latency", 0.6, "notify", "")
    assert judge([half], "", BLOCK).verdict is Verdict.PASSED


@pytest.mark.parametrize("budgets", [[], [UNKNOWN], [UNKNOWN, FINE]])
def test_what_was_not_measured_is_neither_passed_nor_in_the_way(budgets: list[Budget]) -> None:
    found = judge(budgets, "", BLOCK)
    assert (found.verdict, found.advisory) == (Verdict.NOT_EVALUATED, True)


@pytest.mark.parametrize("mode", ["off", "warn", "block"])
def test_the_gate_takes_the_rule_as_it_is_set(mode: str) -> None:
    settings = GateSettings(
        missing_evidence_blocks=False, error_budget=BudgetGateSettings(mode=mode)
    )
    evidence = replace(NOTHING, budgets=(SPENT,), subject="orders: more")
    decision, rules = decide("orders", "a" * 40, settings, evidence, datetime.now(UTC))
    found = {rule.rule: rule for rule in rules}.get("error_budget")
    assert (found is None) == (mode == "off")
    assert decision.verdict == ("failed" if mode == "block" else "passed")
    if found is not None:
        assert found.blocking == (mode == "block")
        assert "orders-availability: 135.0%" in decision.reason
