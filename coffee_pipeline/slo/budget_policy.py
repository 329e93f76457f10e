"""What happens when a share of the error budget is used up.

Source: Google, The Site Reliability Workbook, appendix B "Example Error Budget Policy": with the
budget used up, releases stop but for fixes. An OpenSLO document may name its own policy in the
annotation ``coffee-pipeline/budget-policy``: ``50=notify, 75=review, 100=freeze``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from coffee_pipeline.errors import ConfigurationError

Action = Literal["notify", "review", "freeze"]
"""notify: tell the owners. review: a release needs somebody's approval. freeze: no release but
fixes of reliability and security; the release gate blocks."""

ANNOTATION = "coffee-pipeline/budget-policy"
_STEP = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%?\s*=\s*([a-z]+)")


@dataclass(frozen=True)
class PolicyStep:
    """From this share of the budget on (1: all of it), do this."""

    used: Fraction
    action: Action


DEFAULT_POLICY = (
    PolicyStep(Fraction(1, 2), "notify"),
    PolicyStep(Fraction(3, 4), "review"),
    PolicyStep(Fraction(1), "freeze"),
)


def policy_of(annotations: Mapping[str, str]) -> tuple[PolicyStep, ...]:
    """The policy that the annotations name, by rising share; the default one without any.

    Raises:
        ConfigurationError: the annotation is not a list of percent=action.
    """
    text = annotations.get(ANNOTATION)
    if text is None:
        return DEFAULT_POLICY
    return tuple(sorted((_step(part) for part in text.split(",")), key=lambda one: one.used))


def action_at(policy: tuple[PolicyStep, ...], used: Fraction | None) -> PolicyStep | None:
    """The last step reached; None before the first, and where nothing was measured."""
    if used is None:
        return None
    return next((one for one in reversed(policy) if used >= one.used), None)


def _step(part: str) -> PolicyStep:
    match = _STEP.fullmatch(part.strip())
    for action in get_args(Action):
        if match is not None and match[2] == action:
            return PolicyStep(Fraction(match[1]) / 100, action)
    known = ", ".join(get_args(Action))
    raise ConfigurationError(
        f"{ANNOTATION}: {part.strip()!r} must be percent=action, action one of {known}"
    )
