from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import deployments
from coffee_pipeline.cli.application import remember_platform
from coffee_pipeline.dora.failures import judged_deployments
from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.reports.dora_facts import recorded_performance

BASE = "/repos/beans/menu/deployments"


def record(number: int, revision: str, state: str = "success") -> dict[str, Any]:
    return {
        "id": number,
        "sha": revision * 40,
        "environment": "prod",
        "created_at": f"2026-03-01T{number:02}:00:00Z",
        "repository_url": "https://api.github.com/repos/beans/menu",
        "statuses": [{"state": state, "created_at": f"2026-03-01T{number:02}:05:00Z"}],
    }


@pytest.fixture
def app(home: Home, monkeypatch) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    deployments.register(made)
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken-x")
    monkeypatch.setenv("GRAFANA_TOKEN", "t0ken-x")
    return made


@pytest.fixture
def export(tmp_path: Path):
    def write(*records: dict[str, Any]) -> Path:
        path = tmp_path / "deployments.json"
        path.write_text(json.dumps(records))
        return path

    return write


def invoke(app: typer.Typer, *arguments: object):
    return CliRunner().invoke(app, ["deployments", *map(str, arguments)])


def imported(app: typer.Typer, path: Path, *more: str) -> dict[str, Any]:
    options = ("--source", "github", "--environment-name", "prod=production", "--json")
    done = invoke(app, "import", path, *options, *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def stored(home: Home) -> list[Deployment]:
    history = HistoryReader(home)
    history.refresh()
    return sorted(history.records(Deployment), key=lambda one: one.finished_at)


def parts(home: Home) -> int:
    history = HistoryReader(home)
    history.refresh()
    (row,) = history.answer("select count(*) from materializations").rows
    return int(str(row[0]))


def test_an_export_read_again_changes_nothing(app: typer.Typer, home: Home, export) -> None:
    path = export(record(1, "a"), record(2, "b"), record(3, "c", "in_progress"))
    said = imported(app, path)
    assert (said["deployments"], said["new"], said["left_out"]) == (2, 2, {"not finished": 1})
    before = stored(home)
    assert imported(app, path)["new"] == 0
    assert stored(home) == before
    assert [(one.deployment_id, one.environment, one.previous_revision) for one in before] == [
        ("github:1", "production", None), ("github:2", "production", "a" * 40),
    ]  # fmt: skip
    assert parts(home) == 3  # and what is known since then


def test_what_no_report_counts_is_said(
    app: typer.Typer, home: Home, export, tmp_path: Path
) -> None:
    (tmp_path / "platform.yaml").write_text("name: menu\n")
    remember_platform(home, tmp_path / "platform.yaml")
    found = imported(app, export(record(1, "a")), "--service", "till")
    assert (found["unknown_services"], found["unknown_environments"]) == (["till"], [])
    done = invoke(app, "import", export(record(1, "a")), "--source", "github", "--service", "till")
    assert "the platform has no service till: no report counts such deployments" in done.output
    assert "--environment-name THEIRS=OURS renames" in done.output


def test_pieces_in_any_order_are_one_series(app: typer.Typer, home: Home, export) -> None:
    records = [record(1, "a"), record(2, "b"), record(3, "b", "failure"), record(4, "a")]
    imported(app, export(*records[2:]))
    imported(app, export(*records[:2]))
    pieces = stored(home)
    assert [one.strategy for one in pieces] == ["direct", "direct", "direct", "rollback"]
    assert [one.previous_revision for one in pieces[1:]] == ["a" * 40, "b" * 40, "b" * 40]
    judged = judged_deployments(pieces, [], [])
    assert [bool(one.failure) for one in judged] == [False, False, True, False]


def test_a_report_as_of_before_an_import_knows_what_was_known_then(
    app: typer.Typer, home: Home, export
) -> None:
    imported(app, export(record(2, "b"), record(3, "c")))
    then = datetime.now(UTC)
    imported(app, export(record(1, "c")))
    history = HistoryReader(home)
    history.refresh()
    until = datetime(2026, 3, 2, tzinfo=UTC)
    before, after = (
        recorded_performance(history, "p", until, services=["menu"], as_of=moment)
        for moment in (then, None)
    )
    told = [
        [(one.deployment.revision[0], one.deployment.strategy) for one in found.deployments]
        for found in (before, after)
    ]
    # With the first one known, the last is a return to what ran before.
    assert told == [
        [("b", "direct"), ("c", "direct")],
        [("c", "direct"), ("b", "direct"), ("c", "rollback")],
    ]


def test_what_ends_later_and_new_names_replace(app: typer.Typer, home: Home, export) -> None:
    imported(app, export(record(1, "a")))
    imported(app, export(record(1, "a", "failure")), "--service", "menus")
    (one,) = stored(home)
    assert (one.outcome, one.service) == ("failed", "menus")


def test_by_the_api_and_what_was_read_of_it_when_it_breaks_off(
    app: typer.Typer, home: Home, api, reply
) -> None:
    listed = {name: value for name, value in record(1, "a").items() if name != "statuses"}
    link = {"Link": f'<{api.url}{BASE}?page=2>; rel="next"'}
    api.on(BASE, reply([listed], 200, link), reply({"message": "Server Error"}, 404))
    api.on(f"{BASE}/1/statuses", reply(record(1, "a")["statuses"]))
    done = invoke(app, "fetch", "github", "beans/menu", "--url", api.url)
    assert done.exit_code == 0, done.output
    assert "github: partial: 1 deployments, 1 of them new" in done.stdout
    assert "Server Error" in done.stdout
    assert [one.deployment_id for one in stored(home)] == ["github:1"]


def test_a_mark_of_a_deployment(app: typer.Typer, export, api, reply) -> None:
    imported(app, export(record(1, "a")))
    api.on("/api/annotations", reply({"message": "Annotation added", "id": 7}))
    done = invoke(app, "mark", "github:1", "--to", "grafana", "--url", api.url, "--json")
    assert json.loads(done.stdout) == {"target": "grafana", "deployment": "github:1", "id": "7"}
    gone = invoke(app, "mark", "github:2", "--to", "grafana", "--url", api.url)
    assert "no deployment of this id" in str(gone.exception)


def test_a_broken_export_stores_nothing(app: typer.Typer, home: Home, export) -> None:
    path = export(record(1, "a"))
    path.write_text(path.read_text()[:-30])
    assert isinstance(invoke(app, "import", path, "--source", "github").exception, ParseError)
    assert stored(home) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "FILE", "--source", "nothing"), "no such source"),
        (("import", "FILE", "--source", "github", "--service-name", "a"), "THEIRS=OURS"),
        (("fetch", "flux", "x"), "no such API"),
        (("fetch", "jenkins", "x"), "--url"),
        (("mark", "x", "--to", "nothing"), "no such system"),
    ],
)
def test_wrong_requests_say_what_to_do(
    app: typer.Typer, export, arguments: tuple[str, ...], words: str
) -> None:
    path = str(export(record(1, "a")))
    done = invoke(app, *[path if argument == "FILE" else argument for argument in arguments])
    assert isinstance(done.exception, UsageError)
    assert words in str(done.exception)
