"""What the delivery metrics need to know of a commit."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from coffee_pipeline.dora.rework import NO_REWORK, Rework


class Commit(NamedTuple):
    """A commit as it is read for a report: a large history has very many.

    ``revision`` is its full hash, ``parent`` the first parent (None for a root commit), ``merged``
    the other parents of a merge where they are known, ``subject`` the first line of its message,
    ``committed_at`` the committer's time, ``rework`` what its message says it puts right.
    """

    revision: str
    parent: str | None
    subject: str
    committed_at: datetime
    merged: tuple[str, ...] = ()
    rework: Rework = NO_REWORK
