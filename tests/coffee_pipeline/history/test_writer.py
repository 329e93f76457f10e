from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.parts import Manifest, remove_abandoned
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.tables import TABLES, columns
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.test import TestCase as Case

VALUES = {
    "VARCHAR": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "DOUBLE": st.floats(allow_nan=False),
    "BOOLEAN": st.booleans(),
    "TIMESTAMP": st.datetimes(
        # One day inside the limits: the zone moves a time by at most that.
        min_value=datetime(1, 1, 2),  # noqa: DTZ001
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001
        timezones=st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours))),
    ),
}


def records_of(record_type: type) -> st.SearchStrategy[object]:
    fields = {
        column.name: st.none() | VALUES[column.sql_type] if column.nullable
        else VALUES[column.sql_type]
        for column in columns(record_type)
    }  # fmt: skip
    return st.builds(record_type, **fields)


EVIDENCE = st.builds(
    Evidence,
    materialization=VALUES["VARCHAR"],
    outcome=st.sampled_from(Outcome),
    reason=st.none() | VALUES["VARCHAR"],
    records=st.lists(st.sampled_from(list(TABLES)).flatmap(records_of), max_size=8),
)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory) -> Home:
    return Home(tmp_path_factory.mktemp("history")).prepare()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(evidence=EVIDENCE)
def test_what_is_written_is_read(evidence: Evidence, shared_home: Home) -> None:
    HistoryWriter(shared_home).write(evidence)
    reader = HistoryReader(shared_home)
    assert reader.refresh().warnings == []
    key = (evidence.materialization,)
    for record_type in {type(record) for record in evidence.records}:
        expected = [record for record in evidence.records if type(record) is record_type]
        assert reader.records(record_type, "materialization = ?", key) == expected
    [kept] = reader.query(
        "SELECT outcome, reason, rows FROM materializations WHERE materialization = ?", key
    )
    assert kept == {
        "outcome": evidence.outcome.value,
        "reason": evidence.reason,
        "rows": len(evidence.records),
    }


def test_times_are_read_as_utc(home, record, write, query) -> None:
    east = datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    write("a", record(Sample, observed_at=east))
    query("SELECT 1")
    [found] = HistoryReader(home).records(Sample)
    assert found.observed_at == east
    assert found.observed_at.tzinfo is UTC


def test_not_a_number_stays_not_a_number(record, write, query) -> None:
    write("a", record(Sample, value=math.nan), record(Sample, value=-math.inf))
    values = [row["value"] for row in query("SELECT value FROM samples")]
    assert math.isnan(values[0])
    assert values[1] == -math.inf


@pytest.mark.parametrize(
    ("record_type", "fields", "problem"),
    [
        (Case, {"name": None}, r"TestCase\.name: a value is required"),
        (Case, {"name": 3}, r"TestCase\.name: .*VARCHAR"),
        (Case, {"name": "\ud800"}, r"TestCase\.name: .*VARCHAR"),
        (Case, {"duration_seconds": "fast"}, r"TestCase\.duration_seconds: .*DOUBLE"),
        (Scan, {"findings": 2**63}, r"Scan\.findings: .*BIGINT"),
        (Scan, {"findings": 1.5}, r"Scan\.findings: .*BIGINT"),
        (Scan, {"findings": True}, r"Scan\.findings: .*BIGINT"),
        (Scan, {"started_at": 1}, r"Scan\.started_at: .*TIMESTAMP"),
        (Scan, {"started_at": datetime(2026, 1, 1)}, r"Scan\.started_at: .* no time zone"),  # noqa: DTZ001
    ],
)
def test_a_record_that_does_not_fit_is_named(record_type, fields, problem, home, record) -> None:
    evidence = Evidence(
        materialization="a", outcome=Outcome.COMPLETED, records=[record(record_type, **fields)]
    )
    with pytest.raises(HistoryError, match=problem) as error:
        HistoryWriter(home).write(evidence)
    assert "\n" not in str(error.value)
    assert list(home.parts.iterdir()) == []


def test_a_record_without_a_table_is_named(home) -> None:
    evidence = Evidence(materialization="a", outcome=Outcome.COMPLETED, records=["row"])
    with pytest.raises(HistoryError, match="str has no table"):
        HistoryWriter(home).write(evidence)


@pytest.mark.parametrize("field", ["materialization", "reason"])
def test_a_key_or_reason_that_is_not_unicode_is_refused(field, home) -> None:
    evidence = Evidence(materialization="a", outcome=Outcome.FAILED)
    with pytest.raises(HistoryError, match="valid Unicode"):
        HistoryWriter(home).write(dataclasses.replace(evidence, **{field: "\ud800"}))


@given(key=st.text(max_size=400), written_at=st.datetimes(timezones=st.just(UTC)))
def test_part_names_are_safe_and_manifests_come_back(key: str, written_at: datetime) -> None:
    manifest = Manifest(key, 1, "completed", None, {}, written_at)
    assert len(manifest.name.encode()) <= 255
    assert Path(manifest.name).name == manifest.name
    assert not manifest.name.startswith(".")
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_part_is_readable_by_people(home, record, write) -> None:
    write("test/services/menu@3f2a", record(Case), record(Case))
    [folder] = home.parts.iterdir()
    assert folder.name.startswith("test_services_menu@3f2a~")
    assert {file.name for file in folder.iterdir()} == {"manifest.json", "test_cases.parquet"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["materialization"] == "test/services/menu@3f2a"
    assert manifest["schema_version"] == current_schema().version
    assert manifest["tables"]["test_cases"]["rows"] == 2


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path) -> None:
    (tmp_path / "history").write_text("")
    with pytest.raises(HistoryError, match="cannot be written: Not a directory") as error:
        HistoryWriter(Home(tmp_path)).write(
            Evidence(materialization="a", outcome=Outcome.COMPLETED)
        )
    assert "\n" not in str(error.value)


FULL_DISK = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile

records = [
    ChangedFile(revision="r", path=str(number), previous_path=None, change="added")
    for number in range(5000)
]
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    HistoryWriter(Home(Path(sys.argv[1]))).write(
        Evidence(materialization="a", outcome=Outcome.COMPLETED, records=records)
    )
except HistoryError as error:
    print(error)
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(home, python) -> None:
    done = subprocess.run(
        [python, "-c", FULL_DISK, str(home.root)], capture_output=True, text=True, check=True
    )
    assert "evidence of a cannot be written: File too large" in done.stdout
    assert done.stdout.count("\n") == 1
    assert list(home.parts.iterdir()) == []


def test_clearing_abandoned_folders_never_disturbs_a_living_writer(home) -> None:
    done = threading.Event()

    def clear() -> None:
        while not done.is_set():
            remove_abandoned(home.parts)

    clearing = [threading.Thread(target=clear) for _ in range(2)]
    for thread in clearing:
        thread.start()
    try:
        written = [
            HistoryWriter(home).write(
                Evidence(materialization=f"key {number}", outcome=Outcome.COMPLETED)
            )
            for number in range(150)
        ]
    finally:
        done.set()
        for thread in clearing:
            thread.join()
    assert sorted(home.parts.iterdir()) == sorted(written)
