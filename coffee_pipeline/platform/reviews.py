"""What commits themselves say of who saw a change: author, committer, trailers of reviewers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.platform.git_command import exact, lasting, readable

COMMITS_LIMIT = 200
"""Commits of one delivery that are looked at; more are a whole history, not a change."""
_TRAILERS = ("Reviewed-by", "Approved-by")
_FORMAT = "%H%x00%ae%x00%ce%x00%(trailers:{},valueonly,unfold,separator=%x01)".format(
    ",".join(f"key={name}" for name in _TRAILERS)
)
_ADDRESS = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True, slots=True)
class CommitReview:
    """One commit: e-mail addresses of its author, its committer and of named reviewers.

    A reviewer without an address is the name as it is written.
    """

    revision: str
    author: str
    committer: str
    reviewers: tuple[str, ...]


def commit_reviews(repository: Path, revisions: Sequence[str]) -> list[CommitReview]:
    """The reviews that the commits tell of, in the order asked for; full hashes.

    Raises:
        RepositoryError: a commit is not there.
    """
    if not revisions:
        return []
    shown = exact(
        lasting(
            repository, "show", "--no-patch", "--encoding=UTF-8", f"--format={_FORMAT}", *revisions
        )
    )
    found = []
    for line in shown.split("\n"):
        if line.count("\0") != 3:
            continue
        revision, author, committer, trailers = line.split("\0")
        reviewers = (_reviewer(readable(one)) for one in trailers.split("\x01") if one.strip())
        found.append(
            CommitReview(revision, readable(author), readable(committer), tuple(reviewers))
        )
    return found


def _reviewer(trailer: str) -> str:
    address = _ADDRESS.search(trailer)
    return (address[1] if address else trailer).strip()
