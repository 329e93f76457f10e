"""How deep YAML nests, asked before a recursive reader sees it.

PyYAML composes documents by recursion, in C too: a file of a hundred thousand opening brackets
ends the process instead of raising an error.
"""

from __future__ import annotations

from typing import Any

import yaml

DEPTH_LIMIT = 100
"""Levels of nesting; manifests have fewer than thirty."""


def check_depth(text: str | bytes, limit: int = DEPTH_LIMIT) -> None:
    """Refuse text that nests deeper than ``limit``.

    Raises:
        yaml.MarkedYAMLError: it does, or it is no YAML.
        yaml.YAMLError: it is no text.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    # Each level needs an opening bracket, a dash, or an indented key: few of them cannot nest.
    if sum(data.count(sign) for sign in (b"[", b"{", b"-", b":", b"?")) <= limit:
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > limit:
                mark: Any = event.start_mark
                raise yaml.MarkedYAMLError(
                    problem=f"nested deeper than {limit} levels", problem_mark=mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
