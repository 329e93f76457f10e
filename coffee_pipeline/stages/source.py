"""The source stage: the revision, what it changed, and how every service stands at it."""

from __future__ import annotations

from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.affected import affected
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.context import StageContext

CHANGED_FILES_LIMIT = 20_000
"""Changed files kept for one revision; a first commit may have more than anyone will read."""


def source(context: StageContext) -> Evidence:
    """Facts about the context's revision for the whole platform.

    Services are compared with the revision delivered before, else with the first parent.

    Raises:
        RepositoryError: the repository lacks one of the revisions.
    """
    repository = Repository(context.repository)
    sha = context.revision
    revision = repository.revision(sha, context.platform.name, context.platform.branch)
    parent = revision.parent if not repository.shallow else None
    services = affected(context.platform, repository, context.base_revision or parent, sha)
    changes = repository.changed_files(parent, sha)
    cut = len(changes) > CHANGED_FILES_LIMIT
    reason = (
        f"{len(changes)} files changed, the first {CHANGED_FILES_LIMIT} are kept" if cut else None
    )
    if revision.parent and repository.shallow:
        reason = "shallow clone: the parent is not there, so every file counts as added"
    return Evidence(
        materialization=f"source@{sha}",
        outcome=Outcome.COMPLETED if reason is None else Outcome.PARTIAL,
        reason=reason,
        records=(revision, *services, *changes[:CHANGED_FILES_LIMIT]),
    )
