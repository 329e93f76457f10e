"""Discovery: a platform description from a repository nobody has described yet.

Nothing is compiled or fetched, so modules that do not build are found like the others.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.platform.affected import module_of
from coffee_pipeline.platform.description import Module, Platform, Service
from coffee_pipeline.platform.documents import Documents, read_documents
from coffee_pipeline.platform.modules import parse_go_mod
from coffee_pipeline.platform.packages import declares_main, package_clause

_SKIPPED = {"vendor", "testdata", "node_modules"}
"""Folders whose Go files the go command ignores, or that hold other people's code."""


@dataclass(frozen=True)
class Discovered:
    """A description and, in words, what was left out and why."""

    platform: Platform
    notes: Sequence[str]


def discover(repository: Path, name: str | None = None) -> Discovered:
    """Describe the repository at ``repository``: every module, every main package.

    Files below ``vendor``, ``testdata``, ``node_modules`` and folders that begin with ``.`` or
    ``_`` are left out, as the go command leaves them out; modules there are noted.
    """
    files, notes = _walk(repository)
    mods = sorted(posixpath.dirname(p) or "." for p in files if posixpath.basename(p) == "go.mod")
    for folder in mods:
        parsed = parse_go_mod(_read(repository / folder / "go.mod"))
        if parsed.problem:
            notes.append(
                f"{folder}/go.mod: {parsed.problem}; the module is kept, it will not build"
            )
    mains = _main_packages(repository, files, mods, notes)
    documents = read_documents(repository, [*_owners_files(repository), *files], notes)
    platform = Platform(
        name=name or _platform_name(repository),
        modules=tuple(Module(path=folder) for folder in mods),
        services=tuple(_services(repository, mods, mains, documents)),
    )
    return Discovered(platform, notes)


def _walk(repository: Path) -> tuple[list[str], list[str]]:
    """Relative POSIX paths of the regular files, without links, and notes."""
    found: list[str] = []
    notes: list[str] = []

    def unreadable(error: OSError) -> None:
        notes.append(f"{error.filename}: cannot be read ({error.strerror})")

    for folder, folders, names in os.walk(repository, onerror=unreadable):
        here = Path(folder).relative_to(repository).as_posix()
        kept = []
        for sub in sorted(folders):
            if not _is_text(sub):
                notes.append(_no_text(here, sub))
            elif sub in _SKIPPED or sub.startswith((".", "_")):
                if sub != ".git" and (Path(folder) / sub / "go.mod").is_file():
                    notes.append(f"{posixpath.normpath(f'{here}/{sub}')}: a module the go command "
                                 "ignores; left out")  # fmt: skip
            else:
                kept.append(sub)
        folders[:] = kept
        for file in sorted(names):
            path = Path(folder) / file
            if not _is_text(file):
                notes.append(_no_text(here, file))
            elif path.is_file() and not path.is_symlink():
                found.append(posixpath.normpath(posixpath.join(here, file)))
    return found, notes


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8, which a description can hold; Git and Linux take any bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _no_text(folder: str, name: str) -> str:
    path = os.fsencode(posixpath.normpath(f"{folder}/{name}"))
    return f"{path.decode('utf-8', 'backslashreplace')}: its name is not UTF-8; left out"


def _owners_files(repository: Path) -> list[str]:
    """CODEOWNERS where GitHub and GitLab look first; hidden folders are not walked."""
    places = (".github/CODEOWNERS", ".gitlab/CODEOWNERS")
    return [place for place in places if (repository / place).is_file()]


def _read(path: Path, limit: int = 1 << 20) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limit)


def _main_packages(
    repository: Path, files: Sequence[str], mods: Sequence[str], notes: list[str]
) -> Mapping[str, str]:
    """Folder of each main package -> folder of its module."""
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for path in files:
        if path.endswith(".go") and not path.endswith("_test.go"):
            by_folder[posixpath.dirname(path) or "."].append(path)
    mains = {}
    for folder, sources in by_folder.items():
        contents = {posixpath.basename(p): _read(repository / p) for p in sources}
        if not any(declares_main(name, content) for name, content in contents.items()):
            if any(package_clause(content) == "main" for content in contents.values()):
                notes.append(f"{folder}: its main package is not built for linux/amd64; left out")
            continue
        module = module_of(folder, mods)
        if module is None:
            notes.append(f"{folder}: a main package outside every module; left out")
        else:
            mains[folder] = module
    return mains


def _platform_name(repository: Path) -> str:
    kept = "".join(c if c.isalnum() or c in "._-" else "-" for c in repository.resolve().name)
    return kept.strip(".-_") or "platform"


def _names(folders: Sequence[str], root_name: str) -> Mapping[str, str]:
    """A short unique name for each folder: its last part, with more parents where they collide."""
    parts = {f: [_clean(p) for p in f.split("/")] if f != "." else [root_name] for f in folders}
    lengths = dict.fromkeys(folders, 1)
    while True:
        names = {f: "-".join(parts[f][-lengths[f] :]) for f in folders}
        twice = {name for name, count in Counter(names.values()).items() if count > 1}
        longer = [f for f in folders if names[f] in twice and lengths[f] < len(parts[f])]
        if not longer:
            break
        for folder in longer:
            lengths[folder] += 1
    # What still collides (a-b/c and a/b-c) is told apart by a number.
    seen: Counter[str] = Counter()
    for folder in sorted(folders):
        seen[names[folder]] += 1
        if seen[names[folder]] > 1:
            names[folder] += f"-{seen[names[folder]]}"
    return names


def _clean(part: str) -> str:
    kept = "".join(c if (c.isascii() and c.isalnum()) or c in "._-" else "-" for c in part)
    return kept.lstrip("._-") or "x"


def _services(
    repository: Path, mods: Sequence[str], mains: Mapping[str, str], documents: Documents
) -> Iterator[Service]:
    libraries = [folder for folder in mods if folder not in mains.values()]
    names = _names([*mains, *libraries], _clean(repository.resolve().name))
    belonging = documents.by_service(
        {names[folder]: (folder, module) for folder, module in mains.items()}
    )
    for folder in sorted(mains):
        module, name = mains[folder], names[folder]
        relative = posixpath.relpath(folder, module)
        mine = belonging[name]
        yield Service(
            name=name,
            module=module,
            package="." if relative == "." else f"./{relative}",
            owners=documents.owners(folder),
            dockerfile=mine.dockerfile,
            openapi=mine.openapi,
            manifests=mine.manifests,
            slos=mine.slos,
        )
    for folder in libraries:
        yield Service(
            name=names[folder], kind="library", module=folder, owners=documents.owners(folder)
        )
