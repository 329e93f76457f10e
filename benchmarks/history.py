"""How fast evidence gets into the history, as ratios measured in one run.

``python -m benchmarks.history [--rows N]`` prints:

1. Several processes write at once: parts and one loader, against every process opening the
   database for each batch and retrying while another has it. The rounds alternate, so both see
   the same machine.
2. A history of N rows: what loading one more part costs, replacing one, publishing and asking,
   against the same on an empty history.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile

WRITERS = 4
BATCHES = 20
BATCH_ROWS = 50
ROUNDS = 3
PART_ROWS = 100_000
START = datetime(2026, 3, 1, tzinfo=UTC)


def changed_files(name: str, count: int) -> list[ChangedFile]:
    return [
        ChangedFile(revision=name, path=f"{row}.go", previous_path=None, change="added")
        for row in range(count)
    ]


def write_parts(root: str, name: str) -> None:
    """One writing process of ours."""
    writer = HistoryWriter(Home(Path(root)))
    for number in range(BATCHES):
        records = changed_files(name, BATCH_ROWS)
        key = f"{name}/{number}"
        writer.write(Evidence(materialization=key, outcome=Outcome.COMPLETED, records=records))


def write_database(root: str, name: str) -> None:
    """One writing process that opens the database for every batch, and again until it may."""
    for number in range(BATCHES):
        records = changed_files(name, BATCH_ROWS)
        rows = pa.table(
            {
                "materialization": [f"{name}/{number}"] * BATCH_ROWS,
                "revision": [record.revision for record in records],
                "path": [record.path for record in records],
                "change": [record.change for record in records],
            }
        )
        with opened_with_retries(root) as connection:
            connection.register("rows", rows)
            connection.execute("INSERT INTO changed_files BY NAME SELECT * FROM rows")


@contextmanager
def opened_with_retries(root: str) -> Iterator[duckdb.DuckDBPyConnection]:
    path = str(Path(root) / "naive.duckdb")
    while True:
        try:
            connection = duckdb.connect(path)
        except duckdb.IOException:
            time.sleep(0.01)
            continue
        try:
            yield connection
        finally:
            connection.close()
        return


def round_of(work: Callable[[str, str], None], root: Path) -> float:
    """Rows per second of all writers, until the rows can be read."""
    context = multiprocessing.get_context("spawn")
    home = Home(root)
    with context.Pool(WRITERS) as pool:
        pool.starmap(time.sleep, [(0.1,)] * WRITERS)  # every process is up before the clock starts
        started = time.perf_counter()
        jobs = pool.starmap_async(work, [(str(root), f"w{n}") for n in range(WRITERS)])
        if work is write_parts:
            while not jobs.ready():
                HistoryLoader(home).drain()
                jobs.wait(0.05)
            HistoryLoader(home).drain("always")
        jobs.get()
    seconds = time.perf_counter() - started
    path = home.history if work is write_parts else root / "naive.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        row = connection.execute("SELECT count(*) FROM changed_files").fetchone()
    expected = WRITERS * BATCHES * BATCH_ROWS
    if row != (expected,):
        raise SystemExit(f"{work.__name__}: {row} rows, {expected} expected")
    return expected / seconds


def compare_writing() -> None:
    rates: dict[str, list[float]] = {"open per batch": [], "parts": []}
    for _ in range(ROUNDS):
        for name, work in (("open per batch", write_database), ("parts", write_parts)):
            with tempfile.TemporaryDirectory() as folder:
                root = Home(Path(folder)).prepare().root
                if work is write_database:
                    with duckdb.connect(str(root / "naive.duckdb")) as connection:
                        current_schema().apply(connection)
                else:
                    HistoryLoader(Home(root)).drain("always")
                rates[name].append(round_of(work, root))
    ratios = [ours / naive for naive, ours in zip(*rates.values(), strict=True)]
    print(f"{WRITERS} writers, {BATCHES} batches of {BATCH_ROWS} rows each, {ROUNDS} rounds")
    for name, values in rates.items():
        print(f"  {name}: {', '.join(f'{value:,.0f}' for value in values)} rows/s")
    print(f"  ratio: {statistics.median(ratios):.1f} ({min(ratios):.1f} - {max(ratios):.1f})")


def scan_evidence(number: int, rows: int) -> Evidence:
    """A scan of one of ten modules, with findings of which most were there before."""
    module, revision = f"module{number % 10}", f"r{number}"
    finished = START + timedelta(minutes=number)
    scan = Scan(
        tool="gosec", tool_version="1", scope=module, service=None, environment=None,
        image_digest=None, checks_run=None, revision=revision, outcome="completed",
        reason=None, findings=rows, packages_scanned=1, files_scanned=1, lines_scanned=1,
        database_date=None, database_entries=None, started_at=finished, finished_at=finished,
    )  # fmt: skip
    findings = [
        Finding(
            tool="gosec", rule=f"G{row % 50}", identity=f"{row + number * 7:x}", kind="sast",
            severity="high", severity_source="gosec", title="problem", scope=module, service=None,
            environment=None, image_digest=None, resource=None, cvss_vector=None, cvss_score=None,
            suppressed=None, reference=None, revision=revision, path=f"{row % 900}.go", line=row,
            cwe=None, aliases=None,
            component=None, component_version=None, fixed_version=None, reachable=None,
            confidence=None, detail=None,
        )
        for row in range(rows)
    ]  # fmt: skip
    key = f"scan/gosec/{module}@{number:040x}"
    return Evidence(materialization=key, outcome=Outcome.COMPLETED, records=[scan, *findings])


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def costs(home: Home, number: int) -> dict[str, float]:
    """Seconds of the usual acts on a history."""
    writer, loader, reader = HistoryWriter(home), HistoryLoader(home), HistoryReader(home)
    found: dict[str, float] = {}
    writer.write(scan_evidence(number, 1000))
    found["load a part of 1,000 rows"] = timed(lambda: loader.drain("never"))
    writer.write(scan_evidence(number, 900))
    found["replace a part of 1,000 rows"] = timed(lambda: loader.drain("never"))
    found["publish"] = timed(lambda: loader.drain("always"))
    found["refresh with nothing to do"] = timed(reader.refresh)
    for view in ("finding_lifecycle", "open_findings"):
        found[f"count {view}"] = timed(lambda: reader.query(f"SELECT count(state) FROM {view}"))  # noqa: B023, S608
    return found


def measure_large(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).prepare()
        HistoryLoader(home).drain("always")
        empty = costs(home, 1_000_000)
        parts = rows // PART_ROWS
        started = time.perf_counter()
        load_seconds = 0.0
        for number in range(parts):
            HistoryWriter(home).write(scan_evidence(number, PART_ROWS))
            load_seconds += HistoryLoader(home).drain().load_seconds
        total = time.perf_counter() - started
        large = costs(home, 1_000_001)
        size = home.history.stat().st_size / 1e6
    print(f"{parts * PART_ROWS:,} findings, {size:,.0f} MB; written and loaded in {total:.1f} s, ")
    print(f"  of that loading {load_seconds:.1f} s ({rows / load_seconds:,.0f} rows/s)")
    for name, seconds in large.items():
        print(f"  {name}: {seconds:.3f} s (almost empty: {empty[name]:.3f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the history.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="size of the large history")
    rows = parser.parse_args().rows
    compare_writing()
    measure_large(rows)


if __name__ == "__main__":
    main()
