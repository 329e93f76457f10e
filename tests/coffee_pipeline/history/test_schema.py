from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.schema import (
    VIEW_NAMES,
    Schema,
    View,
    current_schema,
    read_migrations,
    read_views,
)
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome

FILES = {
    "0001_first.sql": "CREATE TABLE cups (size BIGINT NOT NULL);",
    "0002_taste.sql": "ALTER TABLE cups ADD COLUMN taste VARCHAR; CREATE TABLE beans (a INT);",
    "0003_split.sql": "CREATE TABLE mugs AS SELECT * FROM cups; DROP TABLE beans;",
}
VIEW = View("big_cups", "SELECT size FROM cups WHERE size > 1", "Which cups are big?")
LAYOUT = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, comment "
    "FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, sql in FILES.items():
        (tmp_path / name).write_text(sql)
    return tmp_path


@pytest.fixture
def database():
    with duckdb.connect(":memory:") as connection:
        yield connection


def until(schema: Schema, version: int) -> Schema:
    return Schema([m for m in schema.migrations if m.version <= version], schema.views)


def layout(schema: Schema) -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as connection:
        schema.apply(connection)
        return connection.execute(LAYOUT).fetchall()


@pytest.mark.parametrize("earlier", [1, 2, 3])
def test_every_earlier_version_becomes_the_current_one(earlier, folder, database) -> None:
    schema = Schema(read_migrations(folder), [VIEW])
    until(schema, earlier).apply(database)
    database.execute("INSERT INTO cups (size) VALUES (1), (2)")
    schema.apply(database)
    assert database.execute(LAYOUT).fetchall() == layout(schema)
    assert database.execute("SELECT size FROM cups ORDER BY size").fetchall() == [(1,), (2,)]
    assert database.execute("FROM big_cups").fetchall() == [(2,)]
    versions = database.execute("SELECT version, name FROM schema_migrations").fetchall()
    assert sorted(versions) == list(enumerate(FILES, start=1))


@pytest.mark.parametrize("earlier", range(current_schema().version + 1))
def test_shipped_migrations_from_every_earlier_version(earlier, database) -> None:
    without_views = Schema(until(current_schema(), earlier).migrations, [])
    without_views.apply(database)
    current_schema().apply(database)
    assert database.execute(LAYOUT).fetchall() == layout(current_schema())


def test_applying_twice_changes_nothing(folder, database) -> None:
    schema = Schema(read_migrations(folder), [VIEW])
    schema.apply(database)
    before = database.execute("FROM schema_migrations").fetchall()
    schema.apply(database)
    assert database.execute("FROM schema_migrations").fetchall() == before


def test_a_newer_file_is_refused_in_one_line(folder, database) -> None:
    schema = Schema(read_migrations(folder), [])
    schema.apply(database)
    with pytest.raises(HistoryError, match=r"version 3, this program knows 2: upgrade") as error:
        until(schema, 2).apply(database)
    assert "\n" not in str(error.value)


def test_a_failing_migration_leaves_the_version_before(folder, database) -> None:
    (folder / "0004_broken.sql").write_text("CREATE TABLE jugs (a INT);\nSELECT nothing FROM cups;")
    schema = Schema(read_migrations(folder), [VIEW])
    with pytest.raises(HistoryError, match=r"0004_broken\.sql") as error:
        schema.apply(database)
    assert "\n" not in str(error.value)
    assert database.execute("SELECT max(version) FROM schema_migrations").fetchone() == (3,)
    assert database.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'jugs'"
    ).fetchone() == (0,)
    until(schema, 3).apply(database)
    assert database.execute("FROM big_cups").fetchall() == []


def test_views_follow_their_files(folder, database) -> None:
    migrations = read_migrations(folder)
    Schema(migrations, [VIEW]).apply(database)
    database.execute("INSERT INTO cups (size) VALUES (5)")
    changed = View("big_cups", "SELECT size * 2 AS size FROM cups", "It's twice the size")
    Schema(migrations, [changed]).apply(database)
    assert database.execute("FROM big_cups").fetchall() == [(10,)]
    assert database.execute("SELECT comment FROM duckdb_views() WHERE NOT internal").fetchall() == [
        ("It's twice the size",)
    ]
    Schema(migrations, []).apply(database)
    assert database.execute("FROM duckdb_views() WHERE NOT internal").fetchall() == []


@pytest.mark.parametrize("name", ["second.sql", "0003_gap.sql", "0001_again.sql"])
def test_misnumbered_migrations_are_named(name, folder) -> None:
    (folder / "0002_taste.sql").unlink()
    (folder / "0003_split.sql").unlink()
    (folder / name).write_text("SELECT 1")
    with pytest.raises(HistoryError, match=r"\.sql: .*migration"):
        read_migrations(folder)


def test_a_view_without_a_question_is_refused(tmp_path) -> None:
    (tmp_path / "plain.sql").write_text("SELECT 1;")
    with pytest.raises(HistoryError, match=r"plain\.sql"):
        read_views(tmp_path, ["plain"])


def test_every_view_file_is_listed() -> None:
    folder = Path(__file__).parents[3] / "coffee_pipeline" / "history" / "views"
    assert {file.stem for file in folder.iterdir()} == set(VIEW_NAMES)
    for view in current_schema().views:
        assert re.match(r"[A-Z][^?.:]+[?:.]", view.comment), view.name


def test_a_published_history_of_newer_code_is_refused(home) -> None:
    reader = HistoryReader(home)
    reader.refresh()
    with duckdb.connect(str(home.history)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (99, 'x', now()::TIMESTAMP)")
    with pytest.raises(HistoryError, match="version 99"):
        reader.query("FROM scans")


def test_a_working_database_of_newer_code_is_refused_and_parts_stay(home) -> None:
    HistoryReader(home).refresh()
    with duckdb.connect(str(home.working_database)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (99, 'x', now()::TIMESTAMP)")
    part = HistoryWriter(home).write(Evidence(materialization="a", outcome=Outcome.COMPLETED))
    with pytest.raises(HistoryError, match="version 99"):
        HistoryReader(home).refresh()
    assert part.is_dir()


def test_days_of_service_levels_get_the_key_that_names_their_platform(database) -> None:
    before = Schema(until(current_schema(), 12).migrations, [])
    before.apply(database)
    key = "levels/production/kettle:boils/2026-03-01"
    database.execute(
        "INSERT INTO materializations SELECT ?, 'completed', NULL, 12, t, t, t, 2, MAP {}, 'p', 'c'"
        " FROM (SELECT TIMESTAMP '2026-03-02 00:00:00' AS t)", [key],
    )  # fmt: skip
    for at in (1, 2):
        database.execute(
            "INSERT INTO level_samples VALUES (?, 'kettle', 'boils', 'production', ?, 60, 1, 1)",
            [key, datetime(2026, 3, 1, at, tzinfo=UTC)],
        )
        database.execute(
            "INSERT INTO level_days BY NAME SELECT ? AS materialization, 'tea' AS platform, "
            "'kettle' AS service, 'boils' AS slo, 'production' AS environment, 0.9 AS objective, "
            "'Occurrences' AS method, 28 AS period_days, TIMESTAMP '2026-03-01 00:00:00' AS day, "
            "2 AS known_steps, 1440 AS steps, 'recorded' AS source, 'partial' AS outcome, "
            "'{}' AS definition, TIMESTAMP '2026-03-02 00:00:00' AS measured_at", [key],
        )  # fmt: skip
    current_schema().apply(database)
    after = "levels/tea/production/kettle:boils/2026-03-01"
    for table, rows in (("materializations", 1), ("level_samples", 2), ("level_days", 2)):
        found = database.execute(f"SELECT materialization FROM {table}").fetchall()
        assert found == [(after,)] * rows
