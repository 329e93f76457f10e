"""Budget policies and forecasts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.budget_policy import ANNOTATION, DEFAULT_POLICY, action_at, policy_of


@pytest.mark.parametrize(
    ("used", "action"),
    [("0.49", None), ("0.5", "notify"), ("0.75", "review"), ("1", "freeze"), ("7", "freeze")],
)
def test_what_happens_when(used: str, action: str | None) -> None:
    step = action_at(DEFAULT_POLICY, Fraction(used))
    assert (step.action if step else None) == action


def test_nothing_measured_decides_nothing() -> None:
    assert action_at(DEFAULT_POLICY, None) is None


def test_a_document_names_its_own() -> None:
    policy = policy_of({ANNOTATION: "90 % = freeze, 12.5=notify"})
    assert [(one.used, one.action) for one in policy] == [
        (Fraction(1, 8), "notify"),
        (Fraction(9, 10), "freeze"),
    ]


@pytest.mark.parametrize("text", ["", "freeze", "50=stop", "x=freeze", "1e3=notify"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="must be percent=action"):
        policy_of({ANNOTATION: text})
