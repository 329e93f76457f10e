from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import doctor
from coffee_pipeline.errors import ToolMissingError, UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.products import PRODUCTS
from coffee_pipeline.tools.registry import FORMATS


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


def listed(app: typer.Typer, *arguments: str) -> dict[str, dict[str, Any]]:
    done = CliRunner().invoke(app, ["doctor", *arguments, "--json"])
    assert done.exit_code == 0, done.exception
    return {tool["name"]: tool for tool in json.loads(done.stdout)}


def test_every_tool_is_listed(app: typer.Typer) -> None:
    tools = listed(app)
    assert set(PINS) <= set(tools)
    assert {one.NAME for one in FORMATS.values()} <= set(tools) | {
        name for product in PRODUCTS for name in product.formats[1:]
    }
    assert tools["git"]["found"]
    assert tools["gosec"]["use"] == "run"
    assert tools["trivy"]["opt_in"]
    for name in PINS:
        assert tools[name]["costs"]
        assert tools[name]["licence"] != "unknown"
        assert bool(tools[name]["problem"]) != tools[name]["found"]
    for name in set(tools) - set(PINS):
        assert tools[name]["found"] is None, "a product that is read only is not looked for"
        assert tools[name]["why_read_only"]


def test_some_tools_are_listed_by_the_names_of_their_programs(app: typer.Typer) -> None:
    assert set(listed(app, "kube-score", "osv_scanner")) == {"kube_score", "osv_scanner"}


def test_a_tool_that_there_is_not_is_bad_usage(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["doctor", "gosek"])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith("gosek: no tool")


def test_what_is_missing_is_said_with_its_costs(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0
    assert "made on first use" in done.stdout
    assert "opt-in, not made" in done.stdout
    assert "no static security analysis" in " ".join(done.stdout.split())


def test_without_git_there_is_no_pipeline(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert isinstance(done.exception, ToolMissingError)
    assert str(done.exception).startswith("git: install Git")
    assert not json.loads(done.stdout)[0]["found"]


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


@pytest.mark.usefixtures("offline")
@pytest.mark.slow
def test_install_says_why_tools_cannot_be_made_and_leaves_opt_in_ones(app: typer.Typer) -> None:
    tools = listed(app, "--install")
    assert "cannot be built" in tools["gosec"]["problem"]
    assert "cannot be installed" in tools["hadolint"]["problem"]
    assert tools["trivy"]["problem"] == PINS["trivy"].obtain


@pytest.mark.usefixtures("offline")
def test_installing_a_named_tool_that_cannot_be_made_is_an_error(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["doctor", "--install", "kubeconform", "prometheus", "--json"])
    assert isinstance(done.exception, ToolMissingError)
    assert "kubeconform v0.8.0: cannot be built" in str(done.exception)
    assert "cannot be built" in json.loads(done.stdout)[0]["problem"]
    said = CliRunner().invoke(app, ["doctor", "--install", "grype"]).exception
    assert isinstance(said, ToolMissingError)
    assert "not made here" in str(said)


def test_the_page_of_tools_is_current(app: typer.Typer) -> None:
    """Run `coffee-pipeline doctor --markdown > docs/tools.md` when this fails."""
    page = Path(__file__).parents[3] / "docs" / "tools.md"
    done = CliRunner().invoke(app, ["doctor", "--markdown"])
    assert done.stdout == page.read_text(encoding="utf-8")
