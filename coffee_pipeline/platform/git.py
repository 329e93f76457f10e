"""Reading a Git repository through the ``git`` program; its work tree is never touched."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from coffee_pipeline.errors import EnvironmentFailedError, RepositoryError
from coffee_pipeline.model.source import ChangedFile, Revision
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run

_HARDENED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_SETTINGS = (
    "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false",
    "-c", "core.fsmonitor=false", "-c", "protocol.allow=never",
)  # fmt: skip
_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%aI%x00%cI%x00%s"
_CHANGES = {"A": "added", "M": "modified", "D": "deleted", "T": "modified", "R": "renamed"}
MARKER = ".complete"
"""Written beside a finished checkout, so that a torn one is never used."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a revision: mode, object id, path."""

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
        found = self._ask("rev-parse", "--absolute-git-dir")
        if not found.answered:
            raise RepositoryError(
                f"{path}: not a Git repository; run 'git init' and commit, or name another one"
            )
        self.git_directory = Path(os.fsdecode(found.stdout.rstrip(b"\n")))

    @cached_property
    def shallow(self) -> bool:
        """Whether history is cut off: what lies before the cut cannot be known."""
        return self._text("rev-parse", "--is-shallow-repository").strip() == "true"

    def current_branch(self) -> str | None:
        """The branch that HEAD is on; None for a detached HEAD."""
        found = self._ask("symbolic-ref", "--quiet", "--short", "HEAD")
        return found.stdout.decode("utf-8").strip() if found.answered else None

    def resolve(self, revision: str) -> str:
        """The full hash of a commit, tag or branch.

        Raises:
            RepositoryError: an empty repository, or no such revision.
        """
        # ^{commit} after --end-of-options: a name beginning with - is a name.
        found = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options",
                          f"{revision}^{{commit}}")  # fmt: skip
        if found.answered:
            return found.stdout.decode("ascii").strip()
        if not self._text("rev-list", "--max-count=1", "--all").strip():
            raise RepositoryError(f"{self.path}: the repository has no commit yet")
        raise RepositoryError(
            f"{self.path}: no revision {revision!r}; name a commit, tag or branch"
        )

    def revision(self, sha: str, platform: str, branch: str | None = None) -> Revision:
        """The commit ``sha`` as a record."""
        line = self._text("show", "--no-patch", "--no-show-signature", f"--format={_FORMAT}", sha)
        commit, parents, name, email, authored, committed, subject = line.rstrip("\n").split("\0")
        return Revision(
            platform=platform,
            revision=commit,
            parent=parents.split()[0] if parents else None,
            branch=branch,
            author_name=name,
            author_email=email,
            authored_at=datetime.fromisoformat(authored),
            committed_at=datetime.fromisoformat(committed),
            subject=subject,
        )

    def changed_files(self, base: str | None, sha: str) -> list[ChangedFile]:
        """Files that differ between ``base`` and ``sha``; without a base all are added."""
        if base is None:
            return [
                ChangedFile(revision=sha, path=entry.path, previous_path=None, change="added")
                for entry in self.tree(sha)
            ]
        words = self._words("diff", "--name-status", "-M", "-z", "--no-ext-diff", base, sha)
        changes, rest = [], iter(words)
        for status in rest:
            first = next(rest)
            renamed = status[0] in "RC"
            changes.append(
                ChangedFile(
                    revision=sha,
                    path=next(rest) if renamed else first,
                    previous_path=first if renamed else None,
                    change=_CHANGES.get(status[0], "added" if status[0] == "C" else "modified"),
                )
            )
        return changes

    def tree(self, sha: str) -> list[TreeEntry]:
        """Every file of a revision (submodules are entries of mode 160000)."""
        entries = []
        for word in self._words("ls-tree", "-r", "-z", "--full-tree", sha):
            facts, _, path = word.partition("\t")
            mode, _, object_id = facts.split(" ")
            entries.append(TreeEntry(mode, object_id, path))
        return entries

    def read(self, sha: str, paths: Sequence[str], limit: int = 4 << 20) -> Mapping[str, bytes]:
        """Contents of files at a revision; those absent or over ``limit`` bytes are left out."""
        ids = {entry.path: entry.object_id for entry in self.tree(sha)}
        wanted = [(path, ids[path]) for path in paths if path in ids]
        stdin = "".join(f"{object_id}\n" for _, object_id in wanted).encode()
        data = self._done("cat-file", "--batch", stdin=stdin).stdout
        contents, position = {}, 0
        for path, _ in wanted:
            end = data.index(b"\n", position)
            header = data[position:end].split()
            size = int(header[2])
            if size <= limit:
                contents[path] = data[end + 1 : end + 1 + size]
            position = end + 1 + size + 1
        return contents

    def commits_between(self, base: str | None, sha: str) -> list[str]:
        """Hashes reachable from ``sha`` and not from ``base``, newest first."""
        wanted = f"{base}..{sha}" if base else sha
        return self._text("rev-list", wanted).split()

    def worktree(self, sha: str, folder: Path) -> Path:
        """A clean checkout of ``sha`` in ``folder``, made once; the source is only read.

        Its objects are borrowed through an alternates file of a private repository, so neither
        refs nor index nor work tree of the source change. Submodules stay empty, LFS pointers stay
        pointers.

        Raises:
            EnvironmentFailedError: the checkout cannot be written.
        """
        marker = folder.with_name(folder.name + MARKER)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if marker.exists() and folder.is_dir():
                return folder
            marker.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                self._check_out(sha, folder)
            except RepositoryError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise EnvironmentFailedError(
                    f"{folder}: cannot check out {sha}: {error}"
                ) from error
            marker.touch()
        return folder

    def _check_out(self, sha: str, folder: Path) -> None:
        key = hashlib.sha256(os.fsencode(self.git_directory)).hexdigest()[:16]
        mirror = folder.parent / f".mirror-{key}-{folder.name}"
        shutil.rmtree(mirror, ignore_errors=True)
        self._done("init", "--quiet", "--bare", str(mirror), plain=True)
        objects = self._text("rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
        (mirror / "objects" / "info").mkdir(exist_ok=True)
        (mirror / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        own = {
            "GIT_DIR": str(mirror),
            "GIT_WORK_TREE": str(folder),
            "GIT_INDEX_FILE": str(mirror / "index"),
        }
        self._done("read-tree", sha, environment=own, cwd=folder, plain=True)
        self._done("checkout-index", "--all", "--force", environment=own, cwd=folder, plain=True)
        shutil.rmtree(mirror, ignore_errors=True)

    def _words(self, *arguments: str) -> Iterable[str]:
        return [word for word in self._text(*arguments).split("\0") if word]

    def _text(self, *arguments: str) -> str:
        # Paths may be any bytes: surrogateescape keeps them apart and writes them back.
        return self._done(*arguments).stdout.decode("utf-8", "surrogateescape")

    def _done(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        plain: bool = False,
    ) -> Output:
        output = self._ask(*arguments, stdin=stdin, environment=environment, cwd=cwd, plain=plain)
        if not output.answered:
            raise RepositoryError(f"{self.path}: git {arguments[0]}: {output.tail(1)}")
        return output

    def _ask(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        plain: bool = False,
    ) -> Output:
        place = () if plain else ("-C", str(self.path))
        return run(
            Command(
                argv=("git", *_SETTINGS, *place, *arguments),
                cwd=cwd,
                environment={**_HARDENED, **(environment or {})},
                stdin=stdin,
                timeout_seconds=300,
            )
        )
