"""The commits of a Git repository in one pass, however much of the repository is there.

Shallow and partial clones, bare and damaged repositories are read as far as they go, and what could
not be read is listed. Nothing is ever fetched: lazy fetching is off, and for older versions of git
that do not know the switch every transport is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform import object_scan
from coffee_pipeline.platform.branch_choice import choose_branch
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.git_command import ask, exact, readable
from coffee_pipeline.platform.git_objects import OFFLINE
from coffee_pipeline.platform.git_tags import Tag, read_tags

_FORMAT = "%H%x00%P%x00%at%x00%ct%x00%s"
_TELLING = r"revert|back(ed|s)? out|hot[-_ ]?fix|^See merge request "
"""Messages that are read as a whole: all of them would be very many."""
LISTED = 20
"""How many unreadable things are named one by one; the rest is counted."""


class LoggedCommit(NamedTuple):
    """One commit; times in seconds since 1970, None where they are broken or missing."""

    revision: str
    parents: tuple[str, ...]
    authored: int | None
    committed: int | None
    subject: str


@dataclass(frozen=True)
class CommitLog:
    """The commits that a branch and the tags reach.

    ``commits`` come children before parents. ``cut`` are commits of which a parent is not here:
    what lies before them cannot be known. ``messages`` are the whole ones of commits that speak of
    reverts, hotfixes or merge requests. ``unread`` says what could not be read, ``notes`` what was
    chosen.
    """

    path: Path
    branch: str | None
    head: str | None
    commits: dict[str, LoggedCommit]
    cut: frozenset[str]
    tags: tuple[Tag, ...]
    messages: Mapping[str, str]
    shallow: bool
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def read_commit_log(path: Path, branch: str | None = None) -> CommitLog:
    """Read the history of ``branch``; by default of the repository's default branch.

    A repository without commits gives an empty log.

    Raises:
        RepositoryError: not a Git repository, or no such branch.
    """
    if not path.is_dir():
        raise RepositoryError(f"{path}: no such folder")
    repository = Repository(path)
    chosen = choose_branch(repository, branch)
    tags, unread = read_tags(path)
    heads = [chosen.head] if chosen.head else []
    tips = list(dict.fromkeys([*heads, *(tag.commit for tag in tags)]))
    commits, messages, faults = _read(path, tips)
    boundary = repository.shallow_commits()
    missing = {
        one.revision for one in commits.values() if any(p not in commits for p in one.parents)
    }
    lost = [tag.name for tag in tags if tag.commit not in commits]
    return CommitLog(
        path=path,
        branch=chosen.name,
        head=chosen.head if chosen.head in commits else None,
        commits=commits,
        cut=frozenset(missing | (boundary & commits.keys())),
        tags=tuple(tag for tag in tags if tag.commit in commits),
        messages=messages,
        shallow=repository.shallow,
        notes=chosen.notes,
        unread=(
            *chosen.unread,
            *unread,
            *(_listed("commit of tag", lost, "is not in this repository")),
            *faults,
            *_cut_words(repository.shallow, boundary & commits.keys(), missing),
        ),
    )


def _read(
    path: Path, tips: Sequence[str]
) -> tuple[dict[str, LoggedCommit], dict[str, str], tuple[str, ...]]:
    """Commits, telling messages, and what could not be read; by objects where git gives up."""
    if not tips:
        return {}, {}, ()
    stdin = "".join(f"{tip}\n" for tip in tips).encode()
    log = ("log", "-z", "--topo-order", "--encoding=UTF-8", "--ignore-missing", "--stdin")
    answer = ask(path, *log, f"--format={_FORMAT}", stdin=stdin, environment=OFFLINE)
    if answer.answered:
        only = ("--format=%H%x00%B", "-i", "-E", f"--grep={_TELLING}")
        named = ask(path, *log, *only, stdin=stdin, environment=OFFLINE)
        if named.answered:
            return _commits(answer.stdout), _messages(named.stdout), ()
    if answer.timed_out or answer.truncated:
        raise RepositoryError(f"{path}: git log took too long or printed too much")
    scan = object_scan.scan_commits(path, tips)
    commits = {one.revision: LoggedCommit(*one[:5]) for one in scan.commits}
    telling = re.compile(_TELLING, re.IGNORECASE | re.MULTILINE)
    messages = {one.revision: one.message for one in scan.commits if telling.search(one.message)}
    problem = readable(exact(answer.stderr)).strip().splitlines()
    said = problem[-1] if problem else "git log failed"
    return commits, messages, (
        f"git could not walk the history ({said}): {len(commits)} commits were read one by one",
        *_listed("object", scan.missing, "is missing or damaged"),
    )  # fmt: skip


def _commits(output: bytes) -> dict[str, LoggedCommit]:
    words = decoded(output).split("\0")
    found = {}
    for at in range(0, len(words) - 4, 5):
        revision, parents, authored, committed, subject = words[at : at + 5]
        found[revision] = LoggedCommit(
            revision, tuple(parents.split()), seconds(authored), seconds(committed), subject
        )
    return found


def _messages(output: bytes) -> dict[str, str]:
    words = decoded(output).split("\0")
    return dict(zip(words[:-1:2], words[1::2], strict=False))


def decoded(output: bytes) -> str:
    r"""Git's output as text that can be stored; bytes that are no UTF-8 become ``\xNN``."""
    try:
        return output.decode()
    except UnicodeDecodeError:
        return readable(exact(output))


def seconds(text: str) -> int | None:
    """A time as git prints it; None where the commit holds none."""
    try:
        return int(text)
    except ValueError:
        return None


def _cut_words(shallow: bool, boundary: Set[str], missing: set[str]) -> list[str]:
    words = []
    if shallow:
        words.append(
            f"shallow clone: history before {len(boundary)} commits is not here; "
            "'git fetch --unshallow' brings it"
        )
    rest = missing - boundary
    if rest:
        words.append(f"parents of {len(rest)} commits are not here: what lies before is unknown")
    return words


def _listed(kind: str, names: Sequence[str], problem: str) -> list[str]:
    words = [f"{kind} {name} {problem}" for name in names[:LISTED]]
    if len(names) > LISTED:
        words.append(f"{kind}: {len(names) - LISTED} more {problem}")
    return words
