"""Which messages were consumed already, so that one that comes again is not taken twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError

WAIT_SECONDS = 10.0


class KnownMessages:
    """Names of messages in a SQLite file; any number of threads and processes may use it.

    Raises of every method: EnvironmentFailedError when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __contains__(self, name: str) -> bool:
        if not self._path.exists():
            return False
        with self._open() as database:
            row = database.execute("SELECT 1 FROM known WHERE name = ?", [name]).fetchone()
        return row is not None

    def add(self, names: Iterable[str], at: datetime) -> None:
        """Remember messages; durable once this returns."""
        with self._open() as database:
            database.executemany(
                "INSERT OR IGNORE INTO known VALUES (?, ?)",
                [(name, at.timestamp()) for name in names],
            )

    def forget(self, before: datetime) -> None:
        """Forget those that were remembered before."""
        if self._path.exists():
            with self._open() as database:
                database.execute("DELETE FROM known WHERE at < ?", [before.timestamp()])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=WAIT_SECONDS)) as database:
                database.execute("PRAGMA synchronous = FULL")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, at REAL NOT NULL)"
                    " WITHOUT ROWID"
                )
                with database:
                    yield database
        except sqlite3.Error as error:
            raise EnvironmentFailedError(f"{self._path}: cannot be used: {error}") from error
