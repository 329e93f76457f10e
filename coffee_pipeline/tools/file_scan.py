"""What scanners of files (not of Go packages) have in common: what they are given and judged by.

``Target.packages`` are files or folders relative to the target's folder; its default stands for
all files there that are of the tool's sort. They are named to the tool one by one, since each tool
has its own idea of which names it looks at, and says nothing of those that it passes over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import shortened

EVERYTHING = ("./...",)
"""``Target.packages`` of a target that names no files."""
_PASSED_OVER = frozenset({".git", ".terraform", ".venv", "node_modules", "vendor"})
_SHOWN = 5


def whole_folder(target: Target) -> bool:
    """Whether the target names no files, so that all of its folder is meant."""
    return tuple(target.packages) == EVERYTHING


def missing_files(target: Target) -> list[str]:
    """Named files that are not there, or lead out of the target's folder."""
    if whole_folder(target):
        return []
    return [name for name in target.packages if _inside(target, name) is None]


def files(target: Target, wanted: Callable[[str], bool]) -> tuple[str, ...]:
    """The files to look at, relative to the folder and sorted; refused ones are left out.

    Args:
        target: what is scanned. Files that it names are taken whatever they are called.
        wanted: whether a path is of the tool's sort; asked for files found in folders.
    """
    found: set[str] = set()
    for name in ("",) if whole_folder(target) else target.packages:
        path = _inside(target, name) if name else target.folder
        if path is None:
            continue
        relative = path.relative_to(target.folder).as_posix()
        if path.is_dir():
            found.update(one for one in _walk(target, relative) if wanted(one))
        else:
            found.add(relative)
    return tuple(sorted(found.difference(target.refused)))


def arguments(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths as arguments: none of them can be taken for an option."""
    return tuple(f"./{path}" if path.startswith("-") else path for path in paths)


def every_file(folder: Path) -> list[Path]:
    """All files below a folder, links among them and not followed, but for Git's own."""
    found = []
    for path, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != ".git")
        linked = [name for name in names if (Path(path) / name).is_symlink()]
        found += [Path(path) / name for name in sorted([*files, *linked]) if name != ".git"]
    return found


def _inside(target: Target, name: str) -> Path | None:
    path = target.folder / os.path.normpath(name)
    if not path.exists():
        return None
    inside = path.resolve().is_relative_to(target.folder.resolve())
    return path if inside and path.is_relative_to(target.folder) else None


def _walk(target: Target, start: str) -> Iterable[str]:
    """Files below a folder; links and nested modules are not followed."""
    for folder, names, found in os.walk(target.folder / start):
        here = Path(folder).relative_to(target.folder)
        names[:] = sorted(
            name
            for name in names
            if name not in _PASSED_OVER and (here / name).as_posix() not in target.nested
        )
        for name in found:
            if not (Path(folder) / name).is_symlink():
                yield (here / name).as_posix()


def setting_path(target: Target, name: str) -> Path | None:
    """The path that a setting names, relative to the checkout; None when it is not set."""
    value = target.settings.get(name)
    return target.checkout / value if value else None


def files_below(path: Path, *suffixes: str) -> list[Path]:
    """Files with one of the suffixes at or below ``path``, sorted."""
    if path.is_file():
        return [path] if path.name.endswith(suffixes) else []
    return sorted(file for file in path.rglob("*") if file.name.endswith(suffixes))


def obstacle(target: Target, tool: str, chosen: Sequence[str], sort: str) -> str | None:
    """Why there is nothing to look at; ``sort`` is what the tool looks at, in the plural."""
    missing = missing_files(target)
    if missing:
        return f"{named(missing)}: not in {target.module}"
    if not chosen:
        return f"there are no {sort} in {target.module} for {tool} to look at"
    return None


def named(paths: Sequence[str]) -> str:
    """The first few of them."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}"


def answer(tool: str, target: Target, output: Output, version: str | None) -> Document | Report:
    """What the process printed, or the report of why that is no answer."""
    early = scan_record.ended_early(tool, output)
    if early is None and not output.answered:
        early = f"{tool} ended with exit code {output.exit_code}: {last_words(output)}"
    elif early is None and not output.stdout.strip():
        early = f"{tool} printed no report: {last_words(output)}"
    if early is None:
        return Document(output.stdout, f"{tool} output")
    return scan_record.report(tool, target, Outcome.FAILED, early, version=version, output=output)


def last_words(output: Output) -> str:
    """What the tool complained of: the first line that names an error, else its last line."""
    lines = [line.strip() for line in output.tail(lines=40).splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return shortened((telling or lines[-1:] or ["it says nothing"])[0], 300)


def because(*reasons: str | None) -> str | None:
    """All reasons in one line; None where there is none."""
    return "; ".join(reason for reason in reasons if reason) or None
