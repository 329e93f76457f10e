"""A process of the tests: writes, loads or reads the history until it is done or killed.

Usage: history_process.py write HOME NAME BATCHES ROWS | load HOME | read HOME STOP_FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile
from coffee_pipeline.model.test import PackageTestRun

# Rows of each key, by table: a reader must see all of them or none.
TORN = """
SELECT m.materialization
FROM materializations AS m
LEFT JOIN (SELECT materialization, count(*) AS n FROM changed_files GROUP BY 1) AS f
    USING (materialization)
LEFT JOIN (SELECT materialization, count(*) AS n FROM package_test_runs GROUP BY 1) AS p
    USING (materialization)
WHERE f.n IS DISTINCT FROM m.table_rows['changed_files']
    OR p.n IS DISTINCT FROM m.table_rows['package_test_runs']
"""


def write(home: Home, name: str, batches: int, rows: int) -> None:
    """Commit batches; each is said on stdout once it is committed."""
    writer = HistoryWriter(home)
    run = PackageTestRun(
        module=name, package="p", revision="r", outcome="ok", detail=None, hanging_tests=None,
        statements=None, covered_statements=None, coverage_percent=None, duration_seconds=0.1,
    )  # fmt: skip
    for number in range(batches):
        files = [
            ChangedFile(revision=name, path=str(row), previous_path=None, change="added")
            for row in range(rows)
        ]
        key = f"{name}/{number}"
        writer.write(
            Evidence(materialization=key, outcome=Outcome.COMPLETED, records=[*files, run])
        )
        print(key, flush=True)


def load(home: Home) -> None:
    """Drain for ever; every drain is announced on stdout."""
    while True:
        print("draining", flush=True)
        report = HistoryLoader(home).drain("always")
        if report.warnings:
            sys.exit("\n".join(report.warnings))


def read(home: Home, stop: Path) -> None:
    """Refresh and ask until the stop file is there; what was seen once must stay."""
    reader = HistoryReader(home)
    seen = 0
    reads = 0
    stopping = False
    while not stopping:
        stopping = stop.exists()
        reader.refresh()
        with reader.connect() as connection:
            torn = connection.execute(TORN).fetchall()
            row = connection.execute("SELECT count(*) FROM changed_files").fetchone()
        count = row[0] if row else 0
        if torn or count < seen:
            sys.exit(f"torn: {torn}, {count} rows after {seen}")
        seen = count
        reads += 1
    print(reads, seen, flush=True)


def main() -> None:
    """Dispatch on the first argument."""
    action, root, *rest = sys.argv[1:]
    home = Home(Path(root))
    if action == "write":
        write(home, rest[0], int(rest[1]), int(rest[2]))
    elif action == "load":
        load(home)
    else:
        read(home, Path(rest[0]))


if __name__ == "__main__":
    main()
