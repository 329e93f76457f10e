"""Facts of compliance: what every policy said of every subject, and the scores of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PolicyOutcome(StrEnum):
    """What a policy said of a subject.

    ``not_evaluated``: it applies, but the evidence that it asks for is missing. That counts as
    not met in a score, since nothing shows that it is; it is no finding, since nothing shows that
    it is not.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not_evaluated"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """What one policy said of one subject. ``outcome`` as :class:`PolicyOutcome`.

    ``subject`` is ``kind:name`` of what was judged: an object of Kubernetes with its file, the
    service, the platform. ``service`` is None for subjects of the whole platform. ``weight``
    (1 to 10) is what the policy counts in scores. ``controls`` are the controls of published
    standards that it maps to, separated by ``; ``. ``rules`` is the digest of all policy files.
    """

    platform: str
    service: str | None
    revision: str
    policy: str
    title: str
    subject: str
    subject_kind: str
    path: str | None
    outcome: str
    message: str | None
    severity: str
    weight: int
    controls: str
    rules: str
    evaluated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceScore:
    """The score of a service at a revision, or of what is asked of the platform as such.

    ``percent`` is the weight of what passed in a hundred of the weight of what applies; None with
    a ``reason`` where nothing applied or OPA gave no answer. ``minimum_percent`` must be exceeded.
    ``service`` is None for the platform's own policies; the view ``compliance_status`` adds the
    scores up for the platform as a whole.
    """

    platform: str
    service: str | None
    revision: str
    percent: float | None
    reason: str | None
    minimum_percent: float
    passed: int
    failed: int
    not_evaluated: int
    not_applicable: int
    passed_weight: int
    applicable_weight: int
    policies: int
    evaluated_at: datetime
