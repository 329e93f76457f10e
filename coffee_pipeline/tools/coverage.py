"""Statement coverage from a Go cover profile, totalled as ``go tool cover -func`` does.

Source: cmd/cover/func.go and golang.org/x/tools/cover (Go 1.26). Blocks at the same place are one
block (several test binaries may report it): covered when one of them ran it. Only blocks inside
function declarations count; those of function literals in package variables do not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from coffee_pipeline.errors import ParseError
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.go_source import Extent, function_extents

_BLOCK = re.compile(r"(?P<file>.+):(\d+)\.(\d+),(\d+)\.(\d+) (\d+) (\d+)")
_MODES = {"set", "count", "atomic"}
_SOURCE_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a block lies; lines and columns count from 1, columns in bytes."""

    file: str
    start: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """Statements that always run together, and whether they ran."""

    statements: int
    covered: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Statements and how many of them ran."""

    statements: int
    covered: int

    @property
    def percent(self) -> float | None:
        """0..100; None when there is no statement: that is neither 0 % nor 100 %."""
        return 100.0 * self.covered / self.statements if self.statements else None


def parse_profile(text: str, source: str = "cover profile") -> dict[Place, Block]:
    """The blocks of a profile, merged by place.

    Raises:
        ParseError: a line is not in the profile format, with its number.
    """
    lines = text.splitlines()
    if not lines or lines[0].removeprefix("mode: ") not in _MODES:
        raise ParseError(source, "line 1", "a cover profile starts with 'mode: set|count|atomic'")
    blocks: dict[Place, Block] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("mode: "):  # profiles joined by hand repeat it
            continue
        found = _BLOCK.fullmatch(line)
        if not found:
            raise ParseError(source, f"line {number}", f"not a block: {excerpt(line, 80)!r}")
        numbers = [int(group) for group in found.groups()[1:]]
        place = Place(found["file"], (numbers[0], numbers[1]), (numbers[2], numbers[3]))
        before = blocks.get(place)
        if before and before.statements != numbers[4]:
            raise ParseError(source, f"line {number}", "the same block with other statements")
        covered = numbers[5] > 0 or (before is not None and before.covered)
        blocks[place] = Block(numbers[4], covered)
    return blocks


def in_functions(
    blocks: Mapping[Place, Block], folder: Path, module_path: str | None
) -> dict[Place, Block]:
    """The blocks that ``go tool cover -func`` counts; ``folder`` holds the module's sources.

    Blocks of a file that is not below ``folder`` are all kept.
    """
    kept: dict[Place, Block] = {}
    for file, places in _by_file(blocks).items():
        extents = _extents(folder, module_path, file)
        for place in places:
            if extents is None or any(_overlap(place, extent) for extent in extents):
                kept[place] = blocks[place]
    return kept


def total(blocks: Iterable[Block]) -> Coverage:
    """Statement-weighted total."""
    counted = [(block.statements, block.covered) for block in blocks]
    return Coverage(
        statements=sum(statements for statements, _ in counted),
        covered=sum(statements for statements, covered in counted if covered),
    )


def by_package(blocks: Mapping[Place, Block]) -> dict[str, Coverage]:
    """Coverage of each package, by import path."""
    packages: dict[str, list[Block]] = defaultdict(list)
    for place, block in blocks.items():
        packages[PurePosixPath(place.file).parent.as_posix()].append(block)
    return {package: total(found) for package, found in packages.items()}


def _by_file(blocks: Mapping[Place, Block]) -> dict[str, list[Place]]:
    files: dict[str, list[Place]] = defaultdict(list)
    for place in blocks:
        files[place.file].append(place)
    return files


def _extents(folder: Path, module_path: str | None, file: str) -> list[Extent] | None:
    if module_path is None or not file.startswith(f"{module_path}/"):
        return None
    source = (folder / file.removeprefix(f"{module_path}/")).resolve()
    if not source.is_relative_to(folder.resolve()) or not source.is_file():
        return None
    if source.stat().st_size > _SOURCE_LIMIT:
        return None
    return function_extents(source.read_bytes())


def _overlap(place: Place, extent: Extent) -> bool:
    return place.start < extent.end and place.end > extent.start
