"""The release gate's rule on error budgets: freeze releases when a policy says so.

Source: Google, The Site Reliability Workbook, appendix B: with the budget used up, releases stop
but for fixes of reliability and security.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.model.outcome import Verdict
from coffee_pipeline.platform.description import BudgetGateSettings
from coffee_pipeline.policy.answer import Answer


@dataclass(frozen=True)
class Budget:
    """What an SLO's budget policy asks for, from what was measured before the release.

    ``used`` is the share of the error budget used up, None without data. ``action`` is notify,
    review or freeze, None before the policy's first step.
    """

    slo: str
    used: float | None
    action: str | None
    measured: str


def judge(budgets: Sequence[Budget], subject: str, settings: BudgetGateSettings) -> Answer:
    """The strictest action that the budget policies of a service's SLOs ask for.

    Missing budgets never block: before the first release nothing can have been measured.
    """
    blocks = settings.mode == "block"
    required = "no SLO of the service asks for a freeze"
    known = [one for one in budgets if one.used is not None]
    read = "; ".join(_budget(one) for one in budgets) or "service levels: none recorded"
    if not known:
        return Answer(Verdict.NOT_EVALUATED, "no error budget is known", required, read, True)
    worst = max(known, key=lambda one: (_ACTIONS.index(one.action), one.used or 0))
    actual = f"{worst.slo}: {worst.used:.1%} of its budget used, {worst.action or 'no action'}"
    if worst.action == "freeze":
        exempt = _exempt(subject, settings.exempt_subjects)
        if blocks and exempt:
            actual += f"; let through as a fix: {exempt}"
        return Answer(Verdict.FAILED, actual, required, read, not blocks or bool(exempt))
    if worst.action == "review":
        return Answer(Verdict.FAILED, f"{actual}: somebody must approve", required, read, True)
    unknown = [one for one in budgets if one.used is None]
    if unknown:
        missing = f"{unknown[0].slo}: no data ({unknown[0].measured})"
        return Answer(Verdict.NOT_EVALUATED, missing, required, read, True)
    return Answer(Verdict.PASSED, actual, required, read)


_ACTIONS = (None, "notify", "review", "freeze")
"""What a budget policy may ask for, mildest first."""


def _budget(one: Budget) -> str:
    used = "no data" if one.used is None else f"{one.used:.1%} used"
    return f"{one.slo} {used}, {one.action or 'no action'}, {one.measured}"


def _exempt(subject: str, words: Sequence[str]) -> str | None:
    """The word that the subject begins with, as in ``fix(orders): ...`` or ``Revert "..."``."""
    begun = subject.strip().lower()
    for word in words:
        rest = begun.removeprefix(word.lower())
        if rest != begun and not rest[:1].isalnum():
            return word
    return None
