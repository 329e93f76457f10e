from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import inbox as command
from coffee_pipeline.errors import UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.receiver.inbox import Inbox
from tests.conftest import ROOT

PLATFORM = ROOT / "examples" / "go-coffee" / "platform.yaml"
EVENT = {"rule": "Shell", "priority": "Critical", "time": "2026-03-01T08:00:00Z", "output": "x",
         "output_fields": {"container.name": "menu"}}  # fmt: skip


@pytest.fixture
def app(home: Home) -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    command.register(app)
    inbox, now = Inbox(home).prepare(), datetime.now(UTC)
    inbox.store("falco", "1", json.dumps(EVENT).encode(), None, now)
    inbox.store("github", "1", b"{", "issues", now)
    return app


def run(app: typer.Typer, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["inbox", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_what_waits_is_counted_and_consumed_when_asked(app: typer.Typer) -> None:
    assert json.loads(run(app, "--json")) == {
        "waiting": {"falco": 1, "github": 1}, "rejected": {},
    }  # fmt: skip
    made = json.loads(run(app, "--consume", "--platform", str(PLATFORM), "--json"))
    assert made["consumed"] == {"falco": 1, "github": 1}
    assert made["records"] == {"Finding": 1, "Scan": 1}
    (reason,) = made["rejected"].values()
    assert "not JSON" in reason
    assert "rejected: github~" in run(app)


def test_an_empty_inbox_says_so(home: Home, app: typer.Typer) -> None:
    inbox = Inbox(home)
    inbox.finish(inbox.waiting())
    assert run(app) == "nothing waits, nothing was rejected\n"


def test_to_consume_it_must_know_the_platform(app: typer.Typer) -> None:
    with pytest.raises(UsageError, match="--platform"):
        CliRunner().invoke(app, ["inbox", "--consume"], catch_exceptions=False)
