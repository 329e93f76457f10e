"""How fast a large report gets into the history, as ratios measured in one run.

``python -m benchmarks.ingest [--findings N] [--rows N]`` prints:

1. A SARIF report of N findings read into the history - parsed, redacted, identified, written as a
   part, loaded, its lives derived, published - against ``json.load`` of the same file and a bulk
   insert (Arrow) of its results into an empty DuckDB file. The rounds alternate, so both see the
   same machine. Then the same file once more, which changes nothing.
2. Peak memory of the process that read it.
3. The views behind the reports on a history of a hundredth of ``--rows`` findings and of all of
   them, asked by turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import typer
from typer.testing import CliRunner

from benchmarks.history import START, scan_evidence
from coffee_pipeline.cli import ingest
from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home

ROUNDS = 3
REVISION = "0" * 40
VIEWS = {
    "open findings": "SELECT * FROM open_findings LIMIT 100",
    "lifecycle by state": "SELECT state, severity, count(*) FROM finding_lifecycle GROUP BY ALL",
    "issues": "SELECT * FROM issues WHERE is_open LIMIT 100",
    "issues, counted": "SELECT severity, past_due, count(*) FROM issues GROUP BY ALL",
    "service levels": "SELECT status, count(*) FROM finding_sla GROUP BY ALL",
    "changes by night": "SELECT day, sum(new), sum(fixed) FROM finding_deltas GROUP BY ALL",
    "time to fix": "SELECT * FROM security_mttr",
    "coverage": "SELECT * FROM scan_coverage",
}


def write_report(path: Path, count: int) -> None:
    """A SARIF log with the usual parts of a result: message, place, snippet, fingerprint."""
    rules = [
        {"id": f"go/rule-{number}", "shortDescription": {"text": f"What rule {number} asks for"},
         "properties": {"tags": ["security", f"external/cwe/cwe-{20 + number}"],
                        "security-severity": f"{number % 10}.1"}}
        for number in range(60)
    ]  # fmt: skip
    results = [
        {
            "ruleId": f"go/rule-{row % 60}",
            "ruleIndex": row % 60,
            "level": ("error", "warning", "note")[row % 3],
            "message": {"text": f"The value of field{row} comes from a [request](1) and is used "
                                "here without being checked first."},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": f"services/s{row % 40}/handler{row % 900}.go",
                                     "uriBaseId": "%SRCROOT%", "index": row % 900},
                "region": {"startLine": 1 + row % 2000, "startColumn": 5, "endColumn": 40,
                           "snippet": {"text": f"\tresult{row} := use(request.field{row})"}},
            }}],
            "partialFingerprints": {"primaryLocationLineHash": f"{row * 2654435761:016x}:1"},
            "relatedLocations": [{"id": 1, "message": {"text": "request"}, "physicalLocation": {
                "artifactLocation": {"uri": f"services/s{row % 40}/handler{row % 900}.go"},
                "region": {"startLine": row % 2000 + 1}}}],
        }
        for row in range(count)
    ]  # fmt: skip
    driver = {"name": "CodeQL", "semanticVersion": "2.20.1", "rules": rules}
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    path.write_text(json.dumps(log), encoding="utf-8")


def load_naively(report: Path, folder: Path) -> None:
    """json.load and one bulk insert of the fields that a results table would have."""
    with report.open(encoding="utf-8") as stream:
        results = json.load(stream)["runs"][0]["results"]
    places = [one["locations"][0]["physicalLocation"] for one in results]
    rows = pa.table({
        "rule": [one["ruleId"] for one in results],
        "level": [one["level"] for one in results],
        "title": [one["message"]["text"] for one in results],
        "path": [place["artifactLocation"]["uri"] for place in places],
        "line": [place["region"]["startLine"] for place in places],
        "code": [place["region"]["snippet"]["text"] for place in places],
        "fingerprint": [next(iter(one["partialFingerprints"].values())) for one in results],
    })  # fmt: skip
    with duckdb.connect(str(folder / "naive.duckdb")) as connection:
        connection.register("rows", rows)
        connection.execute("CREATE TABLE results AS SELECT * FROM rows")
        connection.execute("CHECKPOINT")


def load_with_us(report: Path, folder: Path) -> None:
    """``coffee-pipeline ingest auto``, and the published history."""
    app = typer.Typer()
    home = Home(folder).prepare()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    ingest.register(app)
    done = CliRunner().invoke(
        app, ["ingest", "auto", str(report), "--module", ".", "--revision", REVISION],
        catch_exceptions=False,
    )  # fmt: skip
    if done.exit_code:
        raise SystemExit(done.output)
    HistoryReader(home).refresh()


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare_reading(count: int) -> None:
    ratios, again, seconds = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        report = root / "report.sarif"
        write_report(report, count)
        for number in range(ROUNDS):
            ours, theirs = root / f"ours{number}", root / f"theirs{number}"
            ours.mkdir()
            theirs.mkdir()
            HistoryLoader(Home(ours).prepare()).drain("always")
            naive = timed(lambda: load_naively(report, theirs))  # noqa: B023
            first = timed(lambda: load_with_us(report, ours))  # noqa: B023
            second = timed(lambda: load_with_us(report, ours))  # noqa: B023
            seconds.append((naive, first, second))
            ratios.append(first / naive)
            again.append(second / first)
        home = Home(root / "ours0")
        [found] = HistoryReader(home).query("SELECT count(*) AS n FROM finding_lifecycle")
        if found["n"] != count:
            raise SystemExit(f"{found['n']} findings in the history, {count} expected")
        size = report.stat().st_size / 1e6
        print(f"{count:,} findings of SARIF, {size:.0f} MB, {ROUNDS} rounds")
        for naive, first, second in seconds:
            print(f"  json.load + insert {naive:.2f} s, ours {first:.2f} s, again {second:.2f} s")
        print(f"  ours / naive: {statistics.median(ratios):.2f} (goal 3)")
        print(f"  again / first: {statistics.median(again):.2f} (goal 1.2)")
        for name, work in (("json.load + insert", load_naively), ("ours", load_with_us)):
            print(f"  peak memory, {name}: {peak_memory(work, report, root):,.0f} MB")


def peak_memory(work: Callable[[Path, Path], None], report: Path, root: Path) -> float:
    """Megabytes of a process that does it alone."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=root) as folder, context.Pool(1) as pool:
        return pool.apply(_peak, (work, report, Path(folder)))


def _peak(work: Callable[[Path, Path], None], report: Path, folder: Path) -> float:
    work(report, folder)
    # Not getrusage: what it says begins with the peak of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def compare_views(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        homes = [grown(Path(folder) / str(size), size) for size in (rows // 100, rows)]
        print(f"views on {rows // 100:,} findings | {rows:,} findings | ratio (goal 5)")
        for name, sql in VIEWS.items():
            seconds: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for home, found in zip(homes, seconds, strict=True):
                    reader = HistoryReader(home)
                    as_of = START + timedelta(days=60)
                    found.append(timed(lambda: reader.query(sql, (), as_of)))  # noqa: B023
            small, large = (statistics.median(found) for found in seconds)
            print(f"  {name}: {small:.3f} s | {large:.3f} s | {large / small:.1f}")


def grown(folder: Path, rows: int) -> Home:
    """A history of scans, each with a hundredth of the findings, of which most stay."""
    folder.mkdir()
    home = Home(folder).prepare()
    for number in range(100):
        HistoryWriter(home).write(scan_evidence(number, rows // 100))
    HistoryLoader(home).drain("always")
    return home


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of reading reports.")
    parser.add_argument("--findings", type=int, default=100_000, help="findings of the report")
    parser.add_argument("--rows", type=int, default=1_000_000, help="findings of the history")
    options = parser.parse_args()
    compare_reading(options.findings)
    compare_views(options.rows)


if __name__ == "__main__":
    main()
