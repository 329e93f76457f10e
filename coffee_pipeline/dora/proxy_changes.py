"""Which commits each proxy deployment is the first to contain, and which it had to put right.

Every commit is walked once for each component, so the time does not grow with the product of the
history and the number of releases. A commit is one change of the repository, whichever components
release it: it counts with the first of their deployments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from coffee_pipeline.dora.proxy_deployments import (
    EARLIEST,
    ProxyDeployment,
    ProxyDeployments,
    Source,
    is_pull_merge,
)
from coffee_pipeline.dora.proxy_repairs import (
    REPAIR_WINDOW,
    Repair,
    repairing_commits,
    repairs_of,
)
from coffee_pipeline.platform.commit_log import CommitLog


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


@dataclass(frozen=True)
class Delivered:
    """What the deployments contained: changes, repairs, and what was not counted."""

    changes: tuple[ProxyChange, ...]
    repairs: tuple[Repair, ...]
    notes: tuple[str, ...]


def delivered(
    log: CommitLog,
    chosen: ProxyDeployments,
    touched: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Delivered:
    """The changes and the recognised repairs of all deployments.

    ``touched`` are the components of which a commit changed files; one that is not in it may be a
    change of any.
    """
    repairing = repairing_commits(log)
    walk = _Walk(log, chosen, touched, repairing.commits)
    if chosen.source is Source.TAGS:
        walk.releases()
    else:
        walk.line()
    repairs, late = repairs_of(log, chosen, repairing, walk.first, walk.delivered_by)
    notes = list(walk.notes())
    if late:
        notes.append(
            f"{late} reverts or hotfixes came over {REPAIR_WINDOW // 86_400} days after the "
            "deployment: they do not count as its failure"
        )
    return Delivered(tuple(walk.changes), tuple(repairs), tuple(notes))


class _Walk:
    """One walk over the commits for each component, deployment by deployment.

    ``first`` is each commit's first deployment of all, ``delivered_by`` that within each component,
    of the commits asked for alone: components times commits would be very many.
    """

    def __init__(
        self,
        log: CommitLog,
        chosen: ProxyDeployments,
        touched: Mapping[str, frozenset[str]],
        watched: frozenset[str],
    ) -> None:
        self.log = log
        self.chosen = chosen
        self.changes: list[ProxyChange] = []
        self.first: dict[str, int] = {}
        self.delivered_by: dict[str, dict[str, int]] = {}
        self._touched = touched
        self._watched = watched
        self._seen: set[str] = set()
        self._first = self._cut = 0

    def releases(self) -> None:
        """Each release has what is reachable from it and from no earlier one of its component."""
        indices: dict[str, list[int]] = {}
        for index, one in enumerate(self.chosen.found):
            indices.setdefault(one.component, []).append(index)
        cut: set[int] = set()
        for component, own in indices.items():
            self._seen = set()
            for index in own:
                found, incomplete = self._new(self.chosen.found[index].revision)
                if incomplete:
                    cut.add(index)
                self._deliver(self._of(component, found), index, component)
        brought: dict[int, list[str]] = {index: [] for index in range(len(self.chosen.found))}
        for name, index in self.first.items():
            brought[index].append(name)
        begun: set[str] = set()
        for index, one in enumerate(self.chosen.found):
            if one.component not in begun:
                begun.add(one.component)
                self._first += 1
                continue
            self._add(brought[index], index, one, "cut" if index in cut else "")

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
            self._deliver([name, *brought], index, one.component)
            self._add(brought if len(commit.parents) > 1 else [name], index, one,
                      "cut" if cut else "")  # fmt: skip

    def _of(self, component: str, names: list[str]) -> list[str]:
        """The commits that may be changes of a component."""
        if not self._touched:
            return names
        return [
            name for name in names if component in self._touched.get(name, frozenset([component]))
        ]

    def _deliver(self, names: Iterable[str], index: int, component: str) -> None:
        within = self.delivered_by.setdefault(component, {})
        for name in names:
            self.first[name] = min(self.first.get(name, index), index)
            if name in self._watched:
                within[name] = index

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
            yield (
                "the first release has no earlier one to count from: no lead times"
                if self._first == 1
                else f"the first releases of {self._first} components have no earlier ones to "
                "count from: no lead times"
            )
        if self._cut:
            yield f"{self._cut} deployments reach into history that is not here: no lead times"
        odd = sum(one.reason == "odd" for one in self.changes)
        if odd:
            yield (
                f"{odd} commits have an author's time that is missing, before 1971 or after their "
                "deployment: no lead time"
            )
        same = sum(one.reason == "same" for one in self.changes)
        if same:
            yield (
                f"{same} changes have the same author's and committer's time (squashed, or "
                "committed straight to the branch): no lead time"
            )
        copies = self._copies()
        if copies:
            yield (
                f"{copies} delivered commits are copies of others (cherry-picked, or of a "
                "rewritten branch): each counts"
            )

    def _copies(self) -> int:
        """Commits with another one's subject and author's time."""
        alike = Counter(
            (commit.authored, commit.subject)
            for name in self.first
            for commit in (self.log.commits[name],)
            if commit.authored is not None and len(commit.parents) < 2
        )
        return sum(alike.values()) - len(alike)
