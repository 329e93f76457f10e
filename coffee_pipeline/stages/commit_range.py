"""The commits that a revision brought since another one, with the services that each touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coffee_pipeline.dora.rework import Reverted, rework_of
from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.model.source import RevisionCommit
from coffee_pipeline.platform.affected import Inputs
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository, moment
from coffee_pipeline.platform.git_command import exact, lasting, readable

COMMITS_LIMIT = 10_000
"""Of one delivery; more are a whole history, which a report would not walk either."""

_FIELDS = ("%H", "%P", "%an", "%ae", "%at", "%ct", "%s", "%B")


@dataclass(frozen=True)
class CommitRange:
    """The commits, newest first; ``reason`` says what is not known of them, None if nothing."""

    commits: tuple[RevisionCommit, ...]
    reason: str | None = None


def commits_since(
    platform: Platform, repository: Repository, base: str | None, sha: str
) -> CommitRange:
    """The commits that ``sha`` reaches and ``base`` does not, on all sides of merges.

    None without a ``base``, or with one that the repository does not have (after a forced push):
    then everything would be new. A commit touched the services of which it changed an input, as
    ``base`` or ``sha`` have their inputs; a merge touches none itself, its sides do.

    Raises:
        RepositoryError: there is no ``sha``.
    """
    if base is None or base == sha or not repository.has(base):
        return CommitRange(())
    found = _log(repository, base, sha)
    names = {words[0] for words in found}
    if cut := names & repository.shallow_commits():
        return CommitRange((), f"shallow clone: its history ends within the {len(names)} commits "
                               f"since {base[:12]} ({min(cut)[:12]}), so they are not known; "
                               "git fetch --unshallow brings the rest")  # fmt: skip
    if len(found) > COMMITS_LIMIT:
        # A part would pass for the whole: where it ends, base would seem to follow.
        return CommitRange((), f"over {COMMITS_LIMIT} commits since {base[:12]}: none is kept")
    reasons = []
    touched: Mapping[str, frozenset[str]] = {}
    try:
        touched = _touched(platform, repository, base, sha, [words[0] for words in found])
    except RepositoryError as error:
        reasons.append(f"which services the commits touched is not known: {error}")
    commits = []
    for name, parents, author, email, authored, committed, subject, message in found:
        committed_at = moment(committed)
        services = touched.get(name)
        words = rework_of(readable(subject), readable(message), merge=" " in parents)
        reverted = words.reverted or Reverted()
        commits.append(
            RevisionCommit(
                platform=platform.name,
                revision=sha,
                base_revision=base,
                commit_hash=name,
                parents=parents,
                author_name=readable(author),
                author_email=readable(email),
                authored_at=moment(authored, committed_at),
                committed_at=committed_at,
                subject=readable(subject),
                reverted_commits=" ".join(reverted.hashes) or None,
                reverted_requests=" ".join(map(str, reverted.requests)) or None,
                reverted_subject=reverted.subject,
                hotfix=words.hotfix,
                services=" ".join(sorted(services)) if services is not None else None,
            )
        )
    return CommitRange(tuple(commits), "; ".join(reasons) or None)


def _log(repository: Repository, base: str, sha: str) -> list[Sequence[str]]:
    """One more than the limit at most, each as the words of the fields."""
    form = "%x00".join(_FIELDS)
    words = exact(
        lasting(
            repository.path, "log", "-z", "--topo-order", "--encoding=UTF-8",
            f"--max-count={COMMITS_LIMIT + 1}", f"--format={form}", f"{base}..{sha}",
        )
    ).split("\0")  # fmt: skip
    width = len(_FIELDS)
    return [words[at : at + width] for at in range(0, len(words) - width + 1, width)]


def _touched(
    platform: Platform, repository: Repository, base: str, sha: str, commits: Sequence[str]
) -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    inputs = (Inputs(platform, repository, base), Inputs(platform, repository, sha))
    services: dict[str, frozenset[str]] = {}
    answer = exact(
        lasting(
            repository.path, "diff-tree", "--stdin", "-r", "-z", "--root", "--no-renames",
            stdin="".join(f"{name}\n" for name in commits).encode(),
        )
    )  # fmt: skip
    words = iter(answer.split("\0"))
    name = ""
    for word in words:
        if not word.startswith(":"):
            name = word
            continue
        path = next(words)
        if path not in services:
            services[path] = inputs[0].services(path) | inputs[1].services(path)
        found[name] |= services[path]
    return {name: frozenset(found[name]) for name in commits}
