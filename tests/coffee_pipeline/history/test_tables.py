from __future__ import annotations

import typing
from dataclasses import dataclass

import duckdb
import pytest

from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.tables import KEY_COLUMN, TABLES, arrow_schema, columns
from coffee_pipeline.model.evidence import Record


@pytest.fixture(scope="module")
def migrated():
    with duckdb.connect(":memory:") as connection:
        current_schema().apply(connection)
        yield connection


def test_every_record_class_has_one_table() -> None:
    assert set(TABLES) == set(typing.get_args(Record))
    assert len(set(TABLES.values())) == len(TABLES)


@pytest.mark.parametrize("record_type", TABLES, ids=lambda record_type: record_type.__name__)
def test_fields_are_the_migrated_columns(record_type, migrated) -> None:
    """By name: parts are inserted by name, and a migration adds its columns at the end."""
    key, *found = migrated.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE table_name = ? ORDER BY column_index",
        [TABLES[record_type]],
    ).fetchall()
    expected = [(column.name, column.sql_type, column.nullable) for column in columns(record_type)]
    assert key == (KEY_COLUMN, "VARCHAR", False)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("record_type", TABLES, ids=lambda record_type: record_type.__name__)
def test_parquet_columns_are_the_same(record_type) -> None:
    schema = arrow_schema(record_type)
    assert schema.names == [KEY_COLUMN, *(column.name for column in columns(record_type))]
    assert [schema.field(c.name).nullable for c in columns(record_type)] == [
        c.nullable for c in columns(record_type)
    ]


def test_a_field_type_without_a_column_type_is_named() -> None:
    @dataclass(frozen=True)
    class Odd:
        labels: dict[str, str]

    Odd.__annotations__["labels"] = dict[str, str]
    with pytest.raises(TypeError, match=r"Odd\.labels"):
        columns(Odd)
