"""Makes a pinned tool once, into a folder that all data directories of a person share."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from filelock import FileLock

from coffee_pipeline.errors import EnvironmentFailedError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.pin import Pin

ENVIRONMENT_VARIABLE = "COFFEE_TOOLS"
"""Environment variable that names the folder of made tools."""
RETRY_AFTER_SECONDS = 600.0
"""What failed is not tried again by every module of the same delivery."""


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
class MadeTool(ABC):
    """One pinned tool below ``folder``; how it is made is up to the kind of its source."""

    DONE: ClassVar[str]
    """What happened to the tool once it is made, for messages: ``built``."""

    pin: Pin
    folder: Path

    @property
    @abstractmethod
    def place(self) -> Path:
        """The folder of this tool at this version, made with what it is made with."""

    @property
    @abstractmethod
    def program(self) -> Path:
        """Where the program is once the tool is made."""

    @property
    @abstractmethod
    def how(self) -> str:
        """What is being done, for progress: ``building it once with Go 1.26.8``."""

    @abstractmethod
    def fill(self, temporary: Path, report: Callable[[str], None]) -> str | None:
        """Make the tool in ``temporary``; why it cannot be made, None when it was."""

    @property
    def ready(self) -> bool:
        """Whether the tool is there and can be run."""
        return self.program.is_file()

    def commit(self, temporary: Path) -> None:
        """Put what was made in its place, in one step."""
        temporary.rename(self.place)

    def make(self, report: Callable[[str], None], *, again: bool = False) -> Path:
        """Make the tool unless it is there, and return the program.

        Two processes make it once: the second waits for the first. ``again`` tries even when it
        failed a short while ago.

        Raises:
            ToolMissingError: it could not be made; the message says what that costs.
            EnvironmentFailedError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._beside(".lock")):
                if not self.ready:
                    self._refuse_after_failure(again)
                    self._make(report)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{self.folder}: tools cannot be stored ({error.strerror}); "
                f"name a folder that can be written with {ENVIRONMENT_VARIABLE}"
            ) from error
        return self.program

    def last_failure(self) -> str | None:
        """Why it could not be made last time; None when it could, or was not tried."""
        failure = self._beside(".failed")
        return failure.read_text(encoding="utf-8") if failure.is_file() else None

    def _beside(self, suffix: str) -> Path:
        return self.place.with_name(self.place.name + suffix)

    def _refuse_after_failure(self, again: bool) -> None:
        failure = self._beside(".failed")
        if again or not failure.is_file():
            return
        if time.time() - failure.stat().st_mtime < RETRY_AFTER_SECONDS:
            raise ToolMissingError(failure.read_text(encoding="utf-8"))

    def _make(self, report: Callable[[str], None]) -> None:
        title = f"{self.pin.name} {self.pin.version}"
        report(f"{title}: {self.how}, may take minutes")
        started = time.monotonic()
        self._clear_abandoned()
        temporary = Path(tempfile.mkdtemp(prefix=f".{self.place.name}~", dir=self.folder))
        committed = False
        try:
            problem = self.fill(temporary, report)
            if problem is not None:
                message = (
                    f"{title}: cannot be {self.DONE} ({problem}). Without it: {self.pin.costs}"
                )
                self._beside(".failed").write_text(message, encoding="utf-8")
                raise ToolMissingError(message)
            temporary.chmod(0o755)
            self.commit(temporary)
            committed = True
            self._beside(".failed").unlink(missing_ok=True)
        finally:
            if not committed:
                shutil.rmtree(temporary, ignore_errors=True)
        report(f"{title}: {self.DONE} in {time.monotonic() - started:.0f} s")

    def _clear_abandoned(self) -> None:
        """Remove what a killed process left of this tool; whoever holds the lock may."""
        current = self.place.resolve()
        for left in self.folder.glob(f".{self.place.name}~*"):
            if left.is_symlink():
                left.unlink()
            elif left.resolve() != current:
                shutil.rmtree(left, ignore_errors=True)
