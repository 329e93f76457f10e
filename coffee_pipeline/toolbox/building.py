"""Builds a pinned Go tool once; see :mod:`.making` for where, and for what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.making import MadeTool

BUILD_SECONDS = 3600.0
"""A cold trivy build took fourteen CPU minutes; a loaded machine may need many times that."""
_FLAGS = ("-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")


@dataclass(frozen=True, kw_only=True)
class GoBuild(MadeTool):
    """One pinned Go tool, built with one Go version, below ``folder``."""

    DONE = "built"

    go: Path
    go_version: str
    environment: Mapping[str, str]

    @property
    def program(self) -> Path:
        """Where the program is once it is built."""
        return self.place / self.pin.program

    @property
    def place(self) -> Path:
        """The folder of this tool at this version, built with this Go."""
        return self.folder / f"{self.pin.program}-{self.pin.version}-go{self.go_version}"

    @property
    def how(self) -> str:
        """With which Go."""
        return f"building it once with Go {self.go_version}"

    def fill(self, temporary: Path, report: Callable[[str], None]) -> str | None:
        """Have Go install the program into ``temporary``."""
        steps = self._steps_around(temporary) if self.pin.replaces else [self._install()]
        for arguments in steps:
            command = self._command(temporary, arguments)
            output = run(command, on_stderr_line=_progress(self.pin.program, report))
            if not output.answered:
                return _problem(output)
        for name in ("go.mod", "go.sum"):
            (temporary / name).unlink(missing_ok=True)
        if (temporary / self.pin.program).is_file():
            return None
        return _problem(output)

    def _install(self) -> tuple[str, ...]:
        return ("install", *_FLAGS, f"{self.pin.package}@{self.pin.version}")

    def _steps_around(self, temporary: Path) -> list[tuple[str, ...]]:
        """An empty module that requires the tool, and its build."""
        program = str(temporary / self.pin.program)
        return [
            ("mod", "init", "example.com/tool"),
            ("get", f"{self.pin.package}@{self.pin.version}"),
            ("build", *_FLAGS, "-mod=mod", "-o", program, str(self.pin.package)),
        ]

    def _command(self, folder: Path, arguments: tuple[str, ...]) -> Command:
        return Command(
            argv=(str(self.go), *arguments),
            cwd=folder,
            environment={
                **self.environment, "GOWORK": "off", "CGO_ENABLED": "0",
                **self.pin.build_environment, "GOBIN": str(folder),
            },
            timeout_seconds=BUILD_SECONDS,
        )  # fmt: skip


def _problem(output: Output) -> str:
    if output.timed_out:
        return f"the build did not end within {BUILD_SECONDS:.0f} s"
    return " ".join(output.tail(1).split()) or f"go install exit code {output.exit_code}"


def _progress(name: str, report: Callable[[str], None]) -> Callable[[bytes], None]:
    """Reports every hundredth package that Go compiled."""
    compiled = 0

    def line(text: bytes) -> None:
        nonlocal compiled
        if b"/" in text and b" " not in text:
            compiled += 1
            if compiled % 100 == 0:
                report(f"{name}: {compiled} packages compiled")

    return line
