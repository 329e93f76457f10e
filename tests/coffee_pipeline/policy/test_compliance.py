from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.compliance import ComplianceScore, PolicyOutcome, PolicyResult
from coffee_pipeline.policy.compliance import meets, score, unmet

AT = datetime(2026, 3, 1, tzinfo=UTC)
PASSED, FAILED, UNKNOWN, ELSEWHERE = (
    PolicyOutcome.PASSED, PolicyOutcome.FAILED, PolicyOutcome.NOT_EVALUATED,
    PolicyOutcome.NOT_APPLICABLE,
)  # fmt: skip


def result(outcome: PolicyOutcome, weight: int = 1, policy: str = "limits") -> PolicyResult:
    return PolicyResult(
        platform="shop", service="menu", revision="abc", policy=policy, title="t", subject="s",
        subject_kind="manifest", path=None, outcome=outcome.value, message=None, severity="high",
        weight=weight, controls="c", rules="r", evaluated_at=AT,
    )  # fmt: skip


def stored(percent: float | None, reason: str | None = None) -> ComplianceScore:
    return ComplianceScore(
        platform="shop", service="menu", revision="abc", percent=percent, reason=reason,
        minimum_percent=90, passed=9, failed=1, not_evaluated=0, not_applicable=2,
        passed_weight=9, applicable_weight=10, policies=3, evaluated_at=AT,
    )  # fmt: skip


def test_what_passed_is_weighed_against_what_applies() -> None:
    found = score([result(PASSED, 8), result(FAILED, 1), result(UNKNOWN, 1), result(ELSEWHERE, 9)])
    assert found.percent == 80
    assert (found.passed_weight, found.applicable_weight) == (8, 10)
    assert found.counts == {PASSED: 1, FAILED: 1, UNKNOWN: 1, ELSEWHERE: 1}


@pytest.mark.parametrize(
    ("results", "reason"),
    [([], "no policy was evaluated"), ([result(ELSEWHERE)], "no policy applies")],
)
def test_without_anything_applicable_there_is_no_score(results, reason) -> None:
    found = score(results)
    assert (found.percent, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("found", "passes", "said"),
    [
        (stored(90.0), False, "90.0 % of the weight of 10 applicable answers, must exceed 90 %"),
        (stored(90.1), True, "90.1 %"),
        (stored(None, "opa is not there"), False, "no score: opa is not there"),
        (stored(None), False, "no score: no reason given"),
    ],
)
def test_the_gate_must_be_exceeded_and_no_score_never_passes(found, passes, said) -> None:
    passed, why = meets(found)
    assert passed is passes
    assert why.startswith(said)


def test_the_weightiest_of_what_is_not_met_comes_first() -> None:
    results = [result(FAILED, 1, "a"), result(FAILED, 5, "b"), result(PASSED, 9, "c")]
    assert unmet(results, FAILED) == "b, a"
    assert unmet(results, UNKNOWN) is None
    assert unmet([result(FAILED, 1, name) for name in "abcdefg"], FAILED) == (
        "a, b, c, d, e and 2 more"
    )


RESULTS = st.lists(st.builds(result, st.sampled_from(PolicyOutcome), st.integers(1, 10)))


@given(RESULTS, st.randoms())
def test_order_does_not_matter_and_the_score_is_a_percentage(results, random) -> None:
    found = score(results)
    assert (found.percent is None) == (found.reason is not None)
    assert found.percent is None or 0 <= found.percent <= 100
    shuffled = list(results)
    random.shuffle(shuffled)
    assert score(shuffled) == found


@given(RESULTS, st.integers(1, 10))
def test_missing_evidence_never_raises_a_score(results, weight) -> None:
    before = score(results).percent
    after = score([*results, result(UNKNOWN, weight)]).percent
    assert after is not None
    assert before is None or after <= before
