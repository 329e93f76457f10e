"""Parts: the committed evidence of one materialization, as a folder on disk.

::

    parts/
      test_services_menu@3f2a~20260301T101500.123456~9c41d0aa3b7e/     a part
        manifest.json   key, schema version, outcome, rows and checksum by table, written_at
        test_cases.parquet, module_test_runs.parquet ...
      .writing-...      not committed: its writer holds a flock on the folder as long as it lives
      .removing-...     loaded and published, on its way out

A part's name is made of its key, the time it was written and its content's checksum, and never
changes; so a name that was loaded once need not be read again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.tables import TABLES
from coffee_pipeline.model.outcome import Outcome

MANIFEST = "manifest.json"
WRITING = ".writing-"
"""Prefix of folders that a writer has not committed yet."""
REMOVING = ".removing-"
"""Prefix of folders on their way out."""

_LARGEST_MANIFEST = 1_000_000
_TABLE_NAMES = frozenset(TABLES.values())


class CorruptPartError(HistoryError):
    """A part that can never be loaded as it is: damaged, unknown tables, a newer schema."""


_PART_ERRORS = (
    CorruptPartError,
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.NotSupportedError,
    duckdb.ProgrammingError,
)


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table of a part: how many rows, and the sha256 of its Parquet file."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a part is. ``written_at`` decides between parts of the same key: the later one wins."""

    materialization: str
    schema_version: int
    outcome: str
    reason: str | None
    tables: Mapping[str, TableFile]
    written_at: datetime

    @property
    def checksum(self) -> str:
        """sha256 of the content: everything but ``written_at``."""
        content = {**asdict(self), "written_at": None}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The part's folder name; readable, and safe in any file system."""
        readable = re.sub(r"[^A-Za-z0-9@._-]", "_", self.materialization)[:120].lstrip(".")
        return f"{readable}~{self.written_at:%Y%m%dT%H%M%S.%f}~{self.checksum[:12]}"

    @property
    def rows(self) -> int:
        """Number of rows in all tables."""
        return sum(table.rows for table in self.tables.values())

    def to_json(self) -> str:
        """The manifest's file."""
        content = {
            **asdict(self),
            "written_at": self.written_at.isoformat(timespec="microseconds"),
            "checksum": self.checksum,
        }
        return json.dumps(content, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a manifest's file.

        Raises:
            ValueError: it is not one, or its checksum does not fit.
        """
        content = json.loads(text)
        try:
            manifest = cls(
                materialization=str(content["materialization"]),
                schema_version=int(content["schema_version"]),
                outcome=Outcome(content["outcome"]).value,
                reason=content["reason"],
                tables={
                    name: TableFile(int(table["rows"]), str(table["checksum"]))
                    for name, table in content["tables"].items()
                },
                written_at=datetime.fromisoformat(content["written_at"]).astimezone(UTC),
            )
            checksum = content["checksum"]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"field missing or of the wrong type ({error})") from error
        if manifest.checksum != checksum:
            raise ValueError("checksum does not fit")
        return manifest


@dataclass(frozen=True, slots=True)
class Part:
    """A committed part whose files were found whole."""

    folder: Path
    manifest: Manifest

    @classmethod
    def read(cls, folder: Path, schema_version: int) -> Part:
        """Read and verify a part, every byte of it.

        Args:
            folder: the part.
            schema_version: the newest that can be loaded.

        Raises:
            CorruptPartError: it can never be loaded as it is.
            HistoryError: it cannot be read now.
        """
        try:
            manifest = _read_manifest(folder)
            part = cls(folder, manifest)
            if folder.name != manifest.name:
                raise CorruptPartError(f"{folder.name}: the manifest is that of {manifest.name}")
            if manifest.schema_version > schema_version:
                raise CorruptPartError(
                    f"{folder.name}: written with schema version {manifest.schema_version}, "
                    f"this program knows {schema_version}"
                )
            for table, file in manifest.tables.items():
                part._verify(table, file)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise CorruptPartError(f"{folder.name}: {error.strerror}: {error.filename}") from error
        except OSError as error:
            raise HistoryError(f"{folder}: cannot be read: {error.strerror}") from error
        return part

    def file(self, table: str) -> Path:
        """The Parquet file of a table."""
        return self.folder / f"{table}.parquet"

    def is_cause_of(self, error: Exception) -> bool:
        """Whether loading this part failed for what is in it, not for the machine's state.

        DuckDB's input errors and its disk errors can be of the same class; so for those the
        files are read once more, without the database.
        """
        if isinstance(error, _PART_ERRORS):
            return True
        try:
            for table in self.manifest.tables:
                pq.read_table(self.file(table), partitioning=None)
        except (pa.ArrowException, ValueError):
            return True
        except OSError as problem:
            # Arrow raises it for damaged files too, but then without the system's error number.
            return problem.errno is None
        return False

    def _verify(self, table: str, expected: TableFile) -> None:
        if table not in _TABLE_NAMES:
            raise CorruptPartError(f"{self.folder.name}: unknown table {table!r}")
        with self.file(table).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != expected.checksum:
            raise CorruptPartError(f"{self.folder.name}: {table}.parquet: checksum does not fit")


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise CorruptPartError(f"{folder.name}: {MANIFEST} is larger than any writer makes")
        return Manifest.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CorruptPartError(f"{folder.name}: {MANIFEST}: {error}") from error


def list_parts(parts: Path) -> list[str]:
    """Names of what is committed below ``parts``, whole or not; none if it does not exist."""
    try:
        return sorted(path.name for path in parts.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HistoryError(f"{parts}: cannot be read: {error.strerror}") from error


def remove_part(folder: Path) -> None:
    """Remove a part so that a kill midway leaves nothing that looks like one."""
    doomed = folder.with_name(f"{REMOVING}{uuid4().hex}")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def reject_part(folder: Path, rejected: Path, reason: str) -> Path:
    """Move a part aside, with the reason in a text file beside it; returns where it went."""
    rejected.mkdir(parents=True, exist_ok=True)
    target = rejected / folder.name
    if target.exists():
        target = rejected / f"{folder.name}~{uuid4().hex[:8]}"
    target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
    folder.rename(target)
    return target


def remove_abandoned(parts: Path) -> None:
    """Remove what dead writers and a killed loader left half-done; any process may do so.

    A living writer holds a lock on its folder; one that comes between its ``mkdir`` and its lock
    notices that the folder is gone and takes another.
    """
    if not parts.exists():
        return
    for folder in parts.iterdir():
        if folder.name.startswith(REMOVING):
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.name.startswith(WRITING):
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # committed or given up in the meantime
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # its writer lives
    finally:
        os.close(descriptor)
