"""Which branch stands for what a repository delivers."""

from __future__ import annotations

from dataclasses import dataclass

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.git_command import ask, exact, readable
from coffee_pipeline.platform.git_objects import OFFLINE

_USUAL = ("main", "master", "trunk", "develop", "default")


@dataclass(frozen=True)
class ChosenBranch:
    """A branch and its head; ``head`` is None in a repository without commits."""

    name: str | None
    head: str | None
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def choose_branch(repository: Repository, wanted: str | None = None) -> ChosenBranch:
    """``wanted``, else the remote's default branch, else HEAD's, else one of the usual names.

    A detached HEAD is used as it is only when no branch of a usual name exists.

    Raises:
        RepositoryError: ``wanted`` is given and does not exist.
    """
    if wanted is not None:
        return ChosenBranch(wanted, _named(repository, wanted) or repository.resolve(wanted))
    present, broken = _references(repository)
    for name, references, note in _candidates(repository, present):
        for reference in references:
            head = _commit_of(repository, reference)
            if head is not None:
                return ChosenBranch(name, head, (note,) if note else (), tuple(broken))
            words = f"{readable(reference)}: the commit it names is not readable"
            if reference in present and words not in broken:
                broken.append(words)
    note = (
        "no branch names a commit that can be read"
        if broken
        else "the repository has no commit yet"
    )
    return ChosenBranch(None, None, (note,), tuple(broken))


def _named(repository: Repository, branch: str) -> str | None:
    """A branch before a tag or a hash of the same name."""
    for reference in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"):
        head = _commit_of(repository, reference)
        if head is not None:
            return head
    return None


def _candidates(
    repository: Repository, present: list[str]
) -> list[tuple[str | None, tuple[str, ...], str]]:
    current = repository.current_branch()
    default = _symbolic(repository, "refs/remotes/origin/HEAD")
    found: list[tuple[str | None, tuple[str, ...], str]] = []
    if default is not None:
        name = default.removeprefix("refs/remotes/origin/")
        local = f"refs/heads/{name}"
        order = (local, default) if current == name else (default, local)
        found.append((name, order, ""))
    if current is not None:
        found.append((current, (f"refs/heads/{current}",), ""))
    detached = "" if current else "detached HEAD: "
    for name in _USUAL:
        references = (f"refs/heads/{name}", f"refs/remotes/origin/{name}")
        found.append((name, references, f"{detached}the branch {name} is reported on"))
    if current is None:
        found.append((None, ("HEAD",), "detached HEAD: the commit it is at is reported on"))
    for reference in present:
        name = reference.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        found.append((name, (reference,), f"HEAD names no commit: the branch {name} is used"))
    return found


def _commit_of(repository: Repository, reference: str) -> str | None:
    answer = ask(repository.path, "rev-parse", "--verify", "--quiet", "--end-of-options",
                 f"{reference}^{{commit}}", environment=OFFLINE)  # fmt: skip
    return answer.stdout.decode("ascii", "replace").strip() if answer.answered else None


def _symbolic(repository: Repository, reference: str) -> str | None:
    answer = ask(repository.path, "symbolic-ref", "--quiet", reference)
    return readable(exact(answer.stdout)).strip() if answer.answered else None


def _references(repository: Repository) -> tuple[list[str], list[str]]:
    """The branches there are, whether or not their commits are, and git's words about others."""
    answer = ask(repository.path, "for-each-ref", "--format=%(refname)", "refs/heads",
                 "refs/remotes")  # fmt: skip
    if not answer.answered:
        raise RepositoryError(f"{repository.path}: its branches cannot be listed")
    warnings = [readable(line) for line in exact(answer.stderr).splitlines()[:5]]
    return exact(answer.stdout).splitlines(), warnings
