from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coffee_pipeline.errors import HistoryError, TransientError
from coffee_pipeline.history import publication
from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.parts import Manifest, TableFile
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile
from coffee_pipeline.model.test import TestCase as Case

PATHS = "SELECT materialization AS key, path FROM changed_files ORDER BY ALL"


def changed(*paths: str) -> list[ChangedFile]:
    return [ChangedFile(revision="r", path=p, previous_path=None, change="added") for p in paths]


def committed(home: Home, key: str, *paths: str) -> Path:
    return HistoryWriter(home).write(
        Evidence(materialization=key, outcome=Outcome.COMPLETED, records=changed(*paths))
    )


def paths(home: Home) -> list[tuple[object, object]]:
    return [(row["key"], row["path"]) for row in HistoryReader(home).query(PATHS)]


def rewrite_manifest(part: Path, **changes: object) -> Path:
    """A part whose manifest says something else, with a fitting checksum and name."""
    content = json.loads((part / "manifest.json").read_text())
    known = Manifest.from_json(json.dumps(content))
    fields = {name: getattr(known, name) for name in Manifest.__slots__}
    manifest = Manifest(**{**fields, **changes})
    (part / "manifest.json").write_text(manifest.to_json())
    return part.rename(part.with_name(manifest.name))


# --- replacing


def test_the_same_key_replaces_what_was_loaded(home) -> None:
    loader = HistoryLoader(home)
    committed(home, "a", "one", "two")
    committed(home, "b", "three")
    assert loader.drain("always").loaded == 2
    committed(home, "a", "four")
    report = loader.drain("always")
    assert (report.loaded, report.rows) == (1, 1)
    assert paths(home) == [("a", "four"), ("b", "three")]


def test_the_same_key_in_other_tables_leaves_nothing_of_the_first(home, record, write, query):
    write("a", *changed("one"), record(Case))
    query("SELECT 1")
    write("a")
    assert query("FROM changed_files") == []
    assert query("FROM test_cases") == []
    [kept] = query("SELECT rows, table_rows FROM materializations")
    assert kept == {"rows": 0, "table_rows": {}}


def test_of_unloaded_parts_of_a_key_the_newest_wins(home) -> None:
    for number in range(5):
        committed(home, "a", f"attempt {number}")
    report = HistoryLoader(home).drain("always")
    assert (report.loaded, report.superseded) == (1, 4)
    assert paths(home) == [("a", "attempt 4")]


def test_an_older_part_that_comes_late_is_superseded(home, tmp_path) -> None:
    late = committed(home, "a", "older")
    aside = late.rename(tmp_path / late.name)
    committed(home, "a", "newer")
    HistoryLoader(home).drain("always")
    aside.rename(late)
    report = HistoryLoader(home).drain("always")
    assert (report.loaded, report.superseded) == (0, 1)
    assert paths(home) == [("a", "newer")]
    assert list(home.parts.iterdir()) == []


def test_identical_content_changes_nothing(home) -> None:
    kept = "SELECT loaded_at, written_at, part FROM materializations"
    committed(home, "a", "one")
    HistoryLoader(home).drain("always")
    before = HistoryReader(home).query(kept)
    committed(home, "a", "one")
    report = HistoryLoader(home).drain("always")
    assert (report.loaded, report.unchanged, report.published) == (0, 1, False)
    HistoryLoader(home).republish()
    assert HistoryReader(home).query(kept) == before
    assert paths(home) == [("a", "one")]


def test_going_back_to_earlier_content_counts(home, tmp_path) -> None:
    """a, b, then a again: the second a is the newest, though the first was the same."""
    loader = HistoryLoader(home)
    for content in ("one", "two", "one"):
        committed(home, "a", content)
        loader.drain("always")
    assert paths(home) == [("a", "one")]
    late = committed(home, "a", "two")
    aside = late.rename(tmp_path / late.name)
    committed(home, "a", "one")
    loader.drain("always")  # unchanged, but confirmed as the newest
    aside.rename(late)
    assert loader.drain("always").superseded == 1
    assert paths(home) == [("a", "one")]


def test_many_parts_are_several_batches(home) -> None:
    for number in range(300):
        committed(home, f"key {number % 290}", f"{number}")
    report = HistoryLoader(home).drain("always")
    assert report.loaded + report.superseded == 300
    found = dict(paths(home))
    assert len(found) == 290
    assert [found[f"key {number}"] for number in range(10)] == [str(290 + n) for n in range(10)]


def test_threads_write_and_drain_at_once(home) -> None:
    def work(name: str) -> None:
        for number in range(5):
            committed(home, f"{name}/{number}", "x")
            HistoryLoader(home).drain("always")

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths(home)) == 20


# --- publishing


def test_loaded_parts_stay_until_they_are_published(home) -> None:
    part = committed(home, "a", "one")
    report = HistoryLoader(home).drain("never")
    assert (report.loaded, report.waiting, report.published) == (1, 1, False)
    assert part.is_dir()
    assert not home.history.exists()
    report = HistoryLoader(home).drain("always")
    assert (report.loaded, report.waiting, report.published) == (0, 0, True)
    assert not part.exists()
    assert paths(home) == [("a", "one")]


def test_the_throttle_waits_by_the_cost_of_the_last_publication(home) -> None:
    HistoryLoader(home).drain("always")
    note = home.working_database.with_name("published.json")
    content = json.loads(note.read_text())
    note.write_text(json.dumps({**content, "seconds": 1e6}))
    committed(home, "a", "one")
    assert HistoryLoader(home).drain().waiting == 1
    assert paths(home) == []
    note.write_text(json.dumps({**content, "seconds": 0.0}))
    assert HistoryLoader(home).drain().published
    assert paths(home) == [("a", "one")]
    last = publication.last_publication(home)
    assert last.seconds > 0
    assert last.size_bytes == home.history.stat().st_size


def test_a_damaged_note_only_makes_publishing_due(home) -> None:
    HistoryLoader(home).drain("always")
    home.working_database.with_name("published.json").write_text("{")
    committed(home, "a", "one")
    assert HistoryLoader(home).drain().published


def test_changed_views_are_published_without_new_parts(home) -> None:
    HistoryLoader(home).drain("always")
    note = home.working_database.with_name("published.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "fingerprint": "earlier code"}))
    assert HistoryLoader(home).drain().published
    assert not HistoryLoader(home).drain().published


def test_a_lost_working_database_is_recovered(home) -> None:
    committed(home, "a", "published")
    HistoryLoader(home).drain("always")
    committed(home, "b", "loaded only")
    HistoryLoader(home).drain("never")
    home.working_database.unlink()
    home.working_database.with_name("working.duckdb.wal").write_bytes(b"of the lost file")
    committed(home, "c", "new")
    HistoryLoader(home).drain("always")
    assert paths(home) == [("a", "published"), ("b", "loaded only"), ("c", "new")]


def test_a_damaged_working_database_is_one_line_and_parts_stay(home) -> None:
    HistoryLoader(home).drain("always")
    home.working_database.write_bytes(b"not a database" * 1000)
    part = committed(home, "a", "one")
    with pytest.raises(HistoryError, match="it is recovered from") as error:
        HistoryLoader(home).drain("always")
    assert "\n" not in str(error.value)
    assert part.is_dir()
    home.working_database.unlink()
    HistoryLoader(home).drain("always")
    assert paths(home) == [("a", "one")]


# --- corrupt parts


def _flip(part: Path) -> None:
    file = part / "changed_files.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _replace_by_file(part: Path) -> None:
    shutil.rmtree(part)
    part.write_text("not a folder")


def _unreadable_parquet(part: Path) -> None:
    _forge(part, "changed_files", b"PAR1 no parquet")


def _other_columns(part: Path) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"materialization": ["bad"], "colour": ["red"]}), sink)
    _forge(part, "changed_files", sink.getvalue().to_pybytes())


def _missing_required_column(part: Path) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"materialization": ["bad"], "path": ["p"]}), sink)
    _forge(part, "changed_files", sink.getvalue().to_pybytes())


def _fewer_rows(part: Path) -> None:
    content = (part / "changed_files.parquet").read_bytes()
    _forge(part, "changed_files", content, rows=7)


def _forge(part: Path, table: str, content: bytes, rows: int = 1) -> None:
    """Content that fits its checksum, so that only loading it can tell that it is wrong."""
    (part / f"{table}.parquet").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewrite_manifest(part, tables={table: TableFile(rows, digest)})


CORRUPTIONS = {
    "flipped bit": (_flip, "changed_files.parquet: checksum does not fit"),
    "file missing": (lambda p: (p / "changed_files.parquet").unlink(), "No such file"),
    "manifest missing": (lambda p: (p / "manifest.json").unlink(), "No such file"),
    "manifest truncated": (lambda p: os.truncate(p / "manifest.json", 20), "manifest.json: "),
    "manifest of another kind": (lambda p: (p / "manifest.json").write_text("[]"), "manifest.json"),
    "manifest deep": (lambda p: (p / "manifest.json").write_text("[" * 99999), "manifest.json"),
    "manifest huge": (lambda p: os.truncate(p / "manifest.json", 2_000_000), "larger than any"),
    "manifest not text": (lambda p: (p / "manifest.json").write_bytes(b"\xff"), "manifest.json"),
    "other name": (lambda p: p.rename(p.with_name("b~now~123")), "the manifest is that of"),
    "no folder": (_replace_by_file, "Not a directory"),
    "no parquet": (_unreadable_parquet, ""),
    "other columns": (_other_columns, "colour"),
    "column missing": (_missing_required_column, "NOT NULL"),
    "fewer rows": (_fewer_rows, "1 rows found, 7 expected"),
    "unknown table": (
        lambda p: rewrite_manifest(p, tables={"cups": TableFile(1, "x")}),
        "unknown table 'cups'",
    ),
    "table outside": (
        lambda p: rewrite_manifest(p, tables={"../../x": TableFile(1, "x")}),
        "unknown table",
    ),
    "newer schema": (
        lambda p: rewrite_manifest(p, schema_version=current_schema().version + 1),
        "schema version",
    ),
}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_corrupt_part_is_set_aside_and_blocks_nothing(corruption, home) -> None:
    corrupt, reason = CORRUPTIONS[corruption]
    committed(home, "a", "before")
    corrupt(committed(home, "bad", "lost?"))
    committed(home, "c", "after")
    report = HistoryLoader(home).drain("always")
    assert paths(home) == [("a", "before"), ("c", "after")]
    [rejected] = report.rejected
    assert reason in rejected.reason
    [warning] = report.warnings
    assert "\n" not in warning
    assert rejected.moved_to.exists()
    note = rejected.moved_to.with_name(f"{rejected.moved_to.name}.reason.txt")
    assert note.read_text() == f"{rejected.reason}\n"
    assert list(home.parts.iterdir()) == []
    assert HistoryLoader(home).drain("always").rejected == []


def test_rejecting_the_same_name_twice_keeps_both(home, tmp_path) -> None:
    part = committed(home, "a", "one")
    shutil.copytree(part, tmp_path / "copy")
    _flip(part)
    HistoryLoader(home).drain("always")
    shutil.copytree(tmp_path / "copy", part)
    _flip(part)
    HistoryLoader(home).drain("always")
    rejected = HistoryLoader(home).rejected_folder
    assert len([path for path in rejected.iterdir() if path.is_dir()]) == 2


def test_a_repaired_part_loads_when_it_is_put_back(home) -> None:
    part = committed(home, "a", "one")
    _flip(part)
    [rejected] = HistoryLoader(home).drain("always").rejected
    _flip(rejected.moved_to)
    rejected.moved_to.rename(part)
    assert HistoryLoader(home).drain("always").loaded == 1
    assert paths(home) == [("a", "one")]


# --- what others leave behind, and trouble with the machine


def test_folders_of_dead_writers_go_and_those_of_living_ones_stay(home) -> None:
    dead = home.parts / ".writing-dead"
    dead.mkdir()
    (dead / "samples.parquet").write_bytes(b"half")
    living = home.parts / ".writing-living"
    living.mkdir()
    (home.parts / ".removing-old").mkdir()
    descriptor = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        committed(home, "a", "one")
        HistoryLoader(home).drain("always")
        assert [path.name for path in home.parts.iterdir()] == [".writing-living"]
    finally:
        os.close(descriptor)


def test_folders_with_signs_of_globs_and_quotes(tmp_path) -> None:
    home = Home(tmp_path / "it's [a] *home=1" / "x").prepare()
    committed(home, "a", "one")
    assert HistoryLoader(home).drain("always").rejected == []
    assert paths(home) == [("a", "one")]


def test_a_folder_that_duckdb_cannot_work_in_is_refused(tmp_path) -> None:
    home = Home(tmp_path / "why?" / "x").prepare()
    with pytest.raises(HistoryError, match=r"with '[?]' in its name"):
        HistoryReader(home).query("FROM scans")


def test_a_lock_held_for_long_is_transient(home) -> None:
    committed(home, "a", "one")
    with (
        filelock.FileLock(home.working_database.with_name("loader.lock")),
        pytest.raises(TransientError, match="another process has been loading"),
    ):
        HistoryLoader(home, lock_timeout_seconds=0.1).drain()
    assert HistoryLoader(home).drain("always").loaded == 1


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path) -> None:
    (tmp_path / "history").write_text("")
    for call in (HistoryLoader(Home(tmp_path)).drain, HistoryReader(Home(tmp_path)).refresh):
        with pytest.raises(HistoryError, match=r"Not a directory|File exists") as error:
            call()
        assert "\n" not in str(error.value)


FULL_DISK = """
import resource, sys
from pathlib import Path
from coffee_pipeline.errors import HistoryError
from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.home import Home

limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    HistoryLoader(Home(Path(sys.argv[1]))).drain("always")
except HistoryError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 100_000, 400_000])
def test_a_full_disk_is_one_line_and_loses_nothing(room, home, python) -> None:
    """``room`` is how many bytes files may grow beyond the database's size."""
    committed(home, "a", "one")
    HistoryLoader(home).drain("always")
    long = [os.urandom(500).hex() for _ in range(3000)]
    committed(home, "b", *long)
    limit = home.working_database.stat().st_size + room
    done = subprocess.run(
        [python, "-c", FULL_DISK, str(home.root), str(limit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, done.stdout
    assert paths(home) == [("a", "one")]
    assert HistoryLoader(home).drain("always").rejected == []
    assert sorted(path for key, path in paths(home) if key == "b") == sorted(long)


def test_the_working_database_is_whole_while_it_is_copied(home) -> None:
    committed(home, "a", "one")
    HistoryLoader(home).drain("always")
    assert not home.working_database.with_name("working.duckdb.wal").exists()
    assert home.working_database.read_bytes() == home.history.read_bytes()
    with duckdb.connect(str(home.history), read_only=True) as connection:
        assert connection.execute("SELECT path FROM changed_files").fetchall() == [("one",)]
