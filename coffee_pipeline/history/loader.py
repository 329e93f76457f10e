"""Loading: parts into the working database, exactly once, by whoever needs fresh data.

One process loads at a time, under a file lock; another one waits and then usually finds nothing
left to do. A batch of parts is one transaction, and so is what is remembered of them. Parts stay
on disk until they are in the *published* file: at every moment the published copy and the parts
together hold everything, so nothing depends on the working database alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history import publication
from coffee_pipeline.history.batch import Batch
from coffee_pipeline.history.database import first_line, loader_lock, working_database
from coffee_pipeline.history.parts import (
    CorruptPartError,
    Part,
    list_parts,
    reject_part,
    remove_abandoned,
    remove_part,
)
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.home import Home

PublishWhen = Literal["auto", "always", "never"]
"""``auto``: unless the last publication is recent compared with its cost."""

_BATCH_PARTS = 256
_BATCH_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A part that could not be loaded: its name, the reason, where it was moved."""

    part: str
    reason: str
    moved_to: Path


@dataclass(slots=True)
class LoadReport:
    """What one drain did.

    ``loaded``, ``unchanged`` and ``superseded`` count parts: newly loaded; identical to what was
    there; older than what was there. ``rows`` were inserted. ``waiting`` parts are loaded but not
    published yet. Durations in seconds, ``publish_seconds`` None when nothing was published.
    """

    loaded: int = 0
    unchanged: int = 0
    superseded: int = 0
    rows: int = 0
    waiting: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    load_seconds: float = 0.0
    publish_seconds: float | None = None

    @property
    def published(self) -> bool:
        """Whether this drain published."""
        return self.publish_seconds is not None

    def __str__(self) -> str:
        """One line for people."""
        parts = f"{self.loaded} parts loaded ({self.rows} rows)"
        kept = f"{self.unchanged} unchanged, {self.superseded} superseded"
        faults = f"{len(self.rejected)} rejected, {self.waiting} waiting for publication"
        return f"{parts}, {kept}, {faults}"

    @property
    def warnings(self) -> list[str]:
        """One line for each rejected part."""
        return [f"{r.part}: not loaded: {r.reason}; moved to {r.moved_to}" for r in self.rejected]


class HistoryLoader:
    """Drains ``home.parts`` into ``home.working_database`` and publishes ``home.history``."""

    def __init__(self, home: Home, lock_timeout_seconds: float = 600.0) -> None:
        self._home = home
        self._lock_timeout_seconds = lock_timeout_seconds

    @property
    def rejected_folder(self) -> Path:
        """Where parts go that cannot be loaded, each with a reason file beside it."""
        return self._home.parts.with_name("rejected")

    def drain(self, publish: PublishWhen = "auto") -> LoadReport:
        """Load every part that was committed before the call; publish as asked.

        Raises:
            HistoryError: the disk is full or read-only, the database is damaged or newer than
                this code. What was committed before stays so, a next call continues.
            TransientError: another process has been loading for very long.
        """
        with self._system_errors():
            remove_abandoned(self._home.parts)
        # No part on disk means that all there is was published: no lock needed to know that.
        current = publish == "never" or publication.is_current(self._home)
        if current and not list_parts(self._home.parts):
            return LoadReport()
        with self._locked():
            return self._drain_locked(publish)

    def republish(self) -> None:
        """Publish what is loaded once more, to replace a published file that was tampered with.

        Raises:
            HistoryError, TransientError: as :meth:`drain`.
        """
        with self._locked():
            with working_database(self._home):
                pass  # opened to be recovered, migrated and checkpointed
            publication.publish(self._home)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._system_errors(), loader_lock(self._home, self._lock_timeout_seconds):
            yield

    @contextmanager
    def _system_errors(self) -> Iterator[None]:
        """What the file system refuses, in one line."""
        try:
            yield
        except OSError as error:
            raise HistoryError(
                f"{error.filename or self._home.root}: the history cannot be updated: "
                f"{error.strerror}; free some space or choose another --data-dir"
            ) from error

    def _drain_locked(self, publish: PublishWhen) -> LoadReport:
        report = LoadReport()
        started = time.perf_counter()
        loaded: list[Path] = []
        with working_database(self._home) as connection:
            for batch in self._batches(connection, report, loaded):
                self._load(connection, batch, report, loaded)
        report.load_seconds = time.perf_counter() - started
        self._publish(publish, report, loaded)
        return report

    def _publish(self, when: PublishWhen, report: LoadReport, loaded: list[Path]) -> None:
        """Publish if asked and needed; only then the loaded parts may go."""
        needed = bool(loaded) or not publication.is_current(self._home)
        allowed = when == "always" or (when == "auto" and publication.is_due(self._home))
        if needed and allowed:
            report.publish_seconds = publication.publish(self._home).seconds
            for folder in loaded:
                remove_part(folder)
        else:
            report.waiting = len(loaded)

    def _batches(
        self, connection: duckdb.DuckDBPyConnection, report: LoadReport, loaded: list[Path]
    ) -> Iterator[Batch]:
        """Verified parts in bounded batches; those of an earlier drain only join ``loaded``."""
        names = list_parts(self._home.parts)
        known = _known_parts(connection, names)
        loaded += [self._home.parts / name for name in names if name in known]
        batch: list[Part] = []
        for name in names:
            if name in known:
                continue
            folder = self._home.parts / name
            try:
                batch.append(Part.read(folder, current_schema().version))
            except CorruptPartError as error:
                self._reject(folder, str(error), report)
            rows = sum(part.manifest.rows for part in batch)
            if len(batch) >= _BATCH_PARTS or rows >= _BATCH_ROWS:
                yield Batch(batch)
                batch = []
        if batch:
            yield Batch(batch)

    def _load(
        self,
        connection: duckdb.DuckDBPyConnection,
        batch: Batch,
        report: LoadReport,
        loaded: list[Path],
    ) -> None:
        """Load a batch; if a part of it is not loadable, load each alone and reject that one."""
        try:
            result = batch.load(connection)
        except (duckdb.Error, CorruptPartError) as error:
            if len(batch.parts) == 1:
                if not batch.parts[0].is_cause_of(error):
                    raise
                self._reject(batch.parts[0].folder, first_line(error), report)
                return
            for part in batch.parts:
                self._load(connection, Batch([part]), report, loaded)
            return
        report.loaded += len(result.loaded)
        report.unchanged += len(result.unchanged)
        report.superseded += len(result.superseded)
        report.rows += sum(part.manifest.rows for part in result.loaded)
        loaded += [part.folder for part in result.loaded]
        for part in result.unchanged + result.superseded:
            remove_part(part.folder)

    def _reject(self, folder: Path, reason: str, report: LoadReport) -> None:
        moved_to = reject_part(folder, self.rejected_folder, reason)
        report.rejected.append(Rejected(folder.name, reason, moved_to))


def _known_parts(connection: duckdb.DuckDBPyConnection, names: list[str]) -> set[str]:
    """Those of the parts that are loaded already and wait for a publication."""
    rows = connection.execute(
        "SELECT part FROM materializations WHERE part IN (SELECT unnest(?::VARCHAR[]))", [names]
    ).fetchall()
    return {name for (name,) in rows}
