from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import history
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import Outcome

NASTY = 'a [bold]b[/] \x1b[31mred "quoted", läuft'
SQL = "SELECT title, opened_at, resolved_at, [1, 2] AS list FROM incidents"


@pytest.fixture
def run(home: Home):
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    history.register(app)

    def _run(*arguments: str, stdin: str | None = None) -> str:
        result = CliRunner().invoke(app, arguments, input=stdin, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return _run


@pytest.fixture
def incident(home: Home) -> None:
    record = Incident(
        incident_id="1", service="menu", environment="production", revision=None,
        deployment_id=None, title=NASTY, severity="high", source="test",
        opened_at=datetime(2026, 3, 1, 12, tzinfo=UTC), resolved_at=None,
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization="a", outcome=Outcome.COMPLETED, records=[record])
    )


def test_a_table_shows_rows_and_no_terminal_codes(run, incident) -> None:
    output = run("sql", SQL)
    assert "\x1b" not in output
    assert 'a [bold]b[/] \\x1b[31mred "quoted", läuft' in output
    assert "2026-03-01T12:00:00+00:00" in output
    assert "NULL" in output


def test_csv_and_json_read_back(run, incident) -> None:
    [header, row] = list(csv.reader(run("sql", "-f", "csv", SQL).splitlines()))
    assert header == ["title", "opened_at", "resolved_at", "list"]
    assert row == [NASTY, "2026-03-01T12:00:00+00:00", "", "[1, 2]"]
    [record] = json.loads(run("sql", "--format", "json", SQL))
    assert record == {
        "title": NASTY,
        "opened_at": "2026-03-01T12:00:00+00:00",
        "resolved_at": None,
        "list": [1, 2],
    }


@pytest.mark.parametrize("output_format", ["csv", "json", "table"])
def test_a_file_holds_what_the_screen_would(output_format, run, incident, tmp_path) -> None:
    target = tmp_path / "out"
    shown = run("sql", "-f", output_format, SQL)
    assert run("sql", "-f", output_format, "-o", str(target), SQL) == ""
    assert target.read_text(encoding="utf-8") == shown


def test_parquet_goes_to_a_file(run, incident, tmp_path) -> None:
    target = tmp_path / "out.parquet"
    run("sql", "--format", "parquet", "--output", str(target), SQL)
    [row] = pq.read_table(target).to_pylist()
    assert row["title"] == NASTY
    with pytest.raises(UsageError, match="add --output FILE"):
        run("sql", "--format", "parquet", SQL)


def test_sql_comes_from_stdin(run) -> None:
    assert json.loads(run("sql", "-", "-f", "json", stdin="SELECT 1 AS a;\n")) == [{"a": 1}]


def test_what_is_committed_is_seen_unless_refreshing_is_off(run, home, incident) -> None:
    count = "SELECT count(*) AS n FROM incidents"
    HistoryLoader(home).republish()
    assert json.loads(run("sql", "--no-refresh", "-f", "json", count)) == [{"n": 0}]
    assert json.loads(run("sql", "-f", "json", count)) == [{"n": 1}]


def test_rejected_parts_are_told_on_stderr(home, incident) -> None:
    [part] = home.parts.iterdir()
    (part / "incidents.parquet").write_bytes(b"damaged")
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    history.register(app)
    result = CliRunner().invoke(app, ["sql", "-f", "json", "SELECT 1 AS a"])
    assert json.loads(result.stdout) == [{"a": 1}]
    assert result.stderr.startswith("warning: ")
    assert "checksum does not fit" in result.stderr


@pytest.mark.parametrize("sql", ["SELEC 1", "FROM nowhere", " ", "CREATE TABLE x (a INT)"])
def test_wrong_sql_is_one_line(sql, run) -> None:
    with pytest.raises(UsageError) as error:
        run("sql", sql)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("output_format", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_one_line(output_format, run, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "out"
    with pytest.raises(UsageError, match=r"cannot be written: .*Not a directory") as error:
        run("sql", "-f", output_format, "-o", str(target), "SELECT 1 AS a")
    assert "\n" not in str(error.value)


def test_schema_in_its_three_forms(run) -> None:
    document = Path(__file__).parents[3] / "docs" / "tables.md"
    assert run("schema", "--markdown") == document.read_text(encoding="utf-8")
    entries = {entry["name"]: entry for entry in json.loads(run("schema", "--json"))}
    assert entries["scans"]["kind"] == "table"
    assert entries["service_status"]["kind"] == "view"
    screen = run("schema")
    assert all(name in screen for name in entries)
    assert "Why it ended so" in screen
    with pytest.raises(UsageError, match="exclude each other"):
        run("schema", "--json", "--markdown")
