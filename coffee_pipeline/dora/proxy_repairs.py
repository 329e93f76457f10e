"""Which proxy deployments failed, as far as later reverts and hotfixes tell.

A revert speaks of the deployment that brought what it undoes; a hotfix of the release that its own
followed. Within one component: what another component released next has nothing to do with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coffee_pipeline.dora.proxy_deployments import ProxyDeployments, Source
from coffee_pipeline.dora.rework import (
    REPAIR_DAYS,
    Reverted,
    Rework,
    plain_subject,
    request_of,
    rework_of,
)
from coffee_pipeline.platform.commit_log import CommitLog, LoggedCommit

REPAIR_WINDOW = REPAIR_DAYS * 86_400
"""The same in seconds."""

_ALIKE = 5
"""Commits of one subject that are tried, the last ones first."""
_CLOCKS_APART = 86_400
"""Seconds that a commit may seem older than one it is made on."""
_FARTHEST = 20_000
"""Commits between a revert and its target that are walked."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A deployment (index) that failed, and what put it right.

    ``repaired_by`` is the later deployment's index; None for a revert that went straight to the
    branch, or that no release contains yet. ``repaired_at`` in seconds since 1970, None when it is
    not delivered yet.
    """

    failed: int
    repaired_by: int | None
    repaired_at: int | None
    evidence: str
    kind: str


@dataclass(frozen=True)
class Repairing:
    """The commits that put something right: reverts with what they undo, and hotfixes."""

    undone: Mapping[str, tuple[str, ...]]
    hotfixes: tuple[str, ...]

    @property
    def commits(self) -> frozenset[str]:
        """The commits of which the deployment within each component must be known."""
        targets = (one for found in self.undone.values() for one in found)
        return frozenset([*self.undone, *targets])


def repairing_commits(log: CommitLog) -> Repairing:
    """The reverts whose target is in ``log``, and the hotfixes."""
    told: dict[str, Rework] = {}
    for name, commit in log.commits.items():
        words = rework_of(commit.subject, log.messages.get(name, commit.subject),
                          merge=len(commit.parents) > 1)  # fmt: skip
        if words.hotfix or words.reverted:
            told[name] = words
    targets = _Targets(log, [one.reverted for one in told.values() if one.reverted])
    undone = {}
    for name, one in told.items():
        if one.reverted is not None:
            found = targets.of(log.commits[name], one.reverted)
            # What undoes a revert puts a change back: it says nothing against the revert.
            changes = tuple(each for each in found if each not in told or not told[each].reverted)
            if changes:
                undone[name] = changes
    return Repairing(undone, tuple(name for name, one in told.items() if one.hotfix))


def repairs_of(
    log: CommitLog,
    chosen: ProxyDeployments,
    repairing: Repairing,
    first: Mapping[str, int],
    delivered_by: Mapping[str, Mapping[str, int]],
) -> tuple[list[Repair], int]:
    """The repairs, and how many came too late to speak of a failure.

    ``first`` is each commit's first deployment; ``delivered_by`` the same within each component.
    """
    straight = frozenset() if chosen.source is Source.TAGS else frozenset(chosen.line)
    found: list[tuple[LoggedCommit, int, int | None, str, str]] = []
    for name, targets in repairing.undone.items():
        for target in targets:
            pair = _broken_and_fixed(target, name, delivered_by)
            if pair is not None:
                words = f"{name[:12]} reverts {target[:12]}"
                found.append((log.commits[name], *pair, words, "revert"))
    for name in repairing.hotfixes:
        commit = log.commits[name]
        # The merge of a hotfix tells of the release that has its commits, not of later merges back.
        brought = commit.parents[1] if len(commit.parents) > 1 else name
        fixed_by = first.get(brought)
        broken = chosen.previous[fixed_by] if fixed_by is not None else None
        if broken is not None:
            words = f"{name[:12]} is a hotfix: {commit.subject[:60]}"
            found.append((commit, broken, fixed_by, words, "hotfix"))
    repairs, late = [], 0
    for commit, failed, fixed, words, kind in found:
        if commit.committed is None:
            continue
        after = commit.committed - chosen.found[failed].at
        late += after > REPAIR_WINDOW
        if 0 <= after <= REPAIR_WINDOW:
            at = commit.committed if commit.revision in straight else None
            at = chosen.found[fixed].at if fixed is not None else at
            repairs.append(Repair(failed, fixed, at, words, kind))
    return sorted(repairs, key=lambda one: (one.failed, one.repaired_at or 0, one.evidence)), late


def _broken_and_fixed(
    target: str, revert: str, delivered_by: Mapping[str, Mapping[str, int]]
) -> tuple[int, int | None] | None:
    """The deployment that a revert blames, and the one of the same component that carries it.

    Of several components that delivered the target, the one that was put right first.
    """
    done: list[tuple[int, int]] = []
    waiting: list[int] = []
    for owner in delivered_by.values():
        broken, fixed = owner.get(target), owner.get(revert)
        if broken is None or (fixed is not None and broken >= fixed):
            continue
        if fixed is None:
            waiting.append(broken)
        else:
            done.append((fixed, broken))
    if done:
        fixed, broken = min(done)
        return broken, fixed
    return (min(waiting), None) if waiting else None


class _Targets:
    """Finds the commits that reverts undo, on the reverts' own lines of history."""

    def __init__(self, log: CommitLog, reverts: Iterable[Reverted]) -> None:
        self._log = log
        self._hashes = sorted(log.commits)
        self._position = {name: at for at, name in enumerate(log.commits)}
        numbers = {number for one in reverts for number in one.requests}
        self._by_subject: dict[str, list[str]] = {}
        self._by_number: dict[int, list[str]] = {}
        for name in log.commits:
            subject = log.commits[name].subject
            self._by_subject.setdefault(plain_subject(subject), []).append(name)
            if numbers:
                number = request_of(subject, log.messages.get(name, ""))
                if number in numbers and number is not None:
                    self._by_number.setdefault(number, []).append(name)

    def of(self, revert: LoggedCommit, words: Reverted) -> tuple[str, ...]:
        """The commits it names by hash or request, else the last one before with its subject.

        A commit named that is not on the revert's line was copied to it: the copy is meant.
        """
        named = [one for short in words.hashes for one in self._named(short)]
        found = [one for name in named if (one := self._on_line(name, revert)) is not None]
        if not found:
            for number in words.requests:
                found += self._last(self._by_number.get(number, ()), revert)
        if not found and words.subject is not None:
            found += self._alike(words.subject, revert)
        return tuple(dict.fromkeys(found))

    def _named(self, short: str) -> list[str]:
        at = bisect_left(self._hashes, short)
        alike = [one for one in self._hashes[at : at + 2] if one.startswith(short)]
        return alike if len(alike) == 1 else []

    def _on_line(self, name: str, revert: LoggedCommit) -> str | None:
        if self._is_before(name, revert):
            return name
        copies = self._alike(self._log.commits[name].subject, revert)
        return copies[0] if copies else None

    def _alike(self, subject: str, revert: LoggedCommit) -> list[str]:
        """The last commit before with a subject: wholly, else but for a request's number."""
        same = self._by_subject.get(plain_subject(subject), [])
        wholly = [one for one in same if self._log.commits[one].subject == subject.strip()]
        numberless = same if plain_subject(subject) == subject.strip() else []
        return self._last(wholly, revert) or self._last(numberless, revert)

    def _last(self, names: Sequence[str], revert: LoggedCommit) -> list[str]:
        if revert.committed is None:
            return []
        before = [
            (when, name)
            for name in names
            if (when := self._log.commits[name].committed) is not None and when <= revert.committed
        ]
        for _, name in sorted(before, key=lambda one: one[0], reverse=True)[:_ALIKE]:
            if self._is_before(name, revert):
                return [name]
        return []

    def _is_before(self, name: str, revert: LoggedCommit) -> bool:
        """Whether the revert was made on top of the commit; assumed where that is far to walk."""
        commits, position = self._log.commits, self._position
        lowest, oldest = position[name], (commits[name].committed or 0) - _CLOCKS_APART
        seen: set[str] = set()
        stack = list(revert.parents)
        while stack and len(seen) < _FARTHEST:
            one = stack.pop()
            if one == name:
                return True
            # Children come before parents: beyond the commit's place it can no more be met.
            if one in seen or position.get(one, lowest) >= lowest:
                continue
            seen.add(one)
            if (commits[one].committed or oldest) >= oldest:
                stack.extend(commits[one].parents)
        return bool(stack)
