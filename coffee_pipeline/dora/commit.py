"""What the delivery metrics need to know of a commit."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol


class Commit(Protocol):
    """A recorded commit: the history's Revision, or the part of it that is read for a report."""

    @property
    def revision(self) -> str:
        """Its full hash."""

    @property
    def parent(self) -> str | None:
        """The first parent; None for a root commit."""

    @property
    def subject(self) -> str:
        """The first line of its message."""

    @property
    def committed_at(self) -> datetime:
        """The committer's time."""


class KnownCommit(NamedTuple):
    """A commit as it is read for a report: a large history has very many."""

    revision: str
    parent: str | None
    subject: str
    committed_at: datetime
