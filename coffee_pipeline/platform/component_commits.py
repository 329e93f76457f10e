"""Which commits changed the files of which component, where tags name components like folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from coffee_pipeline.platform.commit_log import CommitLog, decoded
from coffee_pipeline.platform.git_command import ask, exact
from coffee_pipeline.platform.git_objects import OFFLINE

MAXIMUM_FOLDERS = 2_000
"""Folders whose commits are read; a repository with more is not told apart."""
_BEGIN = "\1"


def component_commits(
    log: CommitLog, components: Sequence[str]
) -> tuple[dict[str, frozenset[str]], tuple[str, ...]]:
    """For every commit that changed files of components' folders, the components; and notes.

    A component's folder has its name (``services/x``), or the last part of it
    (``services/payments`` for ``payments``, ``packages/pkg`` for ``@scope/pkg``), in the head.
    Commits of none of the folders are left out. Those of a folder may also be changes of a
    component that has no folder: it is in the set of every commit.
    """
    if len(components) < 2 or log.head is None:
        return {}, ()
    folders = _folders(log, components)
    without = frozenset(one for one in components if one not in folders.values())
    if not folders or len(folders) > MAXIMUM_FOLDERS:
        return {}, ("no folder tells the components' commits apart: each counts with the first "
                    "release of any",)  # fmt: skip
    tips = "".join(f"{one}\n" for one in {log.head, *(tag.commit for tag in log.tags)})
    answer = ask(log.path, "log", "-z", "--no-merges", "--full-history",
                 "--no-renames", "--name-only", f"--format={_BEGIN}%H", "--ignore-missing",
                 "--stdin", "--", *(f":(top,literal){one}" for one in folders),
                 stdin=tips.encode(), environment=OFFLINE)  # fmt: skip
    if not answer.answered:
        return {}, ("the files of commits cannot be read, so components' commits are not told "
                    "apart: each counts with the first release of any",)  # fmt: skip
    notes: tuple[str, ...] = ()
    if without:
        named = ", ".join(sorted(one or "(no name)" for one in without)[:10])
        notes = (f"{len(without)} components have no folder of their name: every commit may be "
                 f"theirs ({named})",)  # fmt: skip
    return dict(_touched(decoded(answer.stdout), folders, without)), notes


def _folders(log: CommitLog, components: Sequence[str]) -> dict[str, str]:
    """The folders of components, each with its component."""
    answer = ask(log.path, "ls-tree", "-r", "-d", "-z", "--full-tree", "--name-only", str(log.head),
                 environment=OFFLINE)  # fmt: skip
    present = exact(answer.stdout).split("\0") if answer.answered else []
    by_name: dict[str, list[str]] = {}
    for path in present:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    found: dict[str, str] = {}
    for component in filter(None, components):
        plain = component.partition("/")[2] if component.startswith("@") else component
        alike = [
            path
            for path in by_name.get(plain.rpartition("/")[2], ())
            if path == plain or path.endswith(f"/{plain}")
        ]
        for path in [plain] if plain in alike else alike:
            found.setdefault(path, component)
    # A folder of the name within another component's is that one's: billing/internal/orders.
    return {
        path: component
        for path, component in found.items()
        if component.endswith(path) or not any(_inside(path, found, component))
    }


def _inside(path: str, found: Mapping[str, str], component: str) -> Iterable[bool]:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        outer = found.get("/".join(parts[:depth]))
        if outer is not None and outer != component:
            yield True


def _touched(
    printed: str, folders: Mapping[str, str], without: frozenset[str]
) -> Iterable[tuple[str, frozenset[str]]]:
    for entry in printed.split(_BEGIN)[1:]:
        revision, *paths = entry.split("\0")
        touched = {one for path in paths if (one := _owner(path.lstrip("\n"), folders)) is not None}
        if touched:
            yield revision.strip(), frozenset(touched) | without


def _owner(path: str, folders: Mapping[str, str]) -> str | None:
    """The component of the deepest folder that a file lies in."""
    folder = path.rpartition("/")[0]
    while folder:
        if folder in folders:
            return folders[folder]
        folder = folder.rpartition("/")[0]
    return None
