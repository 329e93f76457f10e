"""``go version -m``: what is linked into a Go binary, from the binary itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.errors import ParseError
from coffee_pipeline.process.command import Command

NAME = "go version"


@dataclass(frozen=True, slots=True)
class LinkedModule:
    """A module in a binary. ``checksum`` is that of ``go.sum`` (``h1:...``), where there is one.

    ``replaced_by`` names what really was linked when a ``replace`` directive was at work.
    """

    path: str
    version: str
    checksum: str | None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class BinaryFacts:
    """What a Go binary says of itself; ``settings`` are build settings such as ``GOARCH``."""

    go_version: str
    package: str
    main: LinkedModule | None
    modules: tuple[LinkedModule, ...]
    settings: Mapping[str, str]


def command(go: Path, binary: Path) -> Command:
    """Ask ``binary``; it is only read, not run."""
    return Command(argv=(str(go), "version", "-m", str(binary)), timeout_seconds=60.0)


def parse(text: str, source: str) -> BinaryFacts:
    """Facts from the output of :func:`command`.

    Raises:
        ParseError: the file is no Go binary.
    """
    lines = text.splitlines()
    _, separator, go_version = lines[0].rpartition(": ") if lines else ("", "", "")
    if not separator or not go_version.startswith("go"):
        raise ParseError(source, "line 1", "not a Go binary")
    package, main, modules, settings = "", None, list[LinkedModule](), dict[str, str]()
    for line in lines[1:]:
        words = line.lstrip("\t").split("\t")
        match words[0]:
            case "path" if len(words) > 1:
                package = words[1]
            case "mod" if len(words) > 1:
                main = _module(words)
            case "dep" if len(words) > 1:
                modules.append(_module(words))
            case "=>" if modules and len(words) > 1:
                modules[-1] = _replaced(modules[-1], _module(words))
            case "build" if len(words) > 1:
                name, _, value = words[1].partition("=")
                settings[name] = value
    return BinaryFacts(go_version.split(" ")[0], package, main, tuple(modules), settings)


def _module(words: list[str]) -> LinkedModule:
    version = words[2] if len(words) > 2 and words[2] else "(devel)"
    return LinkedModule(words[1], version, words[3] if len(words) > 3 and words[3] else None)


def _replaced(module: LinkedModule, by: LinkedModule) -> LinkedModule:
    return LinkedModule(module.path, by.version, by.checksum, by.path)
