"""What every scanner adapter has in common: its target, the report it makes, its functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from coffee_pipeline.model.evidence import Record
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools.reported import ReportFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a tool is pointed at: one module of a checkout at a revision.

    ``nested`` are the module folders inside this one (relative to it): a finding there belongs to
    the inner module. ``packages`` are what the tool is told to look at, ``packages_listed`` how
    many Go sees (None when Go could not list them). ``environment`` is that of Go. ``settings``
    hold what only some tools need: ``vulndb``, the URL of the vulnerability database. ``tags``
    are Go's build tags. ``foreign``: the report was made in another checkout, on any machine.

    ``scope`` names what was scanned, where that is not the module: findings are compared with
    earlier scans of the same tool and scope only. ``service``, ``seen_in`` (an environment) and
    ``image_digest`` are what the scan is about, where it is about one. ``in_image``: paths are
    inside an image, not of the repository. ``refused``: files that the tool would give up on, with
    its words; they are left out and named in the outcome.
    """

    checkout: Path
    module: str
    revision: str
    nested: tuple[str, ...] = ()
    packages: tuple[str, ...] = ("./...",)
    packages_listed: int | None = None
    timeout_seconds: float = 600.0
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    foreign: bool = False
    scope: str | None = None
    service: str | None = None
    seen_in: str | None = None
    image_digest: str | None = None
    in_image: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def scope_name(self) -> str:
        """What was scanned: the scope, else the module's folder."""
        return self.scope or self.module

    @property
    def folder(self) -> Path:
        """The module's folder in the checkout."""
        return self.checkout / self.module

    @property
    def tag_flags(self) -> tuple[str, ...]:
        """Go's ``-tags`` flag, where there are tags."""
        return (f"-tags={','.join(self.tags)}",) if self.tags else ()

    def module_path(self, reported: str) -> str | None:
        """A reported file as a path relative to the module; None when it lies outside of it.

        Absolute paths of a foreign checkout are cut behind the module's folder.
        """
        text = reported.replace("\\", "/")
        for prefix in (f"{self.folder.resolve().as_posix()}/", f"{self.folder.as_posix()}/"):
            if text.startswith(prefix):
                text = text.removeprefix(prefix)
                break
        else:
            if text.startswith("/") or text[1:3] == ":/":
                text = self._cut(text) if self.foreign else ""
        parts = [part for part in text.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if not parts or ".." in parts:
            return None
        inside_nested = any(path == inner or path.startswith(f"{inner}/") for inner in self.nested)
        return None if inside_nested else path

    def _cut(self, absolute: str) -> str:
        """An absolute path of another checkout without what lies above the module."""
        if self.module != ".":
            return absolute.rpartition(f"/{self.module}/")[2] if self._holds(absolute) else ""
        parts = absolute.split("/")[1:]
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((end for end in ends if (self.folder / end).is_file()), "/".join(parts))

    def _holds(self, absolute: str) -> bool:
        return f"/{self.module}/" in absolute

    def repository_path(self, module_path: str) -> str:
        """A path relative to the module as one relative to the repository."""
        return module_path if self.module == "." else f"{self.module}/{module_path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an adapter read from output: records and how far they can be trusted.

    ``left_out`` is the number of findings that are not of the target's module.
    """

    outcome: Outcome
    reason: str | None
    records: Sequence[Record]
    left_out: int = 0


class Scanner(ReportFormat, Protocol):
    """A tool that is run here: a format whose reports it can also make; see docs/adding-a-tool.md.

    Its ``read`` is for reports of anyone's run; ``parse`` also judges the process.
    """

    def obstacle(self, target: Target) -> str | None:
        """Why no answer could be trusted (an empty database); None when nothing is in the way."""
        ...

    def command(self, target: Target, executable: Path) -> Command:
        """The process that answers for ``target``."""
        ...

    def parse(self, target: Target, output: Output, version: str | None) -> Report:
        """A :class:`~coffee_pipeline.model.finding.Scan` and its findings from output.

        Raises:
            ParseError: the output is not in the tool's format, with file and position.
        """
        ...


@runtime_checkable
class Divisible(Protocol):
    """A scanner that answers for no file at all when it cannot read one of them."""

    def files_given(self, target: Target) -> Sequence[str]:
        """The files that it is given, relative to the target's folder; each can be given alone."""
        ...


@runtime_checkable
class Repeatable(Protocol):
    """A scanner that names everything its answer is taken from, so that it can be taken again."""

    def inputs(self, target: Target) -> Sequence[Path]:
        """The files that are read, of the target and of rules; a file more is better than one less.

        The tool's version and its arguments count without being named.
        """
        ...
