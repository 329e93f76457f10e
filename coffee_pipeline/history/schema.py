"""The database's schema: numbered migrations, and views that are replaced with the code.

Migrations only go forward, each in its own transaction. Views hold no facts, so they are dropped
and created anew whenever their files differ from what the database has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import duckdb

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.transaction import transaction

VIEW_NAMES = (
    "question_time",
    "sla_policy",
    "finding_lifecycle",
    "finding_triage",
    "open_findings",
    "issues",
    "finding_sla",
    "finding_deltas",
    "security_mttr",
    "scan_coverage",
    "current_deployments",
    "dora_daily",
    "commits",
    "untouched_services",
    "incident_history",
    "deployment_history",
    "slo_status",
    "test_durations",
    "slowest_tests",
    "coverage_trend",
    "module_status",
    "gate_failures",
    "compliance_status",
    "observability_coverage",
    "monitoring_uptime",
    "alert_response",
    "service_status",
)
"""The views, each after those that it reads."""

_BOOKKEEPING = """
CREATE TABLE schema_migrations (
    version BIGINT PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE schema_migrations IS 'Migrations that this file has been through.';
COMMENT ON COLUMN schema_migrations.version IS 'Number of the migration.';
COMMENT ON COLUMN schema_migrations.name IS 'Name of the migration file.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied (UTC).';
CREATE TABLE schema_views (name VARCHAR PRIMARY KEY, checksum VARCHAR NOT NULL);
COMMENT ON TABLE schema_views IS 'Views that this file has, and of which text.';
COMMENT ON COLUMN schema_views.name IS 'Name of the view.';
COMMENT ON COLUMN schema_views.checksum IS 'sha256 of the view''s file.';
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: the number its file begins with, the file's name, its SQL."""

    version: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class View:
    """One question: the view's name, the answer's SELECT, the header comment as one text."""

    name: str
    sql: str
    comment: str

    @property
    def checksum(self) -> str:
        """sha256 of the view's text."""
        return hashlib.sha256(f"{self.comment}\n{self.sql}".encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """What creates the view and notes that it is there."""
        comment = self.comment.replace("'", "''")
        note = f"VALUES ('{self.name}', '{self.checksum}')"
        return [
            f"CREATE VIEW {self.name} AS\n{self.sql}",
            f"COMMENT ON VIEW {self.name} IS '{comment}'",
            f"INSERT INTO schema_views {note}",
        ]


@dataclass(frozen=True, slots=True)
class Schema:
    """The migrations and views of one version of the code."""

    migrations: Sequence[Migration]
    views: Sequence[View]

    @property
    def version(self) -> int:
        """Number of the newest migration; 0 without any."""
        return max((migration.version for migration in self.migrations), default=0)

    @property
    def fingerprint(self) -> str:
        """Changes when a migration is added or a view's text changes."""
        texts = [str(self.version), *(view.checksum for view in self.views)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Bring an open database to this version.

        Raises:
            HistoryError: the file is newer than this code, or a migration or view fails; then
                the file is as it was before that migration.
        """
        if not _has_bookkeeping(connection):
            _transaction(connection, "schema_migrations", [_BOOKKEEPING])
        applied = self.check(connection)
        pending = [m for m in self.migrations if m.version > applied]
        if pending:
            _drop_views(connection)
        for migration in pending:
            _transaction(connection, migration.name, [migration.sql], migration)
        self._apply_views(connection)

    def check(self, connection: duckdb.DuckDBPyConnection) -> int:
        """The database's version.

        Raises:
            HistoryError: it is newer than this code.
        """
        row = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()
        applied = int(row[0]) if row and row[0] is not None else 0
        if applied > self.version:
            raise HistoryError(
                f"the history has schema version {applied}, this program knows {self.version}: "
                "upgrade coffee-pipeline, or choose another data directory with --data-dir"
            )
        return applied

    def _apply_views(self, connection: duckdb.DuckDBPyConnection) -> None:
        wanted = {view.name: view.checksum for view in self.views}
        found = dict(connection.execute("SELECT name, checksum FROM schema_views").fetchall())
        if wanted == found:
            return
        _drop_views(connection)
        for view in self.views:
            _transaction(connection, f"{view.name}.sql", view.statements)


@cache
def current_schema() -> Schema:
    """The schema that ships with this code."""
    package = files("coffee_pipeline.history")
    return Schema(read_migrations(package / "migrations"), read_views(package / "views"))


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """Migrations of a folder, in order; files are named ``0001_what_it_does.sql``.

    Raises:
        HistoryError: a file's name has no number, or the numbers are not 1, 2, 3 ...
    """
    found = []
    for file in folder.iterdir():
        match = re.fullmatch(r"(\d{4})_\w+\.sql", file.name)
        if match is None:
            raise HistoryError(f"{file.name}: a migration is named 0001_what_it_does.sql")
        found.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise HistoryError(f"{migration.name}: migration {expected:04} is missing or doubled")
    return tuple(found)


def read_views(folder: Traversable, names: Sequence[str] = VIEW_NAMES) -> tuple[View, ...]:
    """Views of a folder: a header of ``--`` lines (the question), then one SELECT."""
    views = []
    for name in names:
        text = (folder / f"{name}.sql").read_text(encoding="utf-8")
        header = re.match(r"(?:--.*\n)+", text)
        if header is None:
            raise HistoryError(f"{name}.sql: a view begins with a comment that says its question")
        lines = [line.removeprefix("--").strip() for line in header[0].splitlines()]
        sql = text[header.end() :].strip().removesuffix(";")
        views.append(View(name, sql, " ".join(line for line in lines if line)))
    return tuple(views)


def _has_bookkeeping(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_migrations'"
        ).fetchall()
    )


def _drop_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the views that this or another version of the code made, and forget them."""
    rows = connection.execute("SELECT name FROM schema_views").fetchall()
    statements = [f'DROP VIEW IF EXISTS "{name}"' for (name,) in rows]
    _transaction(connection, "views", [*statements, "DELETE FROM schema_views"])


def _transaction(
    connection: duckdb.DuckDBPyConnection,
    what: str,
    statements: Sequence[str],
    migration: Migration | None = None,
) -> None:
    """Run statements as one transaction; ``what`` names them in the error."""
    try:
        with transaction(connection):
            for statement in statements:
                connection.execute(statement)
            if migration is not None:
                row = (migration.version, migration.name, datetime.now(UTC).replace(tzinfo=None))
                connection.execute("INSERT INTO schema_migrations VALUES (?, ?, ?)", row)
    except duckdb.Error as error:
        problem = str(error).partition("\n")[0]
        raise HistoryError(f"{what}: the history's schema cannot be applied: {problem}") from error
