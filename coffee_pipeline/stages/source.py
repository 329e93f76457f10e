"""The source stage: the revision, what it changed, and how every service stands at it."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.affected import affected
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.commit_range import commits_since
from coffee_pipeline.stages.context import StageContext

CHANGED_FILES_LIMIT = 20_000
"""Changed files kept for one revision; a first commit may have more than anyone will read."""


def source(context: StageContext) -> Sequence[Evidence]:
    """Facts about the context's revision for the whole platform, and the commits it brought.

    Services are compared with the revision delivered before, else with the first parent. The
    commits are evidence of their own, of both revisions: the same one may be delivered again after
    another, when it brings nothing new, and what it once brought stays.

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
    standing = Evidence(
        materialization=f"source@{sha}",
        outcome=Outcome.PARTIAL if reasons else Outcome.COMPLETED,
        reason="; ".join(reasons) or None,
        records=(revision, *services, *changes[:CHANGED_FILES_LIMIT]),
    )
    brought = commits_since(platform, repository, context.base_revision, sha)
    if not brought.commits and not brought.reason:
        return [standing]
    return [
        standing,
        Evidence(
            materialization=f"commits/{context.base_revision}..{sha}",
            outcome=Outcome.PARTIAL if brought.reason else Outcome.COMPLETED,
            reason=brought.reason,
            records=brought.commits,
        ),
    ]
