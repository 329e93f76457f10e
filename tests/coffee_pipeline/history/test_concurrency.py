from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home

SCRIPT = Path(__file__).with_name("history_process.py")
WRITERS, BATCHES, ROWS = 8, 50, 20
ROUNDS = 20

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(home: Home, python: str) -> Iterator[Start]:
    """Start history_process.py; what still runs at the test's end is killed."""
    with ExitStack() as stack:

        def _start(action: str, *arguments: object) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [python, str(SCRIPT), action, str(home.root), *map(str, arguments)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        yield _start


def counts(home: Home) -> dict[str, int]:
    """Rows of every key in changed_files."""
    rows = HistoryReader(home).query(
        "SELECT materialization AS key, count(*) AS n FROM changed_files GROUP BY ALL"
    )
    return {str(row["key"]): int(str(row["n"])) for row in rows}


@pytest.mark.slow
def test_eight_writers_and_two_readers(home, start, tmp_path) -> None:
    stop = tmp_path / "stop"
    readers = [start("read", stop) for _ in range(2)]
    writers = [start("write", f"w{number}", BATCHES, ROWS) for number in range(WRITERS)]
    for process in writers:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    stop.touch()
    for process in readers:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        reads, seen = map(int, output.split())
        assert reads >= 2
        assert seen == WRITERS * BATCHES * ROWS
    report = HistoryReader(home).refresh()
    assert report.warnings == []
    expected = {f"w{w}/{b}": ROWS for w in range(WRITERS) for b in range(BATCHES)}
    assert counts(home) == expected
    assert list(home.parts.iterdir()) == []


def killed_in_the_midst(process: subprocess.Popen[str], choice: random.Random) -> list[str]:
    """Kill -9 some lines and a random moment after the start; returns the whole lines it said."""
    lines = [process.stdout.readline() for _ in range(choice.randint(1, 3))]
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=choice.uniform(0, 0.05))
    process.kill()
    rest, errors = process.communicate()
    assert errors == ""
    return [line.strip() for line in [*lines, *rest.splitlines(keepends=True)] if line[-1:] == "\n"]


@pytest.mark.slow
def test_killed_writers_and_loaders_lose_and_double_nothing(home, start) -> None:
    choice = random.Random(7)
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        loader = start("load")
        writer = start("write", f"round{number}", 100_000, ROWS)
        acknowledged += killed_in_the_midst(writer, choice)
        killed_in_the_midst(loader, choice)
    report = HistoryLoader(home).drain("always")
    assert report.warnings == []
    found = counts(home)
    assert set(acknowledged) <= set(found)
    # A writer may die between its commit and saying so: at most one key each.
    assert len(found) - len(acknowledged) <= ROUNDS
    assert {key for key, rows in found.items() if rows != ROWS} == set()
    assert HistoryReader(home).query("SELECT count(*) AS n FROM package_test_runs") == [
        {"n": len(found)}
    ]
    assert list(home.parts.iterdir()) == []
    assert not HistoryLoader(home).rejected_folder.exists()
