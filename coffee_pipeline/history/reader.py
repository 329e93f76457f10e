"""Reading: your own snapshot of the published history, never blocked and never blocking.

``refresh`` is what makes it fresh; a reader that does not call it sees the last publication.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import duckdb
import pyarrow as pa

from coffee_pipeline.errors import HistoryError, UsageError
from coffee_pipeline.history.database import database_path, first_line
from coffee_pipeline.history.loader import HistoryLoader, LoadReport
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.tables import TABLES, columns
from coffee_pipeline.home import Home

R = TypeVar("R")

_ZONED = "TIMESTAMP WITH TIME ZONE"
_LOCKED = "Could not set lock on file"


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names and rows of a statement; times are timezone-aware UTC."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


class HistoryReader:
    """Reads ``home.history``; if there is none yet, an empty one is published first."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._loader = HistoryLoader(home)

    def refresh(self, force: bool = True) -> LoadReport:
        """Load and publish, so that the next query sees what was committed before this call.

        Args:
            force: publish even when the last publication was a moment ago; False leaves it to
                the throttle, and the newest evidence may be seen only later.

        Raises:
            HistoryError: the history cannot be loaded or published.
            TransientError: another process has been loading for very long.
        """
        return self._loader.drain(publish="always" if force else "auto")

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to a snapshot, which stays the same however long it is open.

        Tables and views are found by their plain names; times are TIMESTAMP holding UTC.

        Raises:
            HistoryError: the published file cannot be opened or is newer than this code.
        """
        if not self._home.history.exists():
            self._loader.drain(publish="always")
        # Not duckdb.connect(path): that gives every caller in this process the database it
        # opened first under that path, even after another file was renamed over it.
        connection = duckdb.connect(":memory:")
        try:
            self._attach(connection)
            yield connection
        finally:
            connection.close()

    def query(
        self, sql: str, parameters: Sequence[object] = (), as_of: datetime | None = None
    ) -> list[dict[str, object]]:
        """Rows of a statement as dictionaries; times are timezone-aware UTC.

        Args:
            sql: the statement.
            parameters: values for its ``?``.
            as_of: the time that the view question_time says; None for the clock's.

        Raises:
            UsageError: the statement is wrong; one line that says how.
            HistoryError: the history cannot be opened.
        """
        answer = self.answer(sql, parameters, as_of)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    def answer(
        self, sql: str, parameters: Sequence[object] = (), as_of: datetime | None = None
    ) -> Answer:
        """As :meth:`query`, but columns keep their order and may share a name."""
        with self.connect() as connection, _statement(connection, sql, parameters, as_of):
            names = tuple(column[0] for column in connection.description)
            types = [str(column[1]) for column in connection.description]
            if any(_ZONED in kind for kind in types):
                # DuckDB needs the pytz package for these, Arrow does not.
                arrays = connection.to_arrow_table().columns
                rows = list(zip(*(array.to_pylist() for array in arrays), strict=True))
            else:
                rows = connection.fetchall()
        return Answer(names, _with_zones(rows, types))

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """As :meth:`query`, but an Arrow table, typed as in the database."""
        with self.connect() as connection, _statement(connection, sql, parameters):
            return connection.to_arrow_table()

    def records(
        self, record_type: type[R], where: str = "", parameters: Sequence[object] = ()
    ) -> list[R]:
        """Records of a class, as they were written, in the order they were loaded.

        Args:
            record_type: a class of :mod:`coffee_pipeline.model`.
            where: an SQL condition over the class's columns and ``materialization``; it may be
                followed by ORDER BY and LIMIT. Values go into ``parameters``, as ``?``.
            parameters: values for the ``?`` of ``where``.
        """
        sql = _select(record_type, where)
        return [record_type(**row) for row in self.query(sql, parameters)]

    def _attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        path = database_path(self._home.history)
        quoted = path.replace("'", "''")
        attach = f"ATTACH '{quoted}' AS history (READ_ONLY)"
        try:
            connection.execute("SET TimeZone = 'UTC'")
            try:
                connection.execute(attach)
            except duckdb.IOException as error:
                if _LOCKED not in str(error):
                    raise
                # Someone opened the published file for writing. They may keep that file: a new
                # copy takes its place, and what they write into theirs is not the history.
                self._loader.republish()
                connection.execute(attach)
            connection.execute("USE history")
            current_schema().check(connection)
        except duckdb.Error as error:
            raise HistoryError(f"{path}: cannot be read: {first_line(error)}") from error


def _select(record_type: type, where: str) -> str:
    names = ", ".join(f'"{column.name}"' for column in columns(record_type))
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {names} FROM {TABLES[record_type]}{condition}"  # noqa: S608 - names of ours


@contextmanager
def _statement(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Sequence[object],
    as_of: datetime | None = None,
) -> Iterator[None]:
    """Run a statement, and read its rows in the body; what is wrong with it is a usage error."""
    try:
        if not connection.extract_statements(sql):
            raise UsageError("SQL: there is no statement in it")
        if as_of is not None:
            connection.execute("SET VARIABLE asked_at = ?::TIMESTAMP", [_parameter(as_of)])
        connection.execute(sql, [_parameter(value) for value in parameters])
        yield
    except duckdb.Error as error:
        raise UsageError(f"SQL: {first_line(error)}") from error


def _parameter(value: object) -> object:
    """Aware times become what the database holds: UTC without a zone."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _with_zones(rows: list[tuple[object, ...]], types: Sequence[str]) -> list[tuple[object, ...]]:
    """The rows with aware times; only columns that can hold times are looked at."""
    timed = [at for at, kind in enumerate(types) if "TIMESTAMP" in kind]
    if not timed or not rows:
        return rows
    columns: list[Iterable[object]] = list(zip(*rows, strict=True))
    for at in timed:
        if types[at] == "TIMESTAMP":  # the most, and in large answers most of the time
            columns[at] = [
                one.replace(tzinfo=UTC) if isinstance(one, datetime) else one for one in columns[at]
            ]
        else:
            columns[at] = map(_value, columns[at])
    return list(zip(*columns, strict=True))


def _value(value: object) -> object:
    """Times become aware UTC, inside lists and structs too."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return value
