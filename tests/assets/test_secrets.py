"""Secrets in a repository and in the reports of others: in nothing that the pipeline keeps."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.tools import sarif, scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from tests.assets.conftest import shop
from tests.coffee_pipeline.test_redaction import SHAPES
from tests.coffee_pipeline.tools.every_report import EVERY_REPORT, EveryReport, changed, places
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

READ = ("gosec-report.json", "zap-zap.xml", "sysdig_cli-report.csv",
        "falco-events.jsonl", "dependency_check-schema-2.xml", "trivy-trivy-image.json",
        "gitleaks-version-8.json", "sonarqube", "checkov-checkov.json", "sarif")  # fmt: skip
PROSE = {"details", "text", "desc", "otherinfo", "evidence", "output", "Title", "Description",
         "Match", "Secret", "message", "check_name", "code", "Message"}  # fmt: skip
"""Fields of reports in which a scanner quotes what it found."""


def core(secret: str) -> str:
    """A part that is enough to know the secret by, on one line."""
    return secret.splitlines()[1] if "\n" in secret else secret[len(secret) // 2 :]


def quoted(secret: str) -> str:
    return json.dumps(secret)


def files() -> dict[str, str | bytes | None]:
    """Every secret in code, in what a failing test prints, and in files of infrastructure."""
    names = list(SHAPES)
    constants = "\n".join(
        f"\tapiKey{number} = {quoted(SHAPES[name])}" for number, name in enumerate(names)
    )
    environment = "\n".join(
        f"        - {{name: TOKEN_{number}, value: {quoted(SHAPES[name])}}}"
        for number, name in enumerate(names)
    )
    lines = "\n".join(f"token{n} = {quoted(SHAPES[name])}" for n, name in enumerate(names))
    prints = "\n".join(f"\tt.Log({quoted(SHAPES[name])})" for name in names)
    return {
        "good/secrets.go": f"package main\n\nconst (\n{constants}\n)\n",
        "good/secrets_test.go": 'package main\n\nimport "testing"\n\n'
        f"func TestPrints(t *testing.T) {{\n{prints}\n\tt.Fail()\n}}\n",
        "good/Dockerfile": "FROM golang:latest\n"
        + "".join(f"ENV KEY_{n}={quoted(SHAPES[name])}\n" for n, name in enumerate(names)),
        "deploy/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec:\n"
        f"  containers:\n    - name: good\n      image: good:latest\n      env:\n{environment}\n",
        "settings.ini": lines,
        "key.pem": SHAPES["RSA key"],
        ".github/workflows/build.yaml": "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
        f"    steps:\n      - run: curl -H 'token: {SHAPES['GitHub personal token']}' x.test\n",
    }


def report_with_secrets(report: EveryReport, turn: int) -> bytes:
    """The report with a secret behind every text in which a scanner quotes something."""
    value, secrets = report.value(), list(SHAPES.values())
    for number, place in enumerate(list(places(value))[1:]):
        secret = secrets[(number + turn) % len(secrets)]

        def plant(parent: object, key: object, secret: str = secret) -> None:
            if isinstance(parent[key], str) and (report.kind in ("xml", "csv") or key in PROSE):
                parent[key] = f"{parent[key]} {secret}"

        if report.kind == "xml" and place[-1] != 2:  # the texts of elements
            continue
        if report.kind == "csv" and (place[0] == 0 or place[-1] != 6):  # the path of a package
            continue
        value = changed(value, place, plant)
    return report.written(value)


def coffee(application: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "coffee_pipeline.cli.main", *arguments],
        cwd=ROOT, env=application, capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done.stdout + done.stderr


def texts_of(path: Path) -> Iterator[str]:
    """Everything that a file says: decoded where it is packed, and its bytes as they are."""
    content = path.read_bytes()
    yield content.decode("latin-1")
    if content.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'"):
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    yield repr(row)
        connection.close()
    elif path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pylist())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as database:
            for (table,) in database.execute(
                "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall():
                yield repr(database.execute(f'SELECT * FROM "{table}"').fetchall())


def leaks(text: str) -> list[str]:
    return [name for name, secret in SHAPES.items() if core(secret) in text]


@pytest.fixture(scope="module")
def run_and_ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """The data directory of a real run with its reports, and all that the commands printed."""
    folder = tmp_path_factory.mktemp("secrets")
    repository = shop(folder / "shop")
    repository.commit(files(), f"add settings {SHAPES['Stripe key']}")
    home = Home(folder / "data").prepare()
    environment = {**os.environ, "COFFEE_HOME": str(home.root)}
    said = [coffee(environment, "run", "--platform", str(repository.path / "platform.yaml"),
                   "--service", "good", "--stage", "test", "--stage", "scan")]  # fmt: skip
    chosen = sorted((r for r in EVERY_REPORT if r.name in READ), key=lambda r: READ.index(r.name))
    for turn, report in enumerate(chosen):
        path = folder / f"report-{turn}"
        path.write_bytes(report_with_secrets(report, turn))
        said.append(coffee(environment, "ingest", "auto", str(path), "--service", "good"))
    broken = folder / "broken"
    broken.write_text(f'{{"version": "2.1.0", "runs": [{{"results": {quoted(SHAPES["npm token"])}')
    said.append(coffee(environment, "ingest", "auto", str(broken), "--service", "good"))
    for form in ("html", "sarif", "csv", "json"):
        said.append(coffee(environment, "report", "findings", "--format", form))
    said.append(coffee(environment, "report", "security"))
    return home, "\n".join(said)


def test_the_run_looked_at_what_holds_the_secrets(run_and_ingested: tuple[Home, str]) -> None:
    home, said = run_and_ingested
    history = HistoryReader(home)
    history.refresh()
    tools = {scan.tool for scan in history.records(Scan) if scan.findings}
    assert {"gosec", "sarif", "zap", "sysdig_cli", "falco", "trivy", "sonarqube"} <= tools, said
    text = repr(history.records(Finding))
    assert "[redacted]" in text
    rows = history.query("SELECT output FROM test_cases WHERE name = 'TestPrints'")
    assert "[redacted]" in str(rows)


def test_no_secret_is_in_anything_kept(run_and_ingested: tuple[Home, str]) -> None:
    home, _ = run_and_ingested
    # Parts that were loaded are gone; this one waits, so that it can be looked at.
    content = report_with_secrets(next(one for one in EVERY_REPORT if one.name == "sarif"), 1)
    target = Target(checkout=home.root, module="good", revision="0" * 40, foreign=True)
    made = scan_record.of_read(sarif, target, sarif.read(Document(content, "sarif")))
    HistoryWriter(home).write(
        Evidence(materialization="waits", outcome=made.outcome, records=made.records)
    )
    # What was given, and what is made of it: checkouts, binaries, and Go's own cache.
    products = {home.worktrees, home.artifacts, home.cache}
    found: dict[str, list[str]] = {}
    redacted, shown = set(), set()
    for path in sorted(home.root.rglob("*")):
        if path.is_file() and products.isdisjoint(path.parents):
            texts = list(texts_of(path))
            redacted |= {path.suffix for text in texts if "[redacted]" in text}
            shown |= {path.suffix for text in texts if "secrets.go" in text}
            names = sorted({name for text in texts for name in leaks(text)})
            if names:
                found[str(path.relative_to(home.root))] = names
    assert found == {}
    # Where nothing was taken out, nothing that was planted would have come to.
    assert {".duckdb", ".parquet", ".html"} <= redacted
    assert ".db" in shown


def test_no_secret_is_printed(run_and_ingested: tuple[Home, str]) -> None:
    assert leaks(run_and_ingested[1]) == []
