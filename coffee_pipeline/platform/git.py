"""Reading a Git repository through the ``git`` program; its work tree is never touched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.model.source import ChangedFile, Revision
from coffee_pipeline.platform.checkout import make_checkout
from coffee_pipeline.platform.git_command import ask, exact, git, lasting, readable

_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s"
_CHANGES = {"A": "added", "M": "modified", "D": "deleted", "T": "modified", "R": "renamed"}
SUBMODULE = "160000"
"""Mode of a tree entry that names a commit of another repository."""
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one that a datetime can hold
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EPOCH = datetime.fromtimestamp(0, UTC)
_LFS = re.compile(rb"^[^#\n]*\bfilter=lfs\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a revision; ``path`` is exact: bytes that are no UTF-8 are surrogates."""

    mode: str
    object_id: str
    path: str


class Repository:
    """A Git repository, to read."""

    def __init__(self, path: Path) -> None:
        """Open the repository at ``path`` (a work tree, any folder in it, or a bare one).

        Raises:
            RepositoryError: no such folder, or not a Git repository.
        """
        self.path = path
        if not path.is_dir():
            raise RepositoryError(f"{path}: no such folder; set 'repository' in platform.yaml")
        try:
            found = lasting(path, "rev-parse", "--absolute-git-dir")
        except RepositoryError as error:
            raise RepositoryError(
                f"{path}: not a Git repository; run 'git init' and commit, or name another one"
            ) from error
        self.git_directory = Path(os.fsdecode(found.removesuffix(b"\n")))

    @cached_property
    def shallow(self) -> bool:
        """Whether history is cut off: what lies before the cut cannot be known."""
        return self._text("rev-parse", "--is-shallow-repository").strip() == "true"

    def current_branch(self) -> str | None:
        """The branch that HEAD is on; None for a detached HEAD."""
        found = ask(self.path, "symbolic-ref", "--quiet", "--short", "HEAD")
        return readable(exact(found.stdout)).strip() if found.answered else None

    def resolve(self, revision: str) -> str:
        """The full hash of a commit, tag or branch.

        Raises:
            RepositoryError: an empty repository, or no such revision.
        """
        if _HASH.fullmatch(revision):
            with suppress(RepositoryError):  # said below, with what there is instead
                return (
                    lasting(self.path, "rev-parse", "--verify", f"{revision}^{{commit}}")
                    .decode("ascii")
                    .strip()
                )
        # --end-of-options: a name beginning with - is a name.
        found = ask(self.path, "rev-parse", "--verify", "--quiet", "--end-of-options",
                    f"{revision}^{{commit}}")  # fmt: skip
        if found.answered:
            return found.stdout.decode("ascii").strip()
        raise RepositoryError(self._unknown(revision))

    def _unknown(self, revision: str) -> str:
        names = self._text("for-each-ref", "--count=6", "--format=%(refname:short)",
                           "refs/heads", "refs/remotes").split()  # fmt: skip
        if not names and not self._text("rev-list", "--max-count=1", "--all").strip():
            return f"{self.path}: the repository has no commit yet"
        known = f"; branches here: {', '.join(map(readable, names))}" if names else ""
        more = "; git fetch --unshallow brings the rest of a shallow clone" if self.shallow else ""
        return f"{self.path}: no revision {revision!r}; name a commit, tag or branch{known}{more}"

    def has(self, sha: str) -> bool:
        """Whether the commit is here (not so after a forced push, or in a shallow clone)."""
        return ask(self.path, "cat-file", "-e", f"{sha}^{{commit}}").answered

    def contains(self, branch: str, sha: str) -> bool:
        """Whether the commit is part of the history of ``branch``; False without that branch."""
        return ask(self.path, "merge-base", "--is-ancestor", sha, branch).answered

    def cut_off(self, sha: str) -> bool:
        """Whether the commit has parents that a shallow clone left out."""
        return sha in self.shallow_commits()

    def shallow_commits(self) -> frozenset[str]:
        """The commits whose parents a shallow clone left out; none in a whole repository."""
        if not self.shallow:
            return frozenset()
        try:
            content = self._path_of("shallow").read_bytes()
        except OSError:  # made whole in the meantime
            return frozenset()
        return frozenset(content.decode("ascii", "replace").split())

    def revision(self, sha: str, platform: str, branch: str | None = None) -> Revision:
        """The commit ``sha`` as a record."""
        line = self._lasting("show", "--no-patch", "--encoding=UTF-8", f"--format={_FORMAT}", sha)
        fields = [readable(word) for word in line.rstrip("\n").split("\0")]
        commit, parents, name, email, authored, committed, subject = fields
        committed_at = moment(committed)
        return Revision(
            platform=platform,
            revision=commit,
            parent=parents.split()[0] if parents else None,
            branch=branch,
            author_name=name,
            author_email=email,
            authored_at=moment(authored, committed_at),
            committed_at=committed_at,
            subject=subject,
        )

    def changed_files(self, base: str | None, sha: str) -> list[ChangedFile]:
        """Files that differ between ``base`` and ``sha``; without a base all are added."""
        if base is None:
            return [
                ChangedFile(
                    revision=sha, path=readable(entry.path), previous_path=None, change="added"
                )
                for entry in self.tree(sha)
            ]
        words = self._words("diff-tree", "-r", "-M", "-z", "--name-status", base, sha)
        changes, rest = [], iter(words)
        for status in rest:
            first = next(rest)
            renamed = status[0] in "RC"
            changes.append(
                ChangedFile(
                    revision=sha,
                    path=readable(next(rest) if renamed else first),
                    previous_path=readable(first) if renamed else None,
                    change=_CHANGES.get(status[0], "added" if status[0] == "C" else "modified"),
                )
            )
        return changes

    def tree(self, sha: str) -> list[TreeEntry]:
        """Every file of a revision (submodules are entries of mode 160000)."""
        entries = []
        for word in self._lasting("ls-tree", "-r", "-z", "--full-tree", sha).split("\0"):
            if not word:
                continue
            facts, _, path = word.partition("\t")
            mode, _, object_id = facts.split(" ")
            entries.append(TreeEntry(mode, object_id, path))
        return entries

    def read(self, sha: str, paths: Sequence[str], limit: int = 4 << 20) -> Mapping[str, bytes]:
        """Contents of files at a revision; those absent or over ``limit`` bytes are left out."""
        ids = {e.path: e.object_id for e in self.tree(sha) if e.mode != SUBMODULE}
        wanted = [(path, ids[path]) for path in paths if path in ids]
        stdin = "".join(f"{object_id}\n" for _, object_id in wanted).encode()
        data = git(self.path, "cat-file", "--batch", stdin=stdin) if wanted else b""
        contents, position = {}, 0
        for path, _ in wanted:
            end = data.index(b"\n", position)
            header = data[position:end].split()
            position = end + 1
            if len(header) != 3:  # "ID missing": a partial clone or a damaged one lacks it
                continue
            size = int(header[2])
            if size <= limit:
                contents[path] = data[position : position + size]
            position += size + 1
        return contents

    def same_tree(self, one: str, other: str) -> bool:
        """Whether two commits have the same files; False when one of them is not here."""
        if one == other:
            return True
        trees = [ask(self.path, "rev-parse", "--verify", "--quiet", f"{sha}^{{tree}}")
                 for sha in (one, other)]  # fmt: skip
        return all(tree.answered for tree in trees) and trees[0].stdout == trees[1].stdout

    def commits_between(self, base: str | None, sha: str) -> list[str]:
        """Hashes reachable from ``sha`` and not from ``base``, newest first."""
        wanted = f"{base}..{sha}" if base else sha
        return self._text("rev-list", wanted).split()

    def worktree(self, sha: str, folder: Path) -> Path:
        """A clean checkout of ``sha`` in ``folder``; the source is only read.

        Neither refs nor index nor work tree of the source change. It is made once, and cleaned
        when a process begins to use it while no other one does. Submodules stay empty, LFS
        pointers stay pointers: :meth:`left_out` names them.

        Raises:
            EnvironmentFailedError: the checkout cannot be written.
        """
        return make_checkout(self._path_of("objects"), sha, folder)

    def left_out(self, sha: str) -> tuple[str, ...]:
        """What a checkout of ``sha`` lacks, in words: submodules and contents in Git LFS."""
        entries = self.tree(sha)
        notes = [
            f"submodule {readable(entry.path)} is left empty"
            for entry in entries
            if entry.mode == SUBMODULE
        ]
        attributes = [e.path for e in entries if e.path.rpartition("/")[2] == ".gitattributes"]
        notes += [
            f"files that {readable(path)} gives to Git LFS are left as pointers"
            for path, content in self.read(sha, attributes).items()
            if _LFS.search(content)
        ]
        return tuple(notes)

    def _path_of(self, name: str) -> Path:
        found = lasting(self.path, "rev-parse", "--path-format=absolute", "--git-path", name)
        return Path(os.fsdecode(found.removesuffix(b"\n")))

    def _words(self, *arguments: str) -> Iterable[str]:
        return [word for word in self._text(*arguments).split("\0") if word]

    def _lasting(self, *arguments: str) -> str:
        """The answer to a question that names a commit by its full hash."""
        return exact(lasting(self.path, *arguments))

    def _text(self, *arguments: str) -> str:
        return exact(git(self.path, *arguments))


def moment(seconds: str, otherwise: datetime = _EPOCH) -> datetime:
    """A commit's time, in UTC; a broken one is ``otherwise``, one past the calendar its end."""
    if not seconds.isdigit():
        return otherwise
    return datetime.fromtimestamp(min(int(seconds), _LAST_SECOND), UTC)
