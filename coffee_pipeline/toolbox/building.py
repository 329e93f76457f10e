"""Builds a pinned Go tool once, into a cache that all data directories of a person share."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from coffee_pipeline.errors import EnvironmentFailedError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.pins import Pin

ENVIRONMENT_VARIABLE = "COFFEE_TOOLS"
"""Environment variable that names the folder of built tools."""
BUILD_SECONDS = 1800.0
"""A cold gosec build took four CPU minutes; a loaded machine may need many times that."""
RETRY_AFTER_SECONDS = 600.0
"""A build that failed is not tried again by every module of the same delivery."""


def tools_folder(home: Home) -> Path:
    """``$COFFEE_TOOLS``, else the person's cache folder, else the data directory's cache.

    The cache folder follows the XDG base directory specification.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # a user without a home folder, as in some containers
        return home.cache / "tools"
    folder = base / "coffee-pipeline" / "tools"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return home.cache / "tools"
    return folder if os.access(folder, os.W_OK) else home.cache / "tools"


@dataclass(frozen=True, kw_only=True)
class GoBuild:
    """One pinned Go tool, built with one Go version, below ``folder``."""

    pin: Pin
    go: Path
    go_version: str
    environment: Mapping[str, str]
    folder: Path

    @property
    def program(self) -> Path:
        """Where the program is once it is built."""
        return self.place / self.pin.name

    @property
    def place(self) -> Path:
        """The folder of this tool at this version, built with this Go."""
        return self.folder / f"{self.pin.name}-{self.pin.version}-go{self.go_version}"

    def make(self, report: Callable[[str], None], *, again: bool = False) -> Path:
        """Build the tool unless it is there, and return the program.

        Two processes build once: the second waits for the first. ``again`` tries even when a
        build failed a short while ago.

        Raises:
            ToolMissingError: Go could not build it; the message says what that costs.
            EnvironmentFailedError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.place.with_name(self.place.name + ".lock")):
                if not self.program.is_file():
                    self._refuse_after_failure(again)
                    self._build(report)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{self.folder}: built tools cannot be stored ({error.strerror}); "
                f"name a folder that can be written with {ENVIRONMENT_VARIABLE}"
            ) from error
        return self.program

    def last_failure(self) -> str | None:
        """Why the last build failed; None when none did, or a later one succeeded."""
        return self._failure.read_text(encoding="utf-8") if self._failure.is_file() else None

    @property
    def _failure(self) -> Path:
        return self.place.with_name(self.place.name + ".failed")

    def _refuse_after_failure(self, again: bool) -> None:
        if again or not self._failure.is_file():
            return
        if time.time() - self._failure.stat().st_mtime < RETRY_AFTER_SECONDS:
            raise ToolMissingError(self._failure.read_text(encoding="utf-8"))

    def _build(self, report: Callable[[str], None]) -> None:
        name, version = self.pin.name, self.pin.version
        report(f"{name} {version}: building it once with Go {self.go_version}, takes minutes")
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self.folder))
        try:
            output = run(self._command(temporary), on_stderr_line=_progress(name, report))
            if not output.answered or not (temporary / name).is_file():
                message = self._problem(output)
                self._failure.write_text(message, encoding="utf-8")
                raise ToolMissingError(message)
            temporary.chmod(0o755)
            temporary.rename(self.place)
            self._failure.unlink(missing_ok=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        report(f"{name} {version}: built in {output.duration_seconds:.0f} s")

    def _command(self, folder: Path) -> Command:
        return Command(
            argv=(
                str(self.go), "install", "-v", "-trimpath", "-buildvcs=false", "-ldflags=-s -w",
                f"{self.pin.package}@{self.pin.version}",
            ),
            cwd=folder,
            environment={
                **self.environment, "GOBIN": str(folder), "GOWORK": "off", "CGO_ENABLED": "0",
            },
            timeout_seconds=BUILD_SECONDS,
        )  # fmt: skip

    def _problem(self, output: Output) -> str:
        if output.timed_out:
            why = f"the build did not end within {BUILD_SECONDS:.0f} s"
        else:
            why = " ".join(output.tail(1).split()) or f"go install exit code {output.exit_code}"
        pin = self.pin
        return f"{pin.name} {pin.version}: cannot be built ({why}). Without it: {pin.costs}"


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
