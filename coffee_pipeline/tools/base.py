"""What every tool adapter has in common: its target, the report it makes, its two functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from coffee_pipeline.model.evidence import Record
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Command, Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a scanner is pointed at: one module of a checkout at a revision.

    ``nested`` are the module folders inside this one (relative to it): scanners that walk files
    must leave them out, each finding belongs to its innermost module.
    """

    checkout: Path
    module: str
    revision: str
    nested: tuple[str, ...] = ()
    packages: tuple[str, ...] = ("./...",)
    packages_listed: int | None = None
    timeout_seconds: float = 600.0
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The module's folder in the checkout."""
        return self.checkout / self.module


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an adapter read from output: records and how far they can be trusted."""

    outcome: Outcome
    reason: str | None
    records: Sequence[Record]


class Tool(Protocol):
    """A tool adapter is a module with these names."""

    NAME: str

    def command(self, target: Target, executable: Path) -> Command:
        """The process that answers for ``target``."""
        ...

    def parse(self, target: Target, output: Output, version: str | None) -> Report:
        """Records from output.

        Raises:
            ParseError: the output is not in the tool's format, with file and position.
        """
        ...
