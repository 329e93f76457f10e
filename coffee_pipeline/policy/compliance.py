"""Compliance scores: how much of what the policies demand is met. Pure: results in, score out.

The formula: the weight of results that passed, in a hundred of the weight of results that apply
(passed, failed, not_evaluated). ``not_applicable`` counts on neither side. A policy counts once
for each subject that it applies to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.model.compliance import ComplianceScore, PolicyOutcome, PolicyResult

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The sums of some results, and what they come to.

    ``percent`` is None, with a ``reason``, where nothing applied.
    """

    percent: float | None
    reason: str | None
    counts: dict[PolicyOutcome, int]
    passed_weight: int
    applicable_weight: int
    policies: int


def score(results: Sequence[PolicyResult]) -> Score:
    """The weighted share of what is met; no results and nothing applicable are no score."""
    counts = Counter(PolicyOutcome(result.outcome) for result in results)
    applicable = [one for one in results if one.outcome != PolicyOutcome.NOT_APPLICABLE]
    weight = sum(one.weight for one in applicable)
    met = sum(one.weight for one in applicable if one.outcome == PolicyOutcome.PASSED)
    reason: str | None = None
    if not results:
        reason = "no policy was evaluated"
    elif not weight:
        reason = "no policy applies"
    return Score(
        percent=100 * met / weight if weight else None,
        reason=reason,
        counts={outcome: counts[outcome] for outcome in PolicyOutcome},
        passed_weight=met,
        applicable_weight=weight,
        policies=len({result.policy for result in results}),
    )


def meets(found: ComplianceScore) -> tuple[bool, str]:
    """Whether a score passes the gate, and why in one line. No score never passes."""
    if found.percent is None:
        return False, f"no score: {found.reason or 'no reason given'}"
    applicable = found.passed + found.failed + found.not_evaluated
    said = (
        f"{found.percent:.1f} % of the weight of {applicable} applicable answers, "
        f"must exceed {found.minimum_percent:g} %; {found.failed} failed, "
        f"{found.not_evaluated} not evaluated"
    )
    return found.percent > found.minimum_percent, said


def unmet(results: Sequence[PolicyResult], outcome: PolicyOutcome) -> str | None:
    """The policies with this outcome, the weightiest first, in one line; None without any."""
    weights: dict[str, int] = {}
    for one in results:
        if one.outcome == outcome:
            weights[one.policy] = one.weight
    names = sorted(weights, key=lambda name: (-weights[name], name))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}" if names else None
