"""Which commits each proxy deployment is the first to contain, and which it had to put right.

Every commit is walked once, so the time grows with the history, not with its product with the
number of releases.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coffee_pipeline.dora.proxy_deployments import (
    EARLIEST,
    ProxyDeployment,
    ProxyDeployments,
    Source,
    is_pull_merge,
)
from coffee_pipeline.platform.commit_log import CommitLog, LoggedCommit

REPAIR_WINDOW = 30 * 86_400
"""Seconds after a deployment in which a revert or hotfix still speaks of its failure."""

_HOTFIX = re.compile(r"\bhot[-_ ]?fix(?:es|ed)?\b", re.IGNORECASE)
_QUOTED = re.compile(r'Revert "(.+)"')
_UNDOES_A_REVERT = re.compile(r'(?:Revert "Revert |Reapply )"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProxyChange:
    """A commit that a deployment delivered; ``lead_time`` in seconds from its author's time.

    ``lead_time`` is None with a ``reason``: ``same`` - author's time, committer's time and the
    deployment's are one and the same, which says nothing; ``odd`` - the author's time is missing,
    impossible or after the deployment; ``cut`` - the history before it is not here.
    """

    revision: str
    deployment: int
    lead_time: int | None
    reason: str


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
class Delivered:
    """What the deployments contained: changes, repairs, and what was not counted."""

    changes: tuple[ProxyChange, ...]
    repairs: tuple[Repair, ...]
    notes: tuple[str, ...]


def delivered(log: CommitLog, chosen: ProxyDeployments) -> Delivered:
    """The changes and the recognised repairs of all deployments."""
    walk = _Walk(log, chosen)
    if chosen.source is Source.TAGS:
        walk.releases()
    else:
        walk.line()
    repairs, late = _repairs(log, chosen, walk.owner)
    notes = list(walk.notes())
    if late:
        notes.append(
            f"{late} reverts or hotfixes came over {REPAIR_WINDOW // 86_400} days after the "
            "deployment: they do not count as its failure"
        )
    return Delivered(tuple(walk.changes), tuple(repairs), tuple(notes))


class _Walk:
    """One walk over the commits, deployment by deployment."""

    def __init__(self, log: CommitLog, chosen: ProxyDeployments) -> None:
        self.log = log
        self.chosen = chosen
        self.changes: list[ProxyChange] = []
        self.owner: dict[str, int] = {}
        self._seen: set[str] = set()
        self._first = self._cut = 0

    def releases(self) -> None:
        """Each release has what is reachable from it and from no release before it."""
        for index, one in enumerate(self.chosen.found):
            found, cut = self._new(one.revision)
            self.owner.update(dict.fromkeys(found, index))
            if index == 0:
                self._first += 1
            else:
                self._add(found, index, one, "cut" if cut else "")

    def line(self) -> None:
        """Each merge brings what its other parents reach; a commit of the line brings itself."""
        index_of = {one.revision: index for index, one in enumerate(self.chosen.found)}
        for name in self.chosen.line:
            commit = self.log.commits[name]
            self._seen.add(name)
            brought: list[str] = []
            cut = False
            for parent in commit.parents[1:]:
                found, incomplete = self._new(parent)
                brought += found
                cut = cut or incomplete
            index = index_of.get(name)
            if index is None or is_pull_merge(commit, self.log.branch):
                continue
            one = self.chosen.found[index]
            self.owner.update(dict.fromkeys([name, *brought], index))
            self._add(brought if len(commit.parents) > 1 else [name], index, one,
                      "cut" if cut else "")  # fmt: skip

    def _new(self, start: str) -> tuple[list[str], bool]:
        """Commits reachable from ``start`` not seen before, and whether the walk met a cut."""
        found: list[str] = []
        stack = [start]
        cut = False
        commits, seen = self.log.commits, self._seen
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            commit = commits.get(name)
            if commit is None:
                continue
            seen.add(name)
            found.append(name)
            cut = cut or name in self.log.cut
            stack.extend(commit.parents)
        return found, cut

    def _add(self, names: Sequence[str], index: int, one: ProxyDeployment, cut: str) -> None:
        self._cut += bool(cut)
        for name in names:
            commit = self.log.commits[name]
            if len(commit.parents) > 1:
                continue
            lead, reason = self._lead_time(name, one, cut)
            self.changes.append(ProxyChange(name, index, lead, reason))

    def _lead_time(self, name: str, one: ProxyDeployment, cut: str) -> tuple[int | None, str]:
        commit = self.log.commits[name]
        if cut:
            return None, cut
        authored = commit.authored
        if authored is None or authored < EARLIEST or authored > one.at:
            return None, "odd"
        if name == one.revision and authored == one.at:
            return None, "same"
        return one.at - authored, ""

    def notes(self) -> Iterable[str]:
        """What was left out of the changes."""
        if self._first:
            yield "the first release has no earlier one to count from: no lead times"
        if self._cut:
            yield f"{self._cut} deployments reach into history that is not here: no lead times"
        odd = sum(one.reason == "odd" for one in self.changes)
        if odd:
            yield (
                f"{odd} commits have an author's time that is missing, before 1971 or after their "
                "deployment: no lead time"
            )


def _repairs(
    log: CommitLog, chosen: ProxyDeployments, owner: dict[str, int]
) -> tuple[list[Repair], int]:
    """Reverts of a commit that an earlier deployment delivered, and hotfixes after one."""
    hashes = sorted(log.commits)
    subjects = _reverted_subjects(log)
    straight = frozenset() if chosen.source is Source.TAGS else frozenset(chosen.line)
    repairs: list[Repair] = []
    late = 0
    for name, commit in log.commits.items():
        fixed_by = owner.get(name)
        for broken, evidence, kind in _undone(log, commit, owner, hashes, subjects):
            if commit.committed is None or (fixed_by is not None and broken >= fixed_by):
                continue
            after = commit.committed - chosen.found[broken].at
            if after > REPAIR_WINDOW:
                late += 1
            elif after >= 0:
                at = commit.committed if name in straight else None
                at = chosen.found[fixed_by].at if fixed_by is not None else at
                repairs.append(Repair(broken, fixed_by, at, evidence, kind))
    return sorted(repairs, key=lambda one: (one.failed, one.repaired_at or 0, one.evidence)), late


def _undone(
    log: CommitLog,
    commit: LoggedCommit,
    owner: dict[str, int],
    hashes: Sequence[str],
    subjects: dict[str, list[tuple[int, str]]],
) -> list[tuple[int, str, str]]:
    """The deployments whose failure a commit speaks of, with the words and the kind of evidence."""
    name = commit.revision
    short = name[:12]
    if name in log.reverts or commit.subject.startswith(("Revert ", "Reapply ")):
        if _UNDOES_A_REVERT.match(commit.subject):
            return []
        return [
            (owner[target], f"{short} reverts {target[:12]}", "revert")
            for target in _targets(log, name, hashes, subjects)
            if target in owner
        ]
    fixed_by = owner.get(name)
    if fixed_by and _HOTFIX.search(commit.subject):
        return [(fixed_by - 1, f"{short} is a hotfix: {commit.subject[:60]}", "hotfix")]
    return []


def _reverted_subjects(log: CommitLog) -> dict[str, list[tuple[int, str]]]:
    """Commits by the subjects that some revert quotes, with their times, oldest first."""
    wanted = {match[1] for one in log.commits.values() if (match := _QUOTED.fullmatch(one.subject))}
    found: dict[str, list[tuple[int, str]]] = {}
    for name in reversed(log.commits):
        commit = log.commits[name]
        if commit.subject in wanted and commit.committed is not None:
            found.setdefault(commit.subject, []).append((commit.committed, name))
    for entries in found.values():
        entries.sort(key=lambda entry: entry[0])
    return found


def _targets(
    log: CommitLog,
    name: str,
    hashes: Sequence[str],
    subjects: dict[str, list[tuple[int, str]]],
) -> list[str]:
    """The commits a revert undoes: those it names, else the last one before with its subject."""
    named = []
    for short in log.reverts.get(name, ()):
        at = bisect_left(hashes, short)
        alike = [one for one in hashes[at : at + 2] if one.startswith(short)]
        named += alike if len(alike) == 1 else []
    if named:
        return [one for one in named if one != name]
    commit = log.commits[name]
    match = _QUOTED.fullmatch(commit.subject)
    if match is None or commit.committed is None:
        return []
    before = [
        one for when, one in subjects.get(match[1], ()) if when <= commit.committed and one != name
    ]
    return before[-1:]
