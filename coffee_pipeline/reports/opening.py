"""Opening a number: the statement that it can be taken from, and the rows it gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.reports.page import Opened

MAXIMUM_ROWS = 40
"""Rows a page shows of what a number was taken from."""


def literal(value: str | float | datetime) -> str:
    """The value as SQL: the statement can be copied and run as it stands."""
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'".replace(".000000", "")
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


class Opener:
    """Runs statements of a report on one snapshot of the history."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def open(self, summary: str, sql: str) -> Opened:
        """The first rows of ``sql`` and how many there are.

        Raises:
            HistoryError: the statement cannot be run.
        """
        try:
            found = self._connection.execute(sql)
            columns = tuple(one[0] for one in found.description)
            rows = found.fetchall()
        except duckdb.Error as error:
            raise HistoryError(f"rows of a report: {str(error).splitlines()[0]}") from error
        shown = tuple(tuple(_text(value) for value in row) for row in rows[:MAXIMUM_ROWS])
        return Opened(summary, sql, columns, shown, len(rows))


@contextmanager
def opening(history: HistoryReader) -> Iterator[Opener]:
    """An opener over the history as it is now.

    Raises:
        HistoryError: the history cannot be read.
    """
    with history.connect() as connection:
        yield Opener(connection)


def _text(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
