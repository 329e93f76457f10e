"""Writing evidence: one immutable part a call, committed by a rename.

No lock and no server: any number of processes may write at once. A process that is killed leaves
a whole part or nothing; what it leaves half-written is removed by the loader.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.parts import MANIFEST, WRITING, Manifest, TableFile
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.tables import KEY_COLUMN, TABLES, Column, arrow_schema, columns
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence, Record


class HistoryWriter:
    """Writes evidence below ``home.parts``; safe to use from many processes at once."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def write(self, evidence: Evidence) -> Path:
        """Commit evidence as one part and return its folder.

        Once this returns, the evidence survives a power cut, and the next load replaces what the
        same key had. Of parts of one key the one written last wins, by this machine's clock.

        Raises:
            HistoryError: a record does not fit its table, or the disk is full or read-only; then
                nothing is left behind.
        """
        _check_text(evidence)
        tables = {
            TABLES[record_type]: _parquet(evidence.materialization, record_type, records)
            for record_type, records in _by_type(evidence).items()
        }
        try:
            self._home.parts.mkdir(parents=True, exist_ok=True)
            with _temporary_folder(self._home.parts) as temporary:
                for table, (buffer, _) in tables.items():
                    _write_durably(temporary / f"{table}.parquet", buffer)
                manifest = Manifest(
                    materialization=evidence.materialization,
                    schema_version=current_schema().version,
                    outcome=evidence.outcome.value,
                    reason=evidence.reason,
                    tables={name: file for name, (_, file) in tables.items()},
                    written_at=datetime.now(UTC),
                )
                _write_durably(temporary / MANIFEST, manifest.to_json().encode())
                _sync_folder(temporary)
                return _commit(temporary, self._home.parts / manifest.name)
        except OSError as error:
            raise HistoryError(
                f"{self._home.parts}: evidence of {evidence.materialization} cannot be written: "
                f"{error.strerror}; free some space or choose another --data-dir"
            ) from error


def _check_text(evidence: Evidence) -> None:
    """The key and the reason must be storable; records are checked column by column."""
    try:
        f"{evidence.materialization}{evidence.reason}".encode()
    except UnicodeEncodeError as error:
        raise HistoryError(
            f"evidence of {evidence.materialization!a}: its key or reason is not valid Unicode"
        ) from error


def _by_type(evidence: Evidence) -> dict[type, list[Record]]:
    grouped: dict[type, list[Record]] = defaultdict(list)
    for record in evidence.records:
        if type(record) not in TABLES:
            raise HistoryError(
                f"evidence of {evidence.materialization}: {type(record).__name__} has no table"
            )
        grouped[type(record)].append(record)
    return grouped


def _parquet(
    materialization: str, record_type: type, records: Sequence[Record]
) -> tuple[pa.Buffer, TableFile]:
    """Records of one class as the bytes of a Parquet file, with its row count and checksum."""
    schema = arrow_schema(record_type)
    keys = pa.repeat(pa.scalar(materialization, schema.field(KEY_COLUMN).type), len(records))
    arrays = [_array(record_type, column, records) for column in columns(record_type)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays([keys, *arrays], schema=schema), sink, compression="zstd")
    buffer = sink.getvalue()
    return buffer, TableFile(len(records), hashlib.sha256(buffer).hexdigest())


def _array(record_type: type, column: Column, records: Sequence[Record]) -> pa.Array:
    """One column of records, checked: types, ranges, no None where a value is required."""
    where = f"{record_type.__name__}.{column.name}"
    values = [getattr(record, column.name) for record in records]
    found = set(map(type, values))
    if not column.nullable and NoneType in found:
        raise HistoryError(f"{where}: a value is required, found None")
    # Arrow would take a naive time for UTC, and cut 1.5 to 1 where an integer is due.
    accepted = (int, float) if column.python_type is float else column.python_type
    odd = [kind.__name__ for kind in found - {NoneType} if not issubclass(kind, accepted)]
    if odd:
        raise HistoryError(f"{where}: value does not fit {column.sql_type}: found {odd[0]}")
    if column.is_time:
        naive = next((v for v in values if v is not None and v.utcoffset() is None), None)
        if naive is not None:
            raise HistoryError(f"{where}: {naive} has no time zone; use datetime.now(UTC)")
    try:
        return pa.array(values, column.arrow_type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise HistoryError(f"{where}: value does not fit {column.sql_type}: {error}") from error


@contextmanager
def _temporary_folder(parts: Path) -> Iterator[Path]:
    """A folder beside the parts, locked while this process lives, removed unless committed.

    The loader removes a folder that it can lock, for then its writer is dead. It may do so between
    our ``mkdir`` and our lock; then the folder is gone when we open it, or when we hold its lock,
    and we take another name.
    """
    while True:
        folder = parts / f"{WRITING}{uuid4().hex}"
        folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink == 0 or not folder.exists():
                continue
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return
        finally:
            os.close(descriptor)


def _commit(temporary: Path, target: Path) -> Path:
    """Rename, and make the rename durable."""
    try:
        temporary.rename(target)
    except OSError as error:
        # The name holds time and checksum: it is taken only by the very same evidence.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    _sync_folder(target.parent)
    return target


def _write_durably(path: Path, content: pa.Buffer | bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
