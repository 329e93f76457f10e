from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import observability as command
from coffee_pipeline.errors import StageFailedError, UsageError
from coffee_pipeline.home import Home
from tests.conftest import ROOT

PLATFORM = ROOT / "examples" / "go-coffee" / "platform.yaml"


@pytest.fixture
def app(home: Home) -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    command.register(app)
    return app


def run(app: typer.Typer, *arguments: object) -> str:
    words = ["observability", *map(str, arguments)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_what_was_generated_passes_until_something_is_gone(
    app: typer.Typer, tmp_path: Path
) -> None:
    folder = tmp_path / "monitoring"
    own = folder / "prometheus" / "rules" / "own.yml"
    own.parent.mkdir(parents=True)
    own.write_text("groups: [{name: own, rules: [{alert: Own, expr: vector(1)}]}]")
    options = ("--platform", PLATFORM, "--traces", "zipkin")
    made = json.loads(run(app, "generate", "-o", folder, *options, "--json"))
    assert "grafana/dashboards/service-menu.json" in made["files"]
    assert "prometheus/rules/own.yml" in (folder / "kustomization.yaml").read_text()
    assert own.read_text().startswith("groups: [{name: own")
    told = json.loads(run(app, "check", folder, *options, "--json"))
    assert "failed" not in told["counts"]
    # A promtool that does not know Kubernetes cannot be asked for all of it: then it is no pass.
    assert told["passed"] is (None if "not_run" in told["counts"] else True)

    (folder / "grafana/dashboards/service-menu.json").unlink()
    words = ["observability", "check", str(folder), *map(str, options), "--json"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, StageFailedError)
    missing = [one for one in json.loads(done.stdout)["checks"] if one["state"] == "failed"]
    assert {(one["kind"], one["service"]) for one in missing} == {
        ("red_panels", "menu"), ("generated", None),
    }  # fmt: skip


def test_the_bundled_folder_is_the_default(app: typer.Typer) -> None:
    said = run(app, "check", "--platform", PLATFORM)
    assert "5 red_panels passed" in said
    assert "10 objective_alert passed" in said


def test_a_folder_that_is_not_there_says_how_to_make_it(app: typer.Typer, tmp_path: Path) -> None:
    words = ["observability", "check", str(tmp_path / "none"), "--platform", str(PLATFORM)]
    with pytest.raises(UsageError, match="observability generate"):
        CliRunner().invoke(app, words, catch_exceptions=False)
