"""Which production deployments failed, and which were rework.

A deployment *failed* when it was rolled back or failed, when an incident names it, when the
service's next production deployment was an operator's rollback away from its revision, or when a
later commit reverts what it brought or is a hotfix (:mod:`~coffee_pipeline.dora.repairs`).
dora.dev: "deployments that require immediate intervention", likely a rollback or a hotfix.

A deployment is *rework* when it was unplanned and made because of a failure in production
(dora.dev's deployment rework rate). Recognised by evidence: the service's production deployment
just before it failed, and it is a rollback, or a new try of the same revision, or its revision was
committed after the failed deployment had begun; or it carries a revert or hotfix of an earlier one.
A release that was committed before the failure was planned, even if it went out next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import DeploymentOutcome

ROLLBACK = "rollback"
"""Value of :attr:`Deployment.strategy` for an operator's return to an earlier revision."""


class Plan(StrEnum):
    """Whether a deployment was planned work."""

    PLANNED = "planned"
    REWORK = "rework"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Repairs:
    """What commits say of deployments, each by its identity with the words of the evidence.

    ``failed`` were put right by a later one, ``repairing`` put an earlier one right.
    """

    failed: Mapping[str, str] = field(default_factory=dict)
    repairing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """A production deployment with what it came to.

    ``failure`` says why it counts as failed, None when it does not; ``incidents`` are those that
    name it.
    """

    deployment: Deployment
    failure: str | None
    plan: Plan
    incidents: tuple[Incident, ...]

    @property
    def is_change(self) -> bool:
        """A rollback puts back what ran before: it is remedy, not a change of its own."""
        return self.deployment.strategy != ROLLBACK


def succeeded(deployment: Deployment) -> bool:
    """Whether the deployment put its revision into the environment, for good."""
    return deployment.outcome == DeploymentOutcome.SUCCEEDED


def judged_deployments(
    deployments: Iterable[Deployment],
    incidents: Iterable[Incident],
    revisions: Iterable[Commit],
    repairs: Repairs | None = None,
) -> list[Judged]:
    """Every deployment of one environment with its verdict, in the order they began."""
    told = repairs or Repairs()
    named: dict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        if incident.deployment_id is not None:
            named[incident.deployment_id].append(incident)
    commits = {one.revision: one for one in revisions}
    by_service: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in sorted(deployments, key=lambda one: (one.started_at, one.deployment_id)):
        by_service[deployment.service].append(deployment)
    judged: list[Judged] = []
    for ordered in by_service.values():
        failed: Deployment | None = None
        for index, deployment in enumerate(ordered):
            following = ordered[index + 1] if index + 1 < len(ordered) else None
            found = tuple(named.get(deployment.deployment_id, ()))
            failure = _failure(deployment, found, following)
            plan = _plan(deployment, failed, commits)
            # What only a later commit told of was not known when the next deployment was made.
            failed = deployment if failure is not None else None
            identity = deployment.deployment_id
            failure = failure or told.failed.get(identity)
            plan = Plan.REWORK if identity in told.repairing else plan
            judged.append(Judged(deployment, failure, plan, found))
    return sorted(judged, key=lambda one: (one.deployment.started_at, one.deployment.deployment_id))


def _failure(
    deployment: Deployment, incidents: tuple[Incident, ...], following: Deployment | None
) -> str | None:
    if not succeeded(deployment):
        return deployment.reason or deployment.outcome
    if incidents:
        return f"incident {incidents[0].incident_id}: {incidents[0].title}"
    undone = (
        following is not None
        and following.strategy == ROLLBACK
        and deployment.strategy != ROLLBACK
        and following.previous_revision == deployment.revision
    )
    return f"rolled back by {following.cause}" if undone and following is not None else None


def _plan(deployment: Deployment, failed: Deployment | None, commits: Mapping[str, Commit]) -> Plan:
    """``failed`` is the deployment just before, if it failed."""
    if deployment.strategy == ROLLBACK:
        return Plan.REWORK
    if failed is None:
        return Plan.PLANNED
    if deployment.revision == failed.revision:
        return Plan.REWORK
    commit = commits.get(deployment.revision)
    if commit is None:
        return Plan.UNKNOWN
    later = commit.committed_at >= failed.started_at
    return Plan.REWORK if later else Plan.PLANNED
