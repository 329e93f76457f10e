from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import doctor
from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.pins import PINS


@pytest.fixture
def app(home: Home) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    doctor.register(made)
    return made


@pytest.fixture(autouse=True)
def no_built_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("COLUMNS", "200")


def test_every_tool_is_listed(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == 0
    tools = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert set(tools) == set(PINS)
    assert tools["git"]["found"]
    for tool in tools.values():
        assert tool["costs"]
        assert bool(tool["problem"]) != tool["found"]


def test_what_is_missing_is_said_with_its_costs(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0
    assert "not built yet" in done.stdout
    assert "no static security analysis" in " ".join(done.stdout.split())


def test_without_git_there_is_no_pipeline(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert isinstance(done.exception, ToolMissingError)
    assert str(done.exception).startswith("git: install Git")
    assert not json.loads(done.stdout)[0]["found"]


def test_install_says_why_a_tool_cannot_be_built(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    done = CliRunner().invoke(app, ["doctor", "--install", "--json"])
    assert done.exit_code == 0
    tools = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert "cannot be built" in tools["gosec"]["problem"]
