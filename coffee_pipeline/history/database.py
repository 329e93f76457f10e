"""The working database: opened by one process at a time, under the loader's lock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import filelock

from coffee_pipeline.errors import HistoryError, TransientError
from coffee_pipeline.history.derivation import derive_if_changed
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.home import Home


def database_path(path: Path) -> str:
    """The path as DuckDB takes it.

    Raises:
        HistoryError: DuckDB cannot keep its log beside it, as it takes ``?`` for the start of
            options and loses what follows.
    """
    if "?" in str(path):
        raise HistoryError(
            f"{path}: DuckDB cannot work in a folder with '?' in its name; "
            "choose another --data-dir"
        )
    return str(path)


def first_line(error: BaseException) -> str:
    """The first line of an error's text; DuckDB appends hints and the statement."""
    return str(error).strip().partition("\n")[0]


@contextmanager
def loader_lock(home: Home, timeout_seconds: float) -> Iterator[None]:
    """Hold the right to load and to publish; ends with the process that holds it.

    Raises:
        TransientError: another process held it for ``timeout_seconds``.
        HistoryError: the folder cannot be written.
    """
    path = home.working_database.with_name("loader.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path, timeout=timeout_seconds):
            yield
    except filelock.Timeout as error:
        raise TransientError(
            f"{path}: another process has been loading the history for {timeout_seconds:g} s"
        ) from error


@contextmanager
def working_database(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working database, migrated; on the way out it is checkpointed, synced and closed.

    A working database that is missing is recovered from the published copy: parts are kept until
    they are published, so that copy and the parts together always hold everything.

    Raises:
        HistoryError: it cannot be opened, is newer than this code, or the disk is full.
    """
    path = home.working_database
    if not path.exists():
        _recover(home)
    try:
        connection = duckdb.connect(database_path(path))
        try:
            # Parts hold times with their zone; the cast to TIMESTAMP is by this setting.
            connection.execute("SET TimeZone = 'UTC'")
            current_schema().apply(connection)
            derive_if_changed(connection)
            yield connection
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
    except duckdb.Error as error:
        raise HistoryError(
            f"{path}: the history cannot be loaded: {first_line(error)} (if the file is damaged, "
            f"remove it: it is recovered from {home.history.name} and the parts)"
        ) from error


def _recover(home: Home) -> None:
    """Begin anew from the published copy, if there is one."""
    path = home.working_database
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    if home.history.exists():
        temporary = path.with_name(f"{path.name}.recovered")
        copy_durably(home.history, temporary)
        temporary.replace(path)


def copy_durably(source: Path, target: Path) -> None:
    """Copy a file and wait until the copy is on disk."""
    shutil.copyfile(source, target)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
