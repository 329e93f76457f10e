from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import ingest
from coffee_pipeline.cli.application import remember_platform
from coffee_pipeline.errors import ParseError, UnknownServiceError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.finding import Finding, Scan

REVISION = "0123456789012345678901234567890123456789"
REPORT = {
    "Golang errors": {},
    "Issues": [
        {"severity": "MEDIUM", "confidence": "HIGH", "rule_id": "G304", "details": "File inclusion",
         "cwe": {"id": "22"}, "file": f"/ci/shop/services/{name}/a.go", "code": "3: open(x)",
         "line": "3", "column": "1"}
        for name in ("menu", "orders")
    ],
    "Stats": {"files": 2, "lines": 20, "nosec": 0, "found": 2},
}  # fmt: skip
PLATFORM = """
name: shop
modules: [{path: services/menu}, {path: services/orders}]
services:
  - {name: menu, module: services/menu, package: ./cmd/menu}
"""


@pytest.fixture
def app(home: Home) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    ingest.register(made)
    return made


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "gosec.json"
    path.write_text(json.dumps(REPORT))
    return path


def invoke(app: typer.Typer, *arguments: object):
    return CliRunner().invoke(app, ["ingest", *map(str, arguments)])


def stored(home: Home, record_type):
    history = HistoryReader(home)
    history.refresh()
    return history.records(record_type)


def test_findings_of_the_module_are_stored(app: typer.Typer, home: Home, report: Path) -> None:
    arguments = ("--module", "services/menu", "--revision", REVISION)
    done = invoke(app, "gosec", report, *arguments)
    assert done.exit_code == 0, done.output
    assert "2 findings (2 medium)" in done.stdout
    assert {
        (finding.path, finding.resource, finding.rule, finding.revision)
        for finding in stored(home, Finding)
    } == {
        ("services/menu/a.go", None, "G304", REVISION),
        # of another module: told as text, for the report may be of another checkout
        (None, "/ci/shop/services/orders/a.go", "G304", REVISION),
    }
    again = invoke(app, "gosec", report, *arguments, "--json")
    assert json.loads(again.stdout)["findings"] == 2
    assert len(stored(home, Finding)) == 2, "the same report again changes nothing"
    assert len(stored(home, Scan)) == 1


def test_the_remembered_platform_gives_module_and_revision(
    app: typer.Typer, home: Home, report: Path, git_folder
) -> None:
    folder = git_folder("shop")
    revision = folder.commit({
        "platform.yaml": PLATFORM,
        "services/menu/go.mod": "module a.test\n",
        "services/orders/go.mod": "module b.test\n",
    })  # fmt: skip
    remember_platform(home, folder.path / "platform.yaml")
    done = invoke(app, "gosec", report, "--service", "menu", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["module"], said["revision"], said["left_out"]) == ("services/menu", revision, 0)
    assert isinstance(invoke(app, "gosec", report).exception, UsageError)
    assert isinstance(invoke(app, "gosec", report, "--module", "x").exception, UsageError)
    unknown = invoke(app, "gosec", report, "--service", "nobody").exception
    assert isinstance(unknown, UnknownServiceError)


def test_reports_read_in_turn_are_scans_of_one_life(
    app: typer.Typer, home: Home, report: Path, tmp_path: Path
) -> None:
    arguments = ("--module", "services/menu", "--revision", REVISION)
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps({**REPORT, "Issues": REPORT["Issues"][:1]}))
    history = HistoryReader(home)

    def states() -> list[str]:
        history.refresh()
        rows = history.query("SELECT state FROM finding_lifecycle ORDER BY path NULLS LAST")
        return [str(row["state"]) for row in rows]

    told = []
    for file in (report, report, fewer, fewer, report):
        assert invoke(app, "gosec", file, *arguments).exit_code == 0
        told.append(states())
    assert told == [
        ["new", "new"], ["new", "new"],
        ["untouched", "fixed"], ["untouched", "fixed"],
        ["untouched", "reactivated"],
    ]  # fmt: skip


def test_a_broken_report_stores_nothing(app: typer.Typer, home: Home, report: Path) -> None:
    report.write_text(json.dumps(REPORT, indent=1)[:-200])
    done = invoke(app, "gosec", report, "--module", "m", "--revision", REVISION)
    assert isinstance(done.exception, ParseError)
    assert str(done.exception).startswith(f"{report}:line ")
    assert stored(home, Scan) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing", "FILE"), "no such format"),
        (("gosec", "FILE"), "knows no platform yet"),
        (("gosec", "FILE", "--module", "m", "--revision", "main"), "the full hash"),
        (("gosec", "FILE", "--module", "m", "--service", "s"), "give one of the two"),
        (("gosec", "GONE", "--module", "m", "--revision", REVISION), "cannot be read"),
    ],
)
def test_wrong_requests_say_what_to_do(
    app: typer.Typer, report: Path, arguments: tuple[str, ...], words: str
) -> None:
    names = {"FILE": str(report), "GONE": str(report.with_name("gone"))}
    done = invoke(app, *[names.get(argument, argument) for argument in arguments])
    assert isinstance(done.exception, UsageError)
    assert words in str(done.exception)
