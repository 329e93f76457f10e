"""The data directory: where every piece of state of the pipeline lies.

Nothing is ever written outside it (and the Go caches), so deleting it starts afresh.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError

ENVIRONMENT_VARIABLE = "COFFEE_HOME"
"""Environment variable that names the data directory."""

APPLICATION_VARIABLE = "COFFEE_APPLICATION"
"""Environment variable that names the checkout of the pipeline: its application and policies."""


def policies_folder(name: str) -> Path | None:
    """The folder ``policies/name`` of the pipeline's checkout; None where there is none.

    ``$COFFEE_APPLICATION``, else the checkout that this library belongs to, else the working
    directory. The wheel ships the library alone, so whoever needs policies must say that they are
    missing.
    """
    named = os.environ.get(APPLICATION_VARIABLE)
    candidates = [Path(named)] if named else [Path(__file__).resolve().parents[1], Path.cwd()]
    for folder in candidates:
        # Not any folder of that name: a platform in the working directory may have its own.
        if (folder / "workspace.yaml").is_file() and (folder / "policies" / name).is_dir():
            return (folder / "policies" / name).resolve()
    return None


@dataclass(frozen=True)
class Home:
    """Paths below the data directory; creating them is :meth:`prepare`."""

    root: Path

    @classmethod
    def locate(cls, explicit: Path | None = None) -> Home:
        """The data directory: ``explicit``, else ``$COFFEE_HOME``, else ``./.coffee``."""
        chosen = explicit or Path(os.environ.get(ENVIRONMENT_VARIABLE) or ".coffee")
        return cls(chosen.expanduser().resolve())

    @property
    def dagster(self) -> Path:
        """Dagster's own storage: runs, events, schedules, compute logs."""
        return self.root / "dagster"

    @property
    def parts(self) -> Path:
        """Committed evidence, one folder a materialization, before and after loading."""
        return self.root / "history" / "parts"

    @property
    def working_database(self) -> Path:
        """The loader's private DuckDB file; never opened by readers."""
        return self.root / "history" / "working.duckdb"

    @property
    def history(self) -> Path:
        """The published DuckDB file: open it with any DuckDB client, as long as you like."""
        return self.root / "history.duckdb"

    @property
    def artifacts(self) -> Path:
        """Binaries, image layouts and SBOMs, by content digest."""
        return self.root / "artifacts"

    @property
    def worktrees(self) -> Path:
        """Clean checkouts of delivered revisions."""
        return self.root / "worktrees"

    @property
    def cache(self) -> Path:
        """Built tools and Go build cache."""
        return self.root / "cache"

    @property
    def environments(self) -> Path:
        """State, sockets and logs of the local environments."""
        return self.root / "environments"

    @property
    def reports(self) -> Path:
        """Rendered HTML reports."""
        return self.root / "reports"

    @property
    def inbox(self) -> Path:
        """Messages of other systems that wait to be consumed; see ``receiver/inbox.py``."""
        return self.root / "inbox"

    @property
    def demo(self) -> Path:
        """The demo's repository."""
        return self.root / "demo"

    def prepare(self) -> Home:
        """Create the folders; one clear error when the directory cannot be written."""
        folders = (self.dagster, self.parts, self.artifacts, self.worktrees, self.cache,
                   self.environments, self.reports)  # fmt: skip
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".writable-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise EnvironmentFailedError(
                f"{self.root}: data directory cannot be written ({error.strerror}); "
                "choose another with --data-dir or free some space"
            ) from error
        return self
