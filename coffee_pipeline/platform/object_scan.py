"""All commits of a repository that ``git log`` refuses to walk, read object by object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform.git_command import ask, exact, readable
from coffee_pipeline.platform.git_objects import OFFLINE, read_objects

_PARENT = re.compile(rb"^parent ([0-9a-f]{40,64})$", re.MULTILINE)
_AUTHOR = re.compile(rb"^author .*?(\d{1,12}) [+-]\d+\s*$", re.MULTILINE)
_COMMITTER = re.compile(rb"^committer .*?(\d{1,12}) [+-]\d+\s*$", re.MULTILINE)
_ENCODING = re.compile(rb"^encoding (\S+)$", re.MULTILINE)


class ScannedCommit(NamedTuple):
    """A commit with its whole message; times in seconds since 1970, None where broken."""

    revision: str
    parents: tuple[str, ...]
    authored: int | None
    committed: int | None
    subject: str
    message: str


@dataclass(frozen=True)
class Scan:
    """The commits reachable through what is there, children first, and what is not."""

    commits: tuple[ScannedCommit, ...]
    missing: tuple[str, ...]


def scan_commits(path: Path, tips: Sequence[str]) -> Scan:
    """Every readable commit that ``tips`` reach over readable commits.

    Raises:
        RepositoryError: the objects cannot even be listed.
    """
    answer = ask(path, "cat-file", "--batch-all-objects", "--unordered",
                 "--batch-check=%(objectname) %(objecttype)", environment=OFFLINE)  # fmt: skip
    if answer.timed_out or (not answer.answered and not answer.stdout):
        raise RepositoryError(f"{path}: its objects cannot be listed: {answer.tail(1)}")
    names = [
        line.partition(" ")[0]
        for line in answer.stdout.decode("ascii", "replace").splitlines()
        if line.endswith(" commit")
    ]
    read = read_objects(path, names)
    commits = {
        name: _parsed(name, content)
        for name, (kind, content) in read.found.items()
        if kind == "commit"
    }
    reached, wanted = _reached(commits, tips)
    return Scan(tuple(reached), tuple(sorted(wanted)))


def _parsed(name: str, content: bytes) -> ScannedCommit:
    header, _, body = content.partition(b"\n\n")
    encoding = _ENCODING.search(header)
    message = _text(body, encoding[1].decode("ascii", "replace") if encoding else "utf-8")
    authored, committed = _AUTHOR.search(header), _COMMITTER.search(header)
    return ScannedCommit(
        revision=name,
        parents=tuple(one.decode("ascii") for one in _PARENT.findall(header)),
        authored=int(authored[1]) if authored else None,
        committed=int(committed[1]) if committed else None,
        subject=message.strip().partition("\n")[0],
        message=message,
    )


def _text(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return readable(exact(body))


def _reached(
    commits: dict[str, ScannedCommit], tips: Sequence[str]
) -> tuple[list[ScannedCommit], set[str]]:
    """Children before parents (reverse postorder), and the names that nothing stands behind."""
    order: list[ScannedCommit] = []
    missing: set[str] = set()
    seen: set[str] = set()
    for tip in tips:
        stack = [(tip, False)]
        while stack:
            name, done = stack.pop()
            if done:
                order.append(commits[name])
                continue
            if name in seen:
                continue
            seen.add(name)
            if name not in commits:
                missing.add(name)
                continue
            stack.append((name, True))
            stack.extend((parent, False) for parent in commits[name].parents)
    return order[::-1], missing
