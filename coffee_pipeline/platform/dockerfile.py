"""Who the last stage of a Dockerfile runs as, from its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ESCAPE = re.compile(r"\s*#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_.]*)\1")
_STAGE = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?\s*", re.IGNORECASE)
_TAKES_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})


def final_user(text: str) -> str | None:
    """The last ``USER`` of the last stage, else that of the stage it is built on; None without one.

    A base image may set a user of its own; the file does not show it.
    """
    users: dict[str, str | None] = {}
    user: str | None = None
    name: str | None = None
    for instruction, value in instructions(text):
        if instruction == "FROM":
            found = _STAGE.fullmatch(value)
            user = users.get(found[1].lower()) if found else None
            name = found[2].lower() if found and found[2] else None
        elif instruction == "USER":
            user = value or None
        if name is not None:
            users[name] = user
    return user


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Instructions in capitals with what follows them: lines joined, comments and heredocs out."""
    lines = iter(text.splitlines())
    first = next(iter(text.splitlines()), "")
    directive = _ESCAPE.match(first)
    escape = directive[1] if directive else "\\"
    for line in lines:
        joined = line.strip()
        if not joined or joined.startswith("#"):
            continue
        while joined.endswith(escape):
            following = next(lines, None)
            if following is None:
                joined = joined.removesuffix(escape).rstrip()
                break
            stripped = following.strip()
            if stripped.startswith("#") or not stripped:
                continue
            joined = f"{joined.removesuffix(escape).rstrip()} {stripped}"
        if not joined:
            continue
        instruction, *rest = joined.split(maxsplit=1)
        name, value = instruction.upper(), "".join(rest)
        if name in _TAKES_HEREDOCS:
            for end in [found[2] for found in _HEREDOC.finditer(value)]:
                for body in lines:
                    if body.strip() == end:
                        break
        yield name, value
