"""All or nothing, for DuckDB connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the body did, or roll it back and pass the error on."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A COMMIT that failed, or a fatal error, has ended the transaction already; then there
        # is nothing to roll back, and the first error is the one that counts.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
