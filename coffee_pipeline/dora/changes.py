"""Which commits reached production with which deployment.

A change is a commit that a service's successful production deployment is the first to contain:
the commits from the deployed revision back to those that were already in production, on all sides
of merges. A merge is no change itself where its sides are known, and commits that did not touch the
service's inputs are not its changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.failures import succeeded
from coffee_pipeline.model.deployment import Deployment

MAXIMUM_COMMITS = 10_000
"""Bound on the commits of one deployment."""

ROOT = -1
"""In place of the number of a commit: there is none."""

_BEFORE, _NOW = 1, 2
"""A commit was contained before this walk, or is since it."""


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
    revisions: Iterable[Commit],
    untouched: Mapping[str, Collection[str]],
    deployments: Iterable[Deployment],
) -> Changes:
    """The changes that each successful deployment delivered first, over the whole history.

    ``deployments`` are those of one environment, production, in any order. ``untouched`` are the
    services that a revision left as they were: the history's view untouched_services.
    """
    ancestry = _Ancestry(revisions)
    by_service: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in sorted(deployments, key=lambda one: (one.finished_at, one.deployment_id)):
        if succeeded(deployment):
            by_service[deployment.service].append(deployment)
            ancestry.number(deployment.revision)
            ancestry.number(deployment.previous_revision)
    left_alone = [untouched.get(one.revision, ()) for one in ancestry.commits]
    delivered: list[DeliveredChange] = []
    first = unresolved = reversed_times = 0
    for service, ordered in sorted(by_service.items()):
        contained = bytearray(len(ancestry.numbers))
        begun = False
        for deployment in ordered:
            head = ancestry.number(deployment.revision)
            previous = ancestry.number(deployment.previous_revision)
            if previous == ROOT and not begun:
                first += 1
                begun = True
                ancestry.take(head, contained)
                continue
            if previous != ROOT and not contained[previous]:
                ancestry.take(previous, contained)
            begun = True
            taken, joined = ancestry.take(head, contained)
            if not joined:
                unresolved += 1
                taken = [head] if head < len(ancestry.commits) else []
            for at in taken:
                if service in left_alone[at] or (joined and ancestry.is_merge(at)):
                    continue
                change = _change(service, ancestry.commits[at], deployment)
                if change.lead_time < 0:
                    reversed_times += 1
                else:
                    delivered.append(change)
    return Changes(tuple(delivered), first, unresolved, reversed_times)


class _Ancestry:
    """Commits by number, and the number of each one's first parent.

    Numbers, as every service walks the same commits again: those of the recorded ``commits`` come
    first, then those of commits that are only named.
    """

    def __init__(self, revisions: Iterable[Commit]) -> None:
        recorded = {one.revision: one for one in revisions}
        self.commits = tuple(recorded.values())
        self.numbers = {name: at for at, name in enumerate(recorded)}
        self._parents = [self.number(one.parent) for one in self.commits]
        self._merged = {
            at: [self.number(parent) for parent in one.merged]
            for at, one in enumerate(self.commits)
            if one.merged
        }

    def number(self, revision: str | None) -> int:
        """The number of a commit, known or not; ROOT for none."""
        if revision is None:
            return ROOT
        return self.numbers.setdefault(revision, len(self.numbers))

    def is_merge(self, at: int) -> bool:
        """Whether other commits than its first parent are known to come with it."""
        return at in self._merged

    def take(self, head: int, contained: bytearray) -> tuple[list[int], bool]:
        """Mark ``head`` and all that it follows as contained.

        Returns:
            The known commits that were not contained before, and whether these are all that is
            new: every way back ends at one that was contained, and none at an unknown one.
        """
        taken: list[int] = []
        beyond: list[int] = []
        known = len(self.commits)
        met = False
        waiting = [head]
        while waiting:
            at = waiting.pop()
            while at != ROOT:
                if contained[at]:
                    met = met or contained[at] == _BEFORE
                    break
                contained[at] = _NOW
                if at >= known or len(taken) == MAXIMUM_COMMITS:
                    beyond.append(at)
                    break
                taken.append(at)
                waiting.extend(self._merged.get(at, ()))
                at = self._parents[at]
        for at in (*taken, *beyond):
            contained[at] = _BEFORE
        return taken, met and not beyond


def _change(service: str, commit: Commit, deployment: Deployment) -> DeliveredChange:
    return DeliveredChange(
        service=service,
        revision=commit.revision,
        subject=commit.subject,
        committed_at=commit.committed_at,
        deployed_at=deployment.finished_at,
        deployment_id=deployment.deployment_id,
        lead_time=(deployment.finished_at - commit.committed_at).total_seconds(),
    )
