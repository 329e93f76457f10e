"""Which commits reached production with which deployment.

A change is a commit that a service's successful production deployment is the first to contain:
the commits on the first-parent line from the deployed revision back to one that was already in
production. Commits that did not touch the service's inputs are not its changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from coffee_pipeline.dora.failures import succeeded
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.source import Revision

MAXIMUM_COMMITS = 10_000
"""Bound on the commits of one deployment."""


@dataclass(frozen=True, slots=True)
class DeliveredChange:
    """A commit that reached production in a service.

    ``lead_time`` is from commit to the end of the deployment that first contains it, in seconds.
    """

    service: str
    revision: str
    subject: str
    committed_at: datetime
    deployed_at: datetime
    deployment_id: str
    lead_time: float


@dataclass(frozen=True)
class Changes:
    """The changes delivered, and what could not be counted.

    ``first`` deployments have no earlier deployed revision to count from; ``unresolved`` ones
    have a gap in the recorded commits (only the deployed commit itself counts); ``reversed_times``
    are commits dated after their deployment, which no lead time can be taken from.
    """

    delivered: tuple[DeliveredChange, ...]
    first: int
    unresolved: int
    reversed_times: int


def delivered_changes(
    revisions: Iterable[Revision],
    untouched: Mapping[str, Collection[str]],
    deployments: Iterable[Deployment],
) -> Changes:
    """The changes that each successful deployment delivered first, over the whole history.

    ``deployments`` are those of one environment, production, in any order. ``untouched`` are the
    services that a revision left as they were: the history's view untouched_services.
    """
    commits = {one.revision: one for one in revisions}
    parents = {name: one.parent for name, one in commits.items()}
    unrelated = _unrelated(untouched)
    by_service: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in sorted(deployments, key=lambda one: (one.finished_at, one.deployment_id)):
        if succeeded(deployment):
            by_service[deployment.service].append(deployment)
    delivered: list[DeliveredChange] = []
    first = unresolved = reversed_times = 0
    for service, ordered in sorted(by_service.items()):
        contained: set[str] = set()
        skipped = unrelated.get(service, set())
        for deployment in ordered:
            if not contained and deployment.previous_revision is None:
                first += 1
                contained.update(_line(deployment.revision, parents, contained)[0])
                continue
            if deployment.previous_revision is not None:
                contained.add(deployment.previous_revision)
            line, joined = _line(deployment.revision, parents, contained)
            if not joined:
                unresolved += 1
                line = [deployment.revision] if deployment.revision in commits else []
            contained.update(line)
            contained.add(deployment.revision)
            for name in line:
                if name in skipped:
                    continue
                change = _change(service, commits[name], deployment)
                if change.lead_time < 0:
                    reversed_times += 1
                else:
                    delivered.append(change)
    return Changes(tuple(delivered), first, unresolved, reversed_times)


def _unrelated(untouched: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Service -> the revisions that left it as it was.

    Many revisions share one collection of services; those are added at once.
    """
    sharing: dict[int, tuple[Collection[str], list[str]]] = {}
    for revision, services in untouched.items():
        sharing.setdefault(id(services), (services, []))[1].append(revision)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for services, revisions in sharing.values():
        for service in services:
            found[service].update(revisions)
    return found


def _change(service: str, commit: Revision, deployment: Deployment) -> DeliveredChange:
    return DeliveredChange(
        service=service,
        revision=commit.revision,
        subject=commit.subject,
        committed_at=commit.committed_at,
        deployed_at=deployment.finished_at,
        deployment_id=deployment.deployment_id,
        lead_time=(deployment.finished_at - commit.committed_at).total_seconds(),
    )


def _line(
    head: str, parents: Mapping[str, str | None], contained: Collection[str]
) -> tuple[list[str], bool]:
    """Known commits from ``head`` back to one that is contained, and whether one was met."""
    line: list[str] = []
    current: str | None = head
    for _ in range(MAXIMUM_COMMITS):
        if current is None or current in contained:
            break
        if current not in parents:
            return line, False
        line.append(current)
        current = parents[current]
    return line, current is not None and current in contained
