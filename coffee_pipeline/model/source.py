"""Facts of the source stage: revisions, what they brought and changed, whom they affect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One Git commit of the platform. ``parent`` is the first parent, None for a root commit."""

    platform: str
    revision: str
    parent: str | None
    branch: str | None
    author_name: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """One path changed by a revision; ``change`` is added, modified, deleted or renamed."""

    revision: str
    path: str
    previous_path: str | None
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionCommit:
    """One commit that a delivered revision brought, since ``base_revision`` was delivered.

    ``parents`` are full hashes, ``services`` the names of those of which it changed an input; each
    separated by blanks. A merge changes none itself. ``services`` is None where that is not known.
    What its message says it reverts: ``reverted_commits`` (hashes, perhaps shortened),
    ``reverted_requests`` (numbers of pull or merge requests), ``reverted_subject``; None where it
    does not say. ``hotfix``: whether it calls itself one.
    """

    platform: str
    revision: str
    base_revision: str
    commit_hash: str
    parents: str
    author_name: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    subject: str
    services: str | None
    reverted_commits: str | None = None
    reverted_requests: str | None = None
    reverted_subject: str | None = None
    hotfix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRevision:
    """One service (or library module) as it stands at a revision.

    ``input_digest`` is a hash over the Git trees of its module and of every module of the
    platform that it depends on: two revisions with the same digest need no second delivery.
    ``affected`` compares with ``base_revision`` (the one last delivered, else the parent).
    """

    platform: str
    revision: str
    service: str
    kind: str
    module: str
    package: str
    input_digest: str
    affected: bool
    base_revision: str | None
    reason: str
