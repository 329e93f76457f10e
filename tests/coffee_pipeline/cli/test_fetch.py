from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import fetch, ingest
from coffee_pipeline.errors import PipelineError, ToolError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.finding import Finding, Scan

REVISION = "0123456789012345678901234567890123456789"
ALERTS = "/repos/beans/shop/dependabot/alerts"
TOKEN = "a-t0ken-of-no-known-shape"
WHERE = ("--module", ".", "--revision", REVISION)


def alert(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "state": "open",
        "html_url": f"https://github.example/beans/shop/security/dependabot/{number}",
        "dependency": {"manifest_path": "go.mod", "package": {"name": f"example.test/{number}"}},
        "security_advisory": {"ghsa_id": "GHSA-aaaa-bbbb-cccc", "summary": "s", "severity": "high"},
        "security_vulnerability": {"severity": "high"},
    }


@pytest.fixture
def app(home: Home, monkeypatch) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    fetch.register(made)
    ingest.register(made)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    return made


def invoke(app: typer.Typer, *arguments: object):
    return CliRunner().invoke(app, [*map(str, arguments)])


def fetched(app: typer.Typer, api, *more: object):
    return invoke(
        app, "fetch", "github_vulnerability", "beans/shop", "--url", api.url, *WHERE, *more
    )


def rows(home: Home, sql: str) -> list[tuple[object, ...]]:
    history = HistoryReader(home)
    history.refresh()
    return history.answer(sql).rows


def states(home: Home) -> dict[object, object]:
    return dict(rows(home, "select component, state from finding_lifecycle"))


def test_what_the_server_knows_is_stored_as_its_file_is(
    app: typer.Typer, home: Home, api, reply, tmp_path: Path
) -> None:
    api.on(ALERTS, reply([alert(1), alert(2)]))
    kept = tmp_path / "alerts.json"
    done = fetched(app, api, "--output", kept, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["tool"], said["findings"], said["outcome"]) == (
        "github_vulnerability", 2, "completed",
    )  # fmt: skip
    assert invoke(app, "ingest", "auto", kept, *WHERE).exit_code == 0
    history = HistoryReader(home)
    history.refresh()
    assert len(history.records(Scan)) == 2
    assert len({finding.identity for finding in history.records(Finding)}) == 2
    assert set(states(home).values()) == {"untouched"}


def test_each_fetch_is_a_scan_and_only_a_whole_one_closes(
    app: typer.Typer, home: Home, api, reply
) -> None:
    api.on(ALERTS, reply([alert(1), alert(2), alert(3)]))
    fetched(app, api)
    link = {"Link": f'<{api.url}{ALERTS}?after=1>; rel="next"'}
    api.on(ALERTS, reply([alert(1)], 200, link), reply({"message": "Bad credentials"}, 401))
    partial = fetched(app, api, "--json")
    said = json.loads(partial.stdout)
    assert (said["outcome"], said["findings"]) == ("partial", 1)
    assert "Bad credentials" in said["reason"]
    assert "fixed" not in states(home).values()
    api.on(ALERTS, reply([alert(1)]))
    fetched(app, api)
    assert states(home) == {
        "example.test/1": "untouched", "example.test/2": "fixed", "example.test/3": "fixed",
    }  # fmt: skip
    api.on(ALERTS, reply([alert(1), alert(2)]))
    fetched(app, api)
    assert states(home)["example.test/2"] == "reactivated"


def test_a_report_that_is_not_whole_is_not_kept_as_a_file(
    app: typer.Typer, api, reply, tmp_path: Path
) -> None:
    link = {"Link": f'<{api.url}{ALERTS}?after=1>; rel="next"'}
    api.on(ALERTS, reply([alert(1)], 200, link), reply([alert(1)], 200, link))
    done = fetched(app, api, "--output", tmp_path / "kept.json")
    assert "not whole" in done.output
    assert not (tmp_path / "kept.json").exists()


@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        ({"message": "Bad credentials"}, 401, {}),
        (b'[{"number": 1', 200, {}),
        (b"<html></html>", 200, {"Content-Type": "text/html"}),
        ([{"number": 1}], 200, {}),
    ],
)
def test_an_answer_that_says_nothing_stores_nothing(
    app: typer.Typer, home: Home, api, reply, body: Any, status: int, headers: dict[str, str]
) -> None:
    api.on(ALERTS, reply(body, status, headers))
    done = fetched(app, api)
    assert isinstance(done.exception, ToolError)
    assert rows(home, "select count(*) from scans") == [(0,)]


def test_the_token_reaches_the_server_and_nothing_else(
    app: typer.Typer, home: Home, api, reply
) -> None:
    api.on(ALERTS, lambda asked: reply([{**alert(1), "state": "dismissed",
        "dismissed_comment": asked.headers["authorization"]}]))  # fmt: skip
    done = fetched(app, api)
    assert done.exit_code == 0
    api.on(ALERTS, lambda asked: reply({"message": asked.headers["authorization"]}, 403))
    refused = fetched(app, api)
    assert TOKEN not in done.output + refused.output + str(refused.exception)
    assert api.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing", "x"), "no such API"),
        (("sonarqube", "x"), "say where with --url"),
        (("github_vulnerability", "x", "--token-variable", "UNSET_TOKEN"), "UNSET_TOKEN"),
        (("github_vulnerability", "x"), "owner/name"),
        (("github_vulnerability", "a/b", "--url", "http://github.example"), "https://"),
    ],
)
def test_wrong_requests_say_what_to_do(
    app: typer.Typer, arguments: tuple[str, ...], words: str
) -> None:
    done = invoke(app, "fetch", *arguments, *WHERE)
    assert isinstance(done.exception, PipelineError)
    assert isinstance(done.exception, UsageError)
    assert words in str(done.exception)
