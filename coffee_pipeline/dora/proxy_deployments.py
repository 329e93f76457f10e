"""What stands for deployments in a repository that has no deployment records: a proxy.

Release tags if there are usable ones, else merges to the branch, else the commits of its
first-parent line. None of them is a deployment; every number made from them says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from coffee_pipeline.platform.commit_log import CommitLog, LoggedCommit

USABLE = 2
"""Release tags, or merges, from which on they stand for deployments: one shows no rhythm."""

EARLIEST = 31_536_000
"""1971-01-01: times before are what broken clocks and conversions leave, not times."""

_RELEASE_WORDS = frozenset(
    ["v", "ver", "version", "r", "rel", "release", "releases", "deploy", "deployed", "deployment",
     "prod", "production", "live"]
)  # fmt: skip
_UNRELEASED = frozenset(
    ["a", "alpha", "b", "beta", "c", "rc", "cr", "m", "milestone", "ea", "pre", "preview",
     "prerelease", "dev", "devel", "snapshot", "nightly", "canary", "test", "testing", "draft",
     "wip"]
)  # fmt: skip
_BOOKMARKS = frozenset(
    ["archive", "archived", "backup", "before", "after", "old", "tmp", "temp", "start", "end"]
)
LONGEST_NAME = 200
"""Characters of a tag's name; longer ones are no releases."""
_VERSION = re.compile(
    r"(?P<before>(?:[A-Za-z][A-Za-z0-9]*[-_.])*)(?P<word>[A-Za-z]*)[-_.]?"
    r"(?P<number>\d+(?:[._-]\d+)*)(?P<after>.*)"
)
_SQUASHED = re.compile(r"\((?:#|!)\d+\)$")
_PULLED = re.compile(r"Merge (?:remote-tracking )?branch '([^']+)'(?: of \S+)?(?: into (\S+))?$")
_LETTERS = re.compile(r"[A-Za-z]+")


class Source(StrEnum):
    """What stands for deployments."""

    AUTO = "auto"
    TAGS = "tags"
    MERGES = "merges"
    COMMITS = "commits"


@dataclass(frozen=True, slots=True)
class ProxyDeployment:
    """A tag, merge or commit; ``at`` in seconds since 1970 (UTC)."""

    name: str
    revision: str
    at: int


@dataclass(frozen=True)
class ProxyDeployments:
    """What was chosen, in order of time, and why.

    ``line`` is the branch's first-parent line, oldest first. ``method`` says what was counted.
    """

    source: Source
    method: str
    found: tuple[ProxyDeployment, ...]
    line: tuple[str, ...]
    notes: tuple[str, ...]


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
    position = {revision: at for at, revision in enumerate(reversed(log.commits))}
    notes: list[str] = []
    if wanted in (Source.AUTO, Source.TAGS):
        tags = _release_tags(log, latest, position, reachable_only)
        if wanted is Source.TAGS or len(tags.found) >= USABLE:
            method = f"release tags ({len(tags.found)})"
            return ProxyDeployments(Source.TAGS, method, tuple(tags.found), line, tuple(tags.notes))
        notes.append(f"release tags are not used: {len(tags.found)} found, {USABLE} are needed")
    if wanted in (Source.AUTO, Source.MERGES):
        merges = _merges(log, line, latest)
        if wanted is Source.MERGES or len(merges.found) >= USABLE:
            method = (
                f"merges to {log.branch or 'HEAD'}, its first-parent line ({len(merges.found)})"
            )
            found = tuple(merges.found)
            return ProxyDeployments(Source.MERGES, method, found, line, (*notes, *merges.notes))
        notes.append(f"merges are not used: {len(merges.found)} found, {USABLE} are needed")
    chosen = _Chosen()
    _timed([log.commits[one] for one in line], latest, chosen)
    method = f"commits of {log.branch or 'HEAD'}, its first-parent line ({len(chosen.found)})"
    found = tuple(chosen.found)
    return ProxyDeployments(Source.COMMITS, method, found, line, (*notes, *chosen.notes))


def first_parent_line(log: CommitLog) -> list[str]:
    """The first-parent line of the head as far as it is here, oldest first."""
    line, current = [], log.head
    while current is not None and current in log.commits:
        line.append(current)
        parents = log.commits[current].parents
        current = parents[0] if parents else None
    return line[::-1]


def is_release(name: str) -> bool | None:
    """Whether a tag's name is a release's; None for a pre-release, False for anything else.

    A release has a version (``v1.2``, ``orders/v1.2.3``, ``release-7``, ``2026-03-01``).
    """
    segment = re.split(r"[/@]", name)[-1] or name
    match = _VERSION.fullmatch(segment) if len(name) <= LONGEST_NAME else None
    if match is None:
        return False
    around = [word.lower() for word in _LETTERS.findall(match["before"] + " " + match["word"])]
    folders = [word.lower() for word in _LETTERS.findall(name.removesuffix(segment))]
    if _BOOKMARKS & {*around, *folders}:
        return False
    number = match["number"]
    dated = len(number) >= 8 and number.isdigit()
    versioned = bool(re.search(r"\d[._-]\d", number)) or dated
    if not versioned and not (_RELEASE_WORDS & set(around)):
        return False
    after = match["after"].partition("+")[0]
    words = {word.lower() for word in _LETTERS.findall(after)}
    return None if _UNRELEASED & {*words, *around, *folders} else True


def is_pull_merge(commit: LoggedCommit, branch: str | None) -> bool:
    """Whether a merge only brought a developer's copy up to date with the branch itself."""
    match = _PULLED.fullmatch(commit.subject)
    if match is None or branch is None:
        return False
    merged = match[1].removeprefix("origin/")
    return merged == branch and match[2] in (None, branch)


def _release_tags(
    log: CommitLog, latest: int, position: dict[str, int], reachable_only: bool
) -> _Chosen:
    chosen = _Chosen()
    here = _reachable(log) if reachable_only else None
    by_commit: dict[str, ProxyDeployment] = {}
    lightweight = early = doubled = outside = undated = 0
    for tag in log.tags:
        release = is_release(tag.name)
        early += release is None
        if not release:
            continue
        if here is not None and tag.commit not in here:
            outside += 1
            continue
        at = tag.tagged if tag.tagged is not None else log.commits[tag.commit].committed
        if at is None or not EARLIEST <= at <= latest:
            undated += 1
            continue
        lightweight += tag.tagged is None
        known = by_commit.get(tag.commit)
        doubled += known is not None
        if known is None or at < known.at:
            by_commit[tag.commit] = ProxyDeployment(tag.name, tag.commit, at)
    chosen.found = sorted(by_commit.values(), key=lambda one: (one.at, position[one.revision]))
    for count, words in (
        (early, "tags of pre-releases are no deployments"),
        (doubled, "further tags of a commit that another release tag names count once"),
        (outside, "release tags of commits outside the branch are left out"),
        (undated, "release tags are left out: their time is missing, before 1971 or in the future"),
        (lightweight, "release tags are lightweight: their commit's time stands for the release's"),
    ):
        if count:
            chosen.notes.append(f"{count} {words}")
    return chosen


def _reachable(log: CommitLog) -> set[str]:
    seen: set[str] = set()
    stack = [log.head] if log.head else []
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
        elif _SQUASHED.search(commit.subject):
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
