"""What the tests of the history share: records with filled-in fields, evidence, a fast query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.tables import columns
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
FILLERS = {"VARCHAR": "x", "BIGINT": 1, "DOUBLE": 0.5, "BOOLEAN": True, "TIMESTAMP": EPOCH}


def record(record_type: type, **fields: object) -> Record:
    """A record with the given fields; others are None where allowed, else a filler."""
    filled = {
        column.name: None if column.nullable else FILLERS[column.sql_type]
        for column in columns(record_type)
    }
    return record_type(**{**filled, **fields})


@pytest.fixture(name="record")
def record_factory() -> Callable[..., Record]:
    return record


@pytest.fixture
def at() -> Callable[[int], datetime]:
    """A time, in minutes after the tests' epoch."""
    return lambda minutes: EPOCH + timedelta(minutes=minutes)


@pytest.fixture
def write(home: Home) -> Callable[..., None]:
    """Commit records as the evidence of a key."""

    def _write(key: str, *records: Record, outcome: Outcome = Outcome.COMPLETED) -> None:
        HistoryWriter(home).write(Evidence(materialization=key, outcome=outcome, records=records))

    return _write


@pytest.fixture
def query(home: Home) -> Callable[..., list[dict[str, object]]]:
    """Rows of a statement over everything committed so far."""
    reader = HistoryReader(home)

    def _query(sql: str, *parameters: object) -> list[dict[str, object]]:
        report = reader.refresh()
        assert report.warnings == []
        return reader.query(sql, parameters)

    return _query
