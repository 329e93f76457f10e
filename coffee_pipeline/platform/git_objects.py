"""Git objects read one by one, past those that are missing or damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.platform.git_command import ask

OFFLINE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}
"""No transport at all: git before 2.45 would fetch a missing object from a promisor remote."""

MAXIMUM_RESTARTS = 100
"""Objects that git died on before the rest is given up."""


@dataclass(frozen=True)
class ReadObjects:
    """Type and content of the objects that could be read, by the name they were asked by."""

    found: dict[str, tuple[str, bytes]]
    missing: tuple[str, ...]


def read_objects(path: Path, names: Sequence[str], *, contents: bool = True) -> ReadObjects:
    """Read objects; those missing or damaged are listed, whatever git does about them.

    ``contents`` False reads types only.
    """
    found: dict[str, tuple[str, bytes]] = {}
    missing: list[str] = []
    left = list(names)
    for _ in range(MAXIMUM_RESTARTS):
        if not left:
            break
        mode = "--batch" if contents else "--batch-check"
        stdin = "".join(f"{name}\n" for name in left).encode()
        answer = ask(path, "cat-file", mode, stdin=stdin, environment=OFFLINE)
        done = _parse(answer.stdout, left, found, missing, contents=contents)
        if answer.answered and done == len(left):
            return ReadObjects(found, tuple(missing))
        # git died on the next one, as it does on a damaged object or one it would have to fetch
        if done < len(left):
            missing.append(left[done])
        left = left[done + 1 :]
    return ReadObjects(found, (*missing, *left))


def _parse(
    data: bytes,
    names: Sequence[str],
    found: dict[str, tuple[str, bytes]],
    missing: list[str],
    *,
    contents: bool,
) -> int:
    """Fill ``found`` and ``missing`` from a batch; how many of ``names`` it answered for."""
    position = 0
    for at, name in enumerate(names):
        end = data.find(b"\n", position)
        if end < 0:
            return at
        header = data[position:end].split()
        position = end + 1
        if len(header) != 3 or not header[2].isdigit():
            missing.append(name)
            continue
        size = int(header[2]) if contents else 0
        if contents and position + size + 1 > len(data):
            return at
        found[name] = (header[1].decode("ascii", "replace"), data[position : position + size])
        position += size + 1 if contents else 0
    return len(names)
