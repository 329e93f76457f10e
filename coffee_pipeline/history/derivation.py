"""The life of findings, derived when scans are loaded: views then need not read all reports.

The facts stay the truth: what is derived here can be derived again from ``scans`` and ``findings``
at any time, and is whenever its SQL changes. A load derives anew only the series (tool and scope)
that it touches, in its own transaction; see docs/decisions/0006-derived-lives-of-findings.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import duckdb
import pyarrow as pa

from coffee_pipeline.history.issues import Issue, Naming, issues_of
from coffee_pipeline.history.transaction import transaction

SOURCES = frozenset({"scans", "findings"})
"""Tables that something is derived from."""

DERIVED_TABLES = ("finding_lives", "finding_changes", "issue_names")
_NAME = "findings"
_VERSION = "1"
"""To be raised when what is derived in Python changes."""

_COMPONENT = "replace(lower(component), ':', '/')"
"""Tools write Java's and npm's names with either sign between their parts."""
_VULNERABLE = "component IS NOT NULL AND kind IN ('dependency', 'container')"


def derive_if_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Derive everything anew where it was derived with other SQL, or never.

    Raises:
        duckdb.Error: the database fails; then all is as it was.
    """
    row = connection.execute("SELECT checksum FROM derivations WHERE name = ?", [_NAME]).fetchone()
    if row is not None and row[0] == _checksum():
        return
    with transaction(connection):
        derive_all(connection)
        connection.execute("INSERT OR REPLACE INTO derivations VALUES (?, ?)", [_NAME, _checksum()])


def derive_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Derive everything anew, in the caller's transaction."""
    for table in DERIVED_TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of our tables
    touch(connection)
    connection.execute("INSERT INTO touched SELECT DISTINCT tool, scope FROM scans")
    derive_touched(connection)


def touch(
    connection: duckdb.DuckDBPyConnection, materializations: Sequence[str] | None = None
) -> None:
    """Note the series of scans with these keys as touched; without keys, begin anew."""
    if materializations is None:
        connection.execute("CREATE OR REPLACE TEMP TABLE touched (tool VARCHAR, scope VARCHAR)")
        return
    connection.execute(
        "INSERT INTO touched SELECT DISTINCT tool, scope FROM scans WHERE materialization IN "
        "(SELECT unnest(?::VARCHAR[])) EXCEPT FROM touched",
        [list(materializations)],
    )


def derive_touched(connection: duckdb.DuckDBPyConnection) -> None:
    """Derive the touched series anew, and forget which they were."""
    row = connection.execute("SELECT count(*) FROM touched").fetchone()
    if row is not None and row[0]:
        for name in ("spans", "lives"):
            connection.execute(_sql(name))
        for table in ("finding_lives", "finding_changes"):
            connection.execute(
                f"DELETE FROM {table} WHERE (tool, scope) IN "  # noqa: S608 - our tables
                "(SELECT (tool, scope) FROM touched)"
            )
        connection.execute(_sql("changes"))
        _name_issues(connection)
        connection.execute("INSERT INTO finding_lives BY NAME SELECT * FROM lives")
        for table in ("spans", "lives"):
            connection.execute(f"DROP TABLE {table}")
    connection.execute("DROP TABLE touched")


def _name_issues(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the touched vulnerabilities together with those of other series in their components."""
    known = f"SELECT {_COMPONENT} AS component, rule, coalesce(aliases, '') AS aliases"
    rows = connection.execute(
        f"WITH components AS (SELECT DISTINCT {_COMPONENT} AS component FROM lives "  # noqa: S608
        f"WHERE {_VULNERABLE}), everything AS ({known} FROM lives WHERE {_VULNERABLE} "
        f"UNION ALL {known} FROM finding_lives WHERE {_VULNERABLE}) "
        "SELECT DISTINCT component, rule, aliases FROM everything "
        "SEMI JOIN components USING (component)"
    ).fetchall()
    if not rows:
        return
    issues = issues_of(Naming(*row) for row in rows)
    connection.register("namings", _namings(issues))
    for table in ("lives", "finding_lives"):
        connection.execute(
            f"UPDATE {table} SET issue = named_issue FROM namings "  # noqa: S608 - our tables
            f"WHERE {_VULNERABLE} AND {_COMPONENT} = named_component AND rule = named_rule "
            "AND coalesce(aliases, '') = named_aliases AND issue <> named_issue"
        )
    connection.unregister("namings")
    _remember_names(connection, set(issues.values()), {row[0] for row in rows})


def _namings(issues: dict[Naming, Issue]) -> pa.Table:
    return pa.table(
        {
            "named_component": pa.array([one.component for one in issues], pa.string()),
            "named_rule": pa.array([one.rule for one in issues], pa.string()),
            "named_aliases": pa.array([one.aliases for one in issues], pa.string()),
            "named_issue": pa.array([issue.key for issue in issues.values()], pa.string()),
        }
    )


def _remember_names(
    connection: duckdb.DuckDBPyConnection, issues: set[Issue], components: set[str]
) -> None:
    pairs = [(issue.key, name, issue.component) for issue in issues for name in issue.names]
    columns = zip(*pairs, strict=True) if pairs else ((), (), ())
    names = pa.table(
        {
            column: pa.array(values, pa.string())
            for column, values in zip(("issue", "name", "component"), columns, strict=True)
        }
    )
    connection.execute(
        "DELETE FROM issue_names WHERE component IN (SELECT unnest(?::VARCHAR[]))",
        [sorted(components)],
    )
    connection.register("names", names)
    connection.execute("INSERT INTO issue_names BY NAME SELECT * FROM names")
    connection.unregister("names")


@cache
def _sql(name: str) -> str:
    return (files("coffee_pipeline.history") / "derived" / f"{name}.sql").read_text("utf-8")


@cache
def _checksum() -> str:
    texts = [_VERSION, *(_sql(name) for name in ("spans", "lives", "changes"))]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
