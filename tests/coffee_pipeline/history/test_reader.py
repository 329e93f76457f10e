from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest

from coffee_pipeline.errors import HistoryError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.model.test import TestCase as Case

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_without_a_history_an_empty_one_is_published(home) -> None:
    assert HistoryReader(home).query("SELECT count(*) AS n FROM test_cases") == [{"n": 0}]
    assert home.history.is_file()


def test_refresh_shows_what_was_committed_before(home, record, write) -> None:
    reader = HistoryReader(home)
    for number in range(3):
        write(f"key {number}", record(Case, name=f"Test{number}"))
        reader.refresh()
        assert len(reader.records(Case)) == number + 1


def test_a_connection_keeps_its_snapshot_and_a_new_one_is_fresh(home, record, write) -> None:
    """Both in one process: the database must not be shared by its path."""
    reader = HistoryReader(home)
    with reader.connect() as early:
        write("a", record(Case))
        reader.refresh()
        with reader.connect() as late:
            assert late.execute("SELECT count(*) FROM test_cases").fetchone() == (1,)
        assert early.execute("SELECT count(*) FROM test_cases").fetchone() == (0,)


def test_connections_cannot_write(home) -> None:
    reader = HistoryReader(home)
    with reader.connect() as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM test_cases")
    with pytest.raises(UsageError, match="read-only"):
        reader.query("DROP TABLE test_cases")


def test_records_take_conditions_and_values(home, record, write) -> None:
    cases = [record(Case, name=f"Test{number}", duration_seconds=number) for number in range(4)]
    write("a", *cases)
    reader = HistoryReader(home)
    reader.refresh()
    assert reader.records(Case, "duration_seconds > ? AND name <> ?", (1, "Test3")) == [cases[2]]
    assert reader.records(Case, "true ORDER BY duration_seconds DESC LIMIT 1") == [cases[3]]
    assert reader.records(Case, "materialization = 'b'") == []


def test_times_are_aware_utc_wherever_they_are(home, record, write, query) -> None:
    write("a", record(Sample, observed_at=NOON))
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    assert query("SELECT observed_at FROM samples WHERE observed_at = ?", east) == [
        {"observed_at": NOON}
    ]
    assert query("SELECT observed_at::TIMESTAMPTZ AS t FROM samples") == [{"t": NOON}]
    [row] = query(
        "SELECT [observed_at] AS l, {'t': observed_at} AS s, observed_at::DATE AS d FROM samples"
    )
    assert row == {"l": [NOON], "s": {"t": NOON}, "d": date(2026, 3, 1)}
    [row] = query("SELECT observed_at::TIMESTAMPTZ AS t FROM samples")
    assert row["t"].tzinfo is UTC


def test_numbers_are_plain(query) -> None:
    [row] = query("SELECT sum(x) AS total, 1.5::DECIMAL(4, 2) AS price FROM range(3) t(x)")
    assert row == {"total": 3, "price": Decimal("1.50")}


def test_columns_of_the_same_name_are_kept_apart(home) -> None:
    answer = HistoryReader(home).answer("SELECT 1 AS a, 2 AS a")
    assert (answer.columns, answer.rows) == (("a", "a"), [(1, 2)])


@pytest.mark.parametrize("sql", ["SELEC 1", "FROM nowhere", "SELECT 'a'::BIGINT", "-- nothing", ""])
def test_wrong_sql_is_one_line(sql, home) -> None:
    with pytest.raises(UsageError, match=r"^SQL: ") as error:
        HistoryReader(home).query(sql)
    assert "\n" not in str(error.value)


def test_a_damaged_history_is_one_line(home) -> None:
    home.history.write_bytes(b"not a database" * 1000)
    with pytest.raises(HistoryError, match="cannot be read") as error:
        HistoryReader(home).query("FROM scans")
    assert "\n" not in str(error.value)


HOLDS_FOR_WRITING = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE doodles (a INT)")
connection.execute("INSERT INTO doodles VALUES (1)")
print("open", flush=True)
sys.stdin.read()
"""


def test_a_client_that_opened_the_history_for_writing_stops_nobody(
    home, record, write, query, python
) -> None:
    write("a", record(Case))
    query("SELECT 1")
    holder = subprocess.Popen(
        [python, "-c", HOLDS_FOR_WRITING, str(home.history)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout.readline() == "open\n"
        assert len(HistoryReader(home).records(Case)) == 1
        write("b", record(Case))
        assert query("SELECT count(*) AS n FROM test_cases") == [{"n": 2}]
        holder.stdin.close()
        holder.wait(timeout=60)
        with pytest.raises(UsageError, match="doodles"):
            query("FROM doodles")
        assert query("SELECT count(*) AS n FROM test_cases") == [{"n": 2}]
