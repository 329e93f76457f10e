"""Which deployments later commits speak against: reverts of what they brought, and hotfixes.

A revert speaks of the deployment that brought what it undoes, a hotfix of the service's deployment
before the one that carries it; both for :data:`REPAIR_WINDOW` only. What a commit says of itself is
told in :mod:`~coffee_pipeline.dora.rework`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.failures import ROLLBACK, Repairs, succeeded
from coffee_pipeline.dora.rework import REPAIR_DAYS, Reverted, plain_subject, request_of
from coffee_pipeline.model.deployment import Deployment

REPAIR_WINDOW = timedelta(days=REPAIR_DAYS)
"""After a deployment; what was committed later says nothing of its failure."""


def repairs_of(
    changes: Sequence[DeliveredChange], commits: Iterable[Commit], deployments: Iterable[Deployment]
) -> Repairs:
    """What the delivered commits say of earlier deployments of their services.

    ``deployments`` are those of one environment that the ``changes`` came with.
    """
    speaking = {one.revision: one for one in commits if one.rework.reverted or one.rework.hotfix}
    if not speaking:
        return Repairs()
    failed: dict[str, str] = {}
    repairing: dict[str, str] = {}
    brought: defaultdict[str, list[DeliveredChange]] = defaultdict(list)
    for change in changes:
        brought[change.service].append(change)
    before = _deployments_before(deployments)
    for own in brought.values():
        for change in own:
            if change.revision not in speaking:
                continue
            for broken, ended, words in _spoken_of(change, speaking, own, before):
                if timedelta(0) <= change.committed_at - ended <= REPAIR_WINDOW:
                    failed.setdefault(broken, words)
                    repairing.setdefault(change.deployment_id, words)
    return Repairs(failed, repairing)


def _deployments_before(deployments: Iterable[Deployment]) -> Mapping[str, Deployment]:
    """For each deployment the one that its service was given before, rollbacks left out."""
    found: dict[str, Deployment] = {}
    latest: dict[str, Deployment] = {}
    for one in sorted(deployments, key=lambda each: (each.finished_at, each.deployment_id)):
        if one.service in latest:
            found[one.deployment_id] = latest[one.service]
        if succeeded(one) and one.strategy != ROLLBACK:
            latest[one.service] = one
    return found


def _spoken_of(
    change: DeliveredChange,
    speaking: Mapping[str, Commit],
    own: Sequence[DeliveredChange],
    before: Mapping[str, Deployment],
) -> Iterator[tuple[str, datetime, str]]:
    """The deployments it speaks against, when they ended, and the words of the evidence."""
    rework = speaking[change.revision].rework
    short = change.revision[:12]
    if rework.reverted is None:
        previous = before.get(change.deployment_id)
        if previous is not None:
            words = f"{short} is a hotfix: {change.subject[:60]}"
            yield previous.deployment_id, previous.finished_at, words
        return
    for target in _undone(change, rework.reverted, own):
        known = speaking.get(target.revision)
        # What undoes a revert puts a change back: it says nothing against the revert.
        if target.deployment_id == change.deployment_id or (known and known.rework.reverted):
            continue
        words = f"{short} reverts {target.revision[:12]}"
        yield target.deployment_id, target.deployed_at, words


def _undone(
    revert: DeliveredChange, words: Reverted, own: Sequence[DeliveredChange]
) -> list[DeliveredChange]:
    """The service's changes that a revert names: by hash, else by request, else by subject."""
    earlier = [
        one for one in own
        if one.revision != revert.revision and one.committed_at <= revert.committed_at
    ]  # fmt: skip
    named = (
        [one for one in earlier if one.revision.startswith(words.hashes)] if words.hashes else []
    )
    if not named and words.requests:
        named = [one for one in earlier if request_of(one.subject) in words.requests]
    if named or words.subject is None:
        return named
    subject = words.subject.strip()
    alike = [one for one in earlier if one.subject == subject]
    if not alike and plain_subject(subject) == subject:
        alike = [one for one in earlier if plain_subject(one.subject) == subject]
    return [max(alike, key=lambda one: one.committed_at)] if alike else []
