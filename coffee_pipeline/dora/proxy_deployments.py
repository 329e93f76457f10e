"""What stands for deployments in a repository that has no deployment records: a proxy.

Release tags if there are usable ones, else merges to the branch, else the commits of its
first-parent line. None of them is a deployment; every number made from them says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from coffee_pipeline.dora.proxy_tags import is_release, previous_releases, release_name
from coffee_pipeline.dora.rework import REQUEST_SUFFIX
from coffee_pipeline.platform.commit_log import CommitLog, LoggedCommit

USABLE = 2
"""Release tags, or merges, from which on they may stand for deployments: the first has nothing to
count from, so a single one tells of nothing. How few they are is said beside every number."""

PREVAILING = 0.5
"""Share of the branch's first-parent commits that releases contain, or that are merges, from which
on they stand for deployments: else most of the work would be in none."""

RECENT = 200
"""First-parent commits, the last ones, that show whether work comes by merges now."""

EARLIEST = 31_536_000
"""1971-01-01: times before are what broken clocks and conversions leave, not times."""

_PULLED = re.compile(r"Merge (?:remote-tracking )?branch '([^']+)'(?: of \S+)?(?: into (\S+))?$")


class Source(StrEnum):
    """What stands for deployments."""

    AUTO = "auto"
    TAGS = "tags"
    MERGES = "merges"
    COMMITS = "commits"


@dataclass(frozen=True, slots=True)
class ProxyDeployment:
    """A tag, merge or commit; ``at`` in seconds since 1970 (UTC).

    ``component`` is what a tag's name says before its version; empty where it says nothing.
    """

    name: str
    revision: str
    at: int
    component: str = ""


@dataclass(frozen=True)
class ProxyDeployments:
    """What was chosen, in order of time, and why.

    ``line`` is the branch's first-parent line, oldest first. ``method`` says what was counted.
    ``previous`` has, for each of ``found``, the index of the one it followed in its component; None
    for the first.
    """

    source: Source
    method: str
    found: tuple[ProxyDeployment, ...]
    line: tuple[str, ...]
    notes: tuple[str, ...]
    previous: tuple[int | None, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """The components that were deployed, by name."""
        return tuple(sorted({one.component for one in self.found}))


@dataclass
class _Chosen:
    found: list[ProxyDeployment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def proxy_deployments(
    log: CommitLog, wanted: Source, latest: int, *, reachable_only: bool = False
) -> ProxyDeployments:
    """Choose and read what stands for deployments.

    Args:
        log: the repository's commits and tags.
        wanted: AUTO takes the first of tags, merges, commits that is usable.
        latest: seconds since 1970; what is dated later is left out, with a note.
        reachable_only: count only tags of commits that the branch contains.
    """
    line = tuple(first_parent_line(log))
    branch = log.branch or "HEAD"
    notes: list[str] = []
    if wanted in (Source.AUTO, Source.TAGS):
        tags = _release_tags(log, latest, reachable_only)
        doubt = _doubt_of_tags(log, tags.found, line)
        if wanted is Source.TAGS or not doubt:
            method = f"release tags ({len(tags.found)})"
            return _with_previous(Source.TAGS, method, tags, line, notes)
        notes.append(f"release tags are not used: {doubt}")
    if wanted in (Source.AUTO, Source.MERGES):
        merges = _merges(log, line, latest)
        doubt = _doubt_of_merges(log, line, merges.found)
        if wanted is Source.MERGES or not doubt:
            method = f"merges to {branch}, its first-parent line ({len(merges.found)})"
            return _with_previous(Source.MERGES, method, merges, line, notes)
        notes.append(f"merges are not used: {doubt}")
    chosen = _Chosen()
    _timed([log.commits[one] for one in line], latest, chosen)
    method = f"commits of {branch}, its first-parent line ({len(chosen.found)})"
    return _with_previous(Source.COMMITS, method, chosen, line, notes)


def _with_previous(
    source: Source, method: str, chosen: _Chosen, line: tuple[str, ...], notes: Sequence[str]
) -> ProxyDeployments:
    found = tuple(chosen.found)
    previous: tuple[int | None, ...] = (None, *range(len(found) - 1))[: len(found)]
    if source is Source.TAGS:
        previous = previous_releases([release_name(one.name) for one in found])
    return ProxyDeployments(source, method, found, line, (*notes, *chosen.notes), previous)


def _doubt_of_tags(log: CommitLog, found: Sequence[ProxyDeployment], line: Sequence[str]) -> str:
    """Why release tags are no rhythm that stands for deployments; empty where they are one."""
    if len(found) < USABLE:
        return f"{len(found)} found, {USABLE} are needed"
    released = _reached(log, [one.revision for one in found])
    contained = sum(name in released for name in line)
    if contained < PREVAILING * len(line):
        return (
            f"they contain {contained} of the branch's {len(line)} first-parent commits, half are "
            "needed"
        )
    return ""


def _doubt_of_merges(log: CommitLog, line: Sequence[str], found: Sequence[ProxyDeployment]) -> str:
    """The same of merges: most of what came last must have come by them."""
    if len(found) < USABLE:
        return f"{len(found)} found, {USABLE} are needed"
    names = {one.revision for one in found}
    last = [
        name
        for name in line[-RECENT:]
        if name in names or not is_pull_merge(log.commits[name], log.branch)
    ]
    merged = sum(name in names for name in last)
    if merged < PREVAILING * len(last):
        return f"they are {merged} of the last {len(last)} first-parent commits, half are needed"
    return ""


def first_parent_line(log: CommitLog) -> list[str]:
    """The first-parent line of the head as far as it is here, oldest first."""
    line, current = [], log.head
    while current is not None and current in log.commits:
        line.append(current)
        parents = log.commits[current].parents
        current = parents[0] if parents else None
    return line[::-1]


def is_pull_merge(commit: LoggedCommit, branch: str | None) -> bool:
    """Whether a merge only brought a developer's copy up to date with the branch itself."""
    match = _PULLED.fullmatch(commit.subject)
    if match is None or branch is None:
        return False
    merged = match[1].removeprefix("origin/")
    return merged == branch and match[2] in (None, branch)


def _release_tags(log: CommitLog, latest: int, reachable_only: bool) -> _Chosen:
    chosen = _Chosen()
    position = {revision: at for at, revision in enumerate(reversed(log.commits))}
    here = _reached(log, [log.head] if log.head else [])
    by_commit: dict[tuple[str, str], ProxyDeployment] = {}
    lightweight = early = doubled = outside = undated = 0
    for tag in log.tags:
        release = is_release(tag.name)
        early += release is None
        if not release:
            continue
        if tag.commit not in here:
            outside += 1
            if reachable_only:
                continue
        at = tag.tagged if tag.tagged is not None else log.commits[tag.commit].committed
        if at is None or not EARLIEST <= at <= latest:
            undated += 1
            continue
        lightweight += tag.tagged is None
        component = release_name(tag.name).component
        known = by_commit.get((component, tag.commit))
        doubled += known is not None
        if known is None or at < known.at:
            by_commit[component, tag.commit] = ProxyDeployment(tag.name, tag.commit, at, component)
    chosen.found = sorted(
        by_commit.values(), key=lambda one: (one.at, position[one.revision], one.component)
    )
    shared = len(chosen.found) - len({one.revision for one in chosen.found})
    for count, words in (
        (early, "tags of pre-releases are no deployments"),
        (doubled, "further tags of a commit that another release tag names count once"),
        (shared, "releases are of a commit that another component released too: each counts"),
        (
            outside,
            "release tags are of commits outside the branch: "
            + ("left out" if reachable_only else "they count, --branch leaves them out"),
        ),
        (undated, "release tags are left out: their time is missing, before 1971 or in the future"),
        (lightweight, "release tags are lightweight: their commit's time stands for the release's"),
    ):
        if count:
            chosen.notes.append(f"{count} {words}")
    return chosen


def _reached(log: CommitLog, tips: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    stack = list(tips)
    while stack:
        name = stack.pop()
        if name not in seen and name in log.commits:
            seen.add(name)
            stack.extend(log.commits[name].parents)
    return seen


def _merges(log: CommitLog, line: Sequence[str], latest: int) -> _Chosen:
    chosen = _Chosen()
    pulled = squashed = 0
    wanted = []
    for name in line:
        commit = log.commits[name]
        if len(commit.parents) > 1:
            if is_pull_merge(commit, log.branch):
                pulled += 1
                continue
            wanted.append(commit)
        elif REQUEST_SUFFIX.search(commit.subject):
            squashed += 1
            wanted.append(commit)
    _timed(wanted, latest, chosen)
    for count, words in (
        (
            squashed,
            "of the merges are squashed ones, told by their request's number in the subject",
        ),
        (pulled, "merges of the branch into itself (git pull) are no deployments"),
        (len(line) - len(wanted) - pulled, "commits pushed straight to the branch are in none"),
    ):
        if count:
            chosen.notes.append(f"{count} {words}")
    return chosen


def _timed(commits: Sequence[LoggedCommit], latest: int, chosen: _Chosen) -> None:
    """Add what has a plausible time, in order of time (ties keep the line's order)."""
    found = list(_with_time(commits, latest))
    if len(found) < len(commits):
        left = len(commits) - len(found)
        chosen.notes.append(
            f"{left} commits are left out: their time is missing, before 1971 or in the future"
        )
    chosen.found = sorted(found, key=lambda one: one.at)


def _with_time(commits: Sequence[LoggedCommit], latest: int) -> Iterator[ProxyDeployment]:
    for one in commits:
        if one.committed is not None and EARLIEST <= one.committed <= latest:
            yield ProxyDeployment(one.subject[:80], one.revision, one.committed)
