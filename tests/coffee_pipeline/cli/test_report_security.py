"""``report security`` and ``report findings`` as a person calls them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from coffee_pipeline.cli import report
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import gosec, scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.reported import ReadReport, Reported

Call = Callable[..., Result]


@pytest.fixture
def call(home: Home) -> Call:
    app = typer.Typer()
    report.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["report", *map(str, arguments)], obj=home)


@pytest.fixture
def scanned(home: Home, tmp_path: Path) -> None:
    """One scan of one module that found a critical problem."""
    target = Target(checkout=tmp_path, module=".", revision="a" * 40)
    problem = Reported(
        rule="G101", title="a password in the source", severity=Severity.CRITICAL, path="main.go",
        line=3,
    )  # fmt: skip
    found = scan_record.of_read(
        gosec, target, ReadReport(findings=[problem]), Outcome.COMPLETED, version="2.22"
    )
    HistoryWriter(home).write(
        Evidence(materialization="scan/1", outcome=Outcome.COMPLETED, records=found.records)
    )


@pytest.mark.usefixtures("scanned")
def test_findings_in_every_format(call: Call, tmp_path: Path) -> None:
    def text(name: str) -> str:
        done = call("findings", "--format", name)
        assert done.exit_code == 0, done.output
        return done.stdout

    (row,) = csv.DictReader(text("csv").splitlines())
    assert "G101" in row.values()
    (run,) = json.loads(text("sarif"))["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["G101"]
    assert "a password in the source" in text("json")
    assert json.loads(text("cyclonedx"))["bomFormat"] == "CycloneDX"
    page = tmp_path / "findings.html"
    assert call("findings", "-f", "html", "-o", page).stdout.strip() == str(page)
    assert "a password in the source" in page.read_text(encoding="utf-8")
    path = tmp_path / "findings.sarif"
    assert call("findings", "-f", "sarif", "-o", path).stdout.strip() == str(path)
    assert json.loads(path.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert "G101" not in call("findings", "--format", "csv", "--service", "nobody").stdout


@pytest.mark.usefixtures("scanned")
def test_security_in_every_format(call: Call, home: Home, tmp_path: Path) -> None:
    done = call("security", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)
    assert call("security", "--markdown").stdout.startswith("# ")
    done = call("security")
    assert done.stdout.strip() == str(home.reports / "security.html")
    assert "a password in the source" in (home.reports / "security.html").read_text("utf-8")
    path = tmp_path / "security.md"
    assert call("security", "--markdown", "-o", path).stdout.strip() == str(path)


def test_where_nothing_was_scanned_nothing_is_clean(call: Call) -> None:
    done = call("security", "--markdown")
    assert done.exit_code == 0, done.output
    assert "Nothing was ever scanned, so nothing is known." in done.stdout
    assert "**Open, critical**: no data" in done.stdout
