"""A clean checkout of one revision, made without touching the repository it comes from.

``git worktree add`` would write into the source. Here a private repository beside the checkout
borrows the source's objects through an *alternates* file and holds the checkout's index.

A process that uses a checkout holds a shared ``flock`` on it until it ends, even by SIGKILL. Who
finds it unused cleans it: what a killed tool left behind must not be compiled into the next build.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from pathlib import Path

from filelock import FileLock

from coffee_pipeline.errors import EnvironmentFailedError, RepositoryError
from coffee_pipeline.platform.git_command import git

_used: dict[Path, int] = {}
"""Checkouts this process uses, with the open file that holds the shared lock."""
_guard = threading.Lock()


def make_checkout(objects: Path, sha: str, folder: Path) -> Path:
    """Check ``sha`` out at ``folder``, from a repository whose objects lie at ``objects``.

    Raises:
        EnvironmentFailedError: the checkout cannot be written, or git cannot check it out.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _guard, FileLock(_beside(folder, ".lock")):
            _provide(objects, sha, folder)
    except OSError as error:
        raise EnvironmentFailedError(
            f"{folder}: cannot be written ({error.strerror}); free some space or choose another "
            "--data-dir"
        ) from error
    except RepositoryError as error:
        raise EnvironmentFailedError(f"{folder}: cannot check out {sha}: {error}") from error
    return folder


def _beside(folder: Path, ending: str) -> Path:
    return folder.with_name(folder.name + ending)


def _provide(objects: Path, sha: str, folder: Path) -> None:
    complete = _beside(folder, ".complete")
    whole = complete.exists() and folder.is_dir() and _beside(folder, ".git").is_dir()
    if whole and folder in _used:
        return
    if not whole:
        complete.unlink(missing_ok=True)
        _make(objects, sha, folder)
        complete.touch()
    use = os.open(_beside(folder, ".use"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if whole and _unused(use):
            _clean(objects, folder)
        fcntl.flock(use, fcntl.LOCK_SH)
    except BaseException:
        os.close(use)
        raise
    stale = _used.pop(folder, None)
    if stale is not None:
        os.close(stale)
    _used[folder] = use


def _unused(use: int) -> bool:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _own(folder: Path) -> dict[str, str]:
    store = _beside(folder, ".git")
    return {
        "GIT_DIR": str(store),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(store / "index"),
    }


def _make(objects: Path, sha: str, folder: Path) -> None:
    store = _beside(folder, ".git")
    for torn in (folder, store):
        if torn.exists():
            shutil.rmtree(torn)
    folder.mkdir()
    form = "sha256" if len(sha) == 64 else "sha1"
    git(folder.parent, "init", "--quiet", "--bare", "--template=", f"--object-format={form}",
        str(store))  # fmt: skip
    _borrow(objects, store)
    git(folder, "read-tree", sha, environment=_own(folder))
    git(folder, "checkout-index", "--all", "--force", environment=_own(folder))


def _borrow(objects: Path, store: Path) -> None:
    if "\n" in str(objects):
        raise RepositoryError("the path of the repository has a line break; rename the folder")
    information = store / "objects" / "info"
    information.mkdir(exist_ok=True)
    (information / "alternates").write_bytes(os.fsencode(objects) + b"\n")


def _clean(objects: Path, folder: Path) -> None:
    """Undo what tools changed, and remove what they left, ignored files too."""
    own = _own(folder)
    _borrow(objects, _beside(folder, ".git"))  # the repository may have moved since
    git(folder, "checkout-index", "--all", "--force", environment=own)
    git(folder, "clean", "-ffdxq", environment=own)
