"""One transaction: a batch of verified parts into the working database."""

from __future__ import annotations

import glob
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from coffee_pipeline.history import derivation
from coffee_pipeline.history.parts import CorruptPartError, Part
from coffee_pipeline.history.transaction import transaction

_TIME = pa.timestamp("us")
_MATERIALIZATIONS = pa.schema(
    [
        ("materialization", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("schema_version", pa.int64()),
        ("written_at", _TIME),
        ("confirmed_at", _TIME),
        ("loaded_at", _TIME),
        ("rows", pa.int64()),
        ("table_rows", pa.map_(pa.string(), pa.int64())),
        ("part", pa.string()),
        ("part_checksum", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch's parts."""

    loaded: list[Part] = field(default_factory=list)
    unchanged: list[Part] = field(default_factory=list)
    superseded: list[Part] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the database remembers of a key."""

    confirmed_at: datetime
    checksum: str
    tables: Sequence[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Parts to load together, all or none."""

    parts: Sequence[Part]

    def load(self, connection: duckdb.DuckDBPyConnection) -> BatchResult:
        """Load in one transaction.

        Raises:
            CorruptPartError: a file has not the rows that its manifest says.
            duckdb.Error: a part does not fit the tables, or the database fails.
        """
        with transaction(connection):
            known = self._known(connection)
            result = self._choose(known)
            self._confirm(connection, result.unchanged)
            scanned = _scanned(result.loaded, known)
            if scanned:
                derivation.touch(connection)
                derivation.touch(connection, scanned)
            _delete_replaced(connection, result.loaded, known)
            _insert_rows(connection, result.loaded)
            if scanned:
                derivation.touch(connection, scanned)
                derivation.derive_touched(connection)
            _remember(connection, result.loaded)
        return result

    def _known(self, connection: duckdb.DuckDBPyConnection) -> dict[str, _Loaded]:
        """What is loaded of the batch's keys."""
        keys = [part.manifest.materialization for part in self.parts]
        rows = connection.execute(
            "SELECT materialization, confirmed_at, part_checksum, map_keys(table_rows) "
            "FROM materializations WHERE materialization IN (SELECT unnest(?::VARCHAR[]))",
            [keys],
        ).fetchall()
        return {
            key: _Loaded(confirmed_at.replace(tzinfo=UTC), checksum, tables)
            for key, confirmed_at, checksum, tables in rows
        }

    def _choose(self, known: dict[str, _Loaded]) -> BatchResult:
        """Of every key the part written last, unless the database has it or a later one."""
        result = BatchResult()
        seen: set[str] = set()
        newest_first = sorted(
            self.parts, key=lambda p: (p.manifest.written_at, p.manifest.checksum), reverse=True
        )
        for part in newest_first:
            key = part.manifest.materialization
            loaded = known.get(key)
            if key in seen or (loaded and part.manifest.written_at < loaded.confirmed_at):
                result.superseded.append(part)
            elif loaded and part.manifest.checksum == loaded.checksum:
                result.unchanged.append(part)
            else:
                result.loaded.append(part)
            seen.add(key)
        return result

    @staticmethod
    def _confirm(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
        for part in parts:
            connection.execute(
                "UPDATE materializations SET confirmed_at = ? WHERE materialization = ?",
                [_naive(part.manifest.written_at), part.manifest.materialization],
            )


def _scanned(parts: Sequence[Part], known: dict[str, _Loaded]) -> list[str]:
    """Keys that have, or had, something of which more is derived."""
    keys = []
    for part in parts:
        key = part.manifest.materialization
        before = known[key].tables if key in known else ()
        if not derivation.SOURCES.isdisjoint((*part.manifest.tables, *before)):
            keys.append(key)
    return keys


def _delete_replaced(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], known: dict[str, _Loaded]
) -> None:
    """Delete the rows of keys that were loaded before, and only in tables that have some."""
    keys_by_table: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        key = part.manifest.materialization
        for table in known[key].tables if key in known else ():
            keys_by_table[table].append(key)
    for table, keys in keys_by_table.items():
        connection.execute(
            f"DELETE FROM {table} WHERE materialization IN "  # noqa: S608 - one of our tables
            "(SELECT unnest(?::VARCHAR[]))",
            [keys],
        )


def _insert_rows(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    """Insert every table's files with one statement; those of an older schema with another."""
    files: dict[tuple[str, str], list[str]] = defaultdict(list)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for part in parts:
        for table, file in part.manifest.tables.items():
            group = table, _columns(table, part.manifest.schema_version)
            files[group].append(glob.escape(str(part.file(table))))
            expected[group] += file.rows
    for (table, selected), paths in files.items():
        row = connection.execute(
            f"INSERT INTO {table} BY NAME SELECT {selected} FROM "  # noqa: S608 - one of our tables
            "read_parquet(?, union_by_name = true, hive_partitioning = false)",
            [paths],
        ).fetchone()
        if row is None or row[0] != expected[table, selected]:
            raise CorruptPartError(
                f"{table}: {row[0] if row else 0} rows found, {expected[table, selected]} expected"
            )


_RENAMED = {
    "scans": (2, "* RENAME (module AS scope)"),
    "findings": (2, "* RENAME (module AS scope)"),
}
"""Table -> (schema version that renamed columns, how to read the parts written before it)."""


def _columns(table: str, schema_version: int) -> str:
    """What to select from a part's file: a part may be older than the table."""
    changed_in, selected = _RENAMED.get(table, (0, "*"))
    return selected if schema_version < changed_in else "*"


def _remember(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    """Note what was loaded; in the same transaction, so exactly once."""
    if not parts:
        return
    loaded_at = _naive(datetime.now(UTC))
    rows = [_row(part, loaded_at) for part in parts]
    connection.register("remembered", pa.Table.from_pylist(rows, schema=_MATERIALIZATIONS))
    connection.execute("INSERT OR REPLACE INTO materializations BY NAME SELECT * FROM remembered")
    connection.unregister("remembered")


def _row(part: Part, loaded_at: datetime) -> dict[str, object]:
    manifest = part.manifest
    return {
        "materialization": manifest.materialization,
        "outcome": manifest.outcome,
        "reason": manifest.reason,
        "schema_version": manifest.schema_version,
        "written_at": _naive(manifest.written_at),
        "confirmed_at": _naive(manifest.written_at),
        "loaded_at": loaded_at,
        "rows": manifest.rows,
        "table_rows": [(name, file.rows) for name, file in manifest.tables.items()],
        "part": part.folder.name,
        "part_checksum": manifest.checksum,
    }


def _naive(moment: datetime) -> datetime:
    """As the database holds it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
