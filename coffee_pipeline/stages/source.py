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
    sha, platform = context.revision, context.platform
    branch = platform.branch if repository.contains(platform.branch, sha) else None
    revision = repository.revision(sha, platform.name, branch)
    services = affected(platform, repository, context.base_revision or revision.parent, sha)
    cut_off = repository.cut_off(sha)
    changes = [] if cut_off else repository.changed_files(revision.parent, sha)
    reasons = []
    if cut_off:
        reasons.append(
            f"shallow clone without the parent of {sha[:12]}, so what it changed is not known; "
            "git fetch --unshallow brings it"
        )
    if len(changes) > CHANGED_FILES_LIMIT:
        reasons.append(f"{len(changes)} files changed, the first {CHANGED_FILES_LIMIT} are kept")
    for note in repository.left_out(sha):
        context.report(f"{sha[:12]}: {note}")
    return Evidence(
        materialization=f"source@{sha}",
        outcome=Outcome.PARTIAL if reasons else Outcome.COMPLETED,
        reason="; ".join(reasons) or None,
        records=(revision, *services, *changes[:CHANGED_FILES_LIMIT]),
    )
