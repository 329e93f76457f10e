"""``go list``: which packages Go sees in a module. It is what scanners and tests are counted by."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools.json_stream import json_objects

NAME = "go list"
_FIELDS = "ImportPath,Name,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Error,DepsErrors"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoPackage:
    """One package. ``folder`` is relative to the module, ``problem`` is why Go cannot load it.

    ``has_code`` is False for a package of test files only.
    """

    import_path: str
    name: str
    folder: str
    has_code: bool
    has_tests: bool
    problem: str | None


def command(
    go: Path, folder: Path, environment: Mapping[str, str], tags: tuple[str, ...] = ()
) -> Command:
    """List every package of the module in ``folder``, broken ones too."""
    chosen = (f"-tags={','.join(tags)}",) if tags else ()
    return Command(
        argv=(str(go), "list", "-e", *chosen, f"-json={_FIELDS}", "./..."),
        cwd=folder,
        environment=environment,
        timeout_seconds=300.0,
    )


def parse(output: Output, folder: Path) -> tuple[GoPackage, ...] | None:
    """The packages of the module in ``folder``; None when Go could not list them at all.

    Raises:
        ParseError: the output is no stream of JSON objects.
    """
    if not output.answered:
        return None
    root = folder.resolve()
    text = output.stdout.decode("utf-8", "replace")
    return tuple(_package(item, root) for item in json_objects(text, NAME))


def _package(item: Mapping[str, Any], root: Path) -> GoPackage:
    error = item.get("Error") or next(iter(item.get("DepsErrors") or ()), None) or {}
    place = Path(str(item.get("Dir") or root)).resolve()
    relative = place.relative_to(root).as_posix() if place.is_relative_to(root) else "."
    return GoPackage(
        import_path=str(item.get("ImportPath", "")),
        name=str(item.get("Name", "")),
        folder="." if relative == "." else posixpath.join(".", relative),
        has_code=bool(item.get("GoFiles") or item.get("CgoFiles")),
        has_tests=bool(item.get("TestGoFiles") or item.get("XTestGoFiles")),
        problem=str(error["Err"]) if error.get("Err") else None,
    )
