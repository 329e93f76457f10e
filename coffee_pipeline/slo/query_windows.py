"""Where a query's window belongs, as sloth's templates have it: ``[{{.window}}]``."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")


def fill(query: str, length: str) -> str:
    """The query with ``length`` where its window belongs."""
    return _PLACEHOLDER.sub(length, query)


def has_window(query: str) -> bool:
    """Whether the query says where its window belongs."""
    return _PLACEHOLDER.search(query) is not None
