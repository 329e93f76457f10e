"""``report dora --repository`` and ``--compatible`` as a person calls them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from coffee_pipeline.cli import report
from coffee_pipeline.errors import ConfigurationError, PipelineError, UsageError
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from tests.coffee_pipeline.dora.repositories import History

Call = Callable[..., Result]
METRICS = {
    "change_lead_time", "deployment_frequency", "failed_deployment_recovery_time",
    "change_fail_rate", "rework_rate",
}  # fmt: skip


@pytest.fixture
def call(home: Home) -> Call:
    app = typer.Typer()
    report.register(app)
    return lambda *arguments: CliRunner().invoke(
        app, ["report", "dora", *map(str, arguments)], obj=home
    )


@pytest.fixture
def released(tmp_path: Path) -> Path:
    history = History(tmp_path / "released")
    history.commit("a", 0)
    history.tag("v1.0.0", "a", 1)
    history.commit("b", 10, "a")
    history.tag("v1.1.0", "b", 24)
    history.commit("undo", 26, "b", message='Revert "b"\n')
    history.tag("v1.1.1", "undo", 30)
    return history.write()


def test_json_of_every_metric_says_how_it_was_made(call: Call, released: Path) -> None:
    done = call("--repository", released, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found["metrics"]) == METRICS
    for one in found["metrics"].values():
        assert {"value", "unit", "count", "method", "proxy", "reason", "band"} <= set(one)
        assert (one["proxy"], bool(one["method"]), bool(one["reason"])) == (True, True, True)
    assert (found["deployments"]["source"], found["deployments"]["count"]) == ("tags", 3)
    assert found["metrics"]["change_fail_rate"]["value"] == pytest.approx(1 / 3)
    assert [one["deployment"] for one in found["failures"]] == ["v1.1.0"]
    assert (found["shallow"], found["unread"], found["calendar"]) == (False, [], None)


def test_imported_deployments_need_no_revision(call: Call, home: Home) -> None:
    now = datetime.now(UTC)
    records = tuple(
        Deployment(
            deployment_id=f"github:{number}", service="menu", environment="production",
            revision=f"{number}" * 40, artifact_digest="", strategy="direct", cause="delivery",
            previous_revision=None, started_at=now - timedelta(days=number, minutes=1),
            finished_at=now - timedelta(days=number), outcome="succeeded", reason="",
        )
        for number in (1, 2, 3)
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match="no revision recorded yet"):
        raise call("--json").exception
    HistoryWriter(home).write(
        Evidence(materialization="imported", outcome=Outcome.COMPLETED, records=records)
    )
    done = call("--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    values = {name: one["value"] for name, one in found["metrics"].items()}
    assert values["deployment_frequency"] == pytest.approx(1, abs=0.01)
    assert (values["change_lead_time"], values["change_fail_rate"]) == (None, None)
    assert list(found["services"]) == ["menu"]


def test_a_table_for_people_and_files_in_other_formats(
    call: Call, released: Path, tmp_path: Path
) -> None:
    done = call("--repository", released)
    assert done.exit_code == 0, done.output
    assert "release tags (3) stand for deployments: every number is a proxy" in done.stdout
    assert "note: the first release has no earlier one" in done.stdout
    page = tmp_path / "deep" / "report.html"
    done = call("--repository", released, "-o", page)
    assert done.stdout.splitlines()[-1] == str(page)
    assert "Delivery performance of released" in page.read_text(encoding="utf-8")
    done = call("--repository", released, "--format", "markdown")
    assert done.stdout.startswith("# Delivery performance of released\n")
    assert "## Deployments taken for failed" in done.stdout
    text = tmp_path / "report.json"
    assert call("--repository", released, "--json", "-o", text).stdout.strip() == str(text)
    assert set(json.loads(text.read_text(encoding="utf-8"))["metrics"]) == METRICS
    assert call("--repository", released, "--json", "-o", page).stdout.startswith("{")


def test_what_cannot_be_derived_is_null_with_its_reason(call: Call, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    found = json.loads(call("--repository", tmp_path / "empty", "--json").stdout)
    assert {one["value"] for one in found["metrics"].values()} == {None}
    assert all(one["reason"] for one in found["metrics"].values())
    assert (found["commits"], found["trend"], found["period"]["start"]) == (0, [], None)
    done = call("--repository", tmp_path / "empty")
    assert done.exit_code == 0, done.output
    assert "no change fail rate: " in done.stdout


def test_a_shallow_clone_says_what_it_cannot_tell(
    call: Call, released: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "shallow"
    source = f"file://{released}"
    subprocess.run(["git", "clone", "-q", "--depth=1", source, str(clone)], check=True)
    found = json.loads(call("--repository", clone, "--json").stdout)
    assert found["shallow"] is True
    assert found["metrics"]["change_lead_time"]["value"] is None
    assert found["metrics"]["change_lead_time"]["reason"]


def test_the_period_the_branch_and_what_stands_for_deployments(call: Call, released: Path) -> None:
    found = json.loads(
        call("--repository", released, "--json", "--since", "2026-01-06T01:00Z", "--until",
             "2026-01-31", "--by", "day", "--deployments", "tags").stdout
    )  # fmt: skip
    assert found["deployments"]["count"] == 1
    assert found["period"]["start"] == "2026-01-06T01:00:00+00:00"
    found = json.loads(
        call("--repository", released, "--json", "--deployments", "commits", "--branch", "main",
             "--calendar", "DE", "--time-zone", "Europe/Berlin").stdout
    )  # fmt: skip
    assert (found["deployments"]["count"], found["branch"]) == (3, "main")
    assert found["calendar"] == "working days of DE (Europe/Berlin)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "2026-02-01", "--until", "2026-01-01"), "--since lies after --until"),
        (("--since", "2999-01-01"), "--since lies in the future"),
        (("--since", "soon"), "--since soon: a date such as 2026-03-01"),
        (("--branch", "nowhere"), "nowhere"),
    ],
)
def test_wrong_requests_are_one_line(
    call: Call, released: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = call("--repository", released, *arguments)
    assert isinstance(done.exception, PipelineError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_folder_without_a_repository_is_one_line(call: Call, tmp_path: Path) -> None:
    done = call("--repository", tmp_path / "nothing", "--json")
    assert isinstance(done.exception, PipelineError)
    assert str(tmp_path / "nothing") in str(done.exception)


def test_rows_as_devlake_makes_them(call: Call, tmp_path: Path) -> None:
    (tmp_path / "project_mapping.csv").write_text("project_name,table,row_id\nshop,cicd_scopes,s\n")
    header = "id,commit_sha,result,environment,repo_url,cicd_scope_id,started_date,finished_date\n"
    rows = "".join(
        f"{name},c,SUCCESS,PRODUCTION,R,s,2026-03-0{day} 08:00:00,2026-03-0{day} 08:05:00\n"
        for name, day in (("a", 1), ("b", 2))
    )
    (tmp_path / "cicd_deployment_commits.csv").write_text(header + rows)
    done = call("--compatible", "devlake", "--tables", tmp_path, "--project", "shop")
    found = json.loads(done.stdout)["cicd_deployment_commits"]
    assert [one["prev_success_deployment_commit_id"] for one in found] == [None, "a"]
    path = tmp_path / "rows.json"
    assert call("--compatible", "devlake", "--tables", tmp_path, "-o", path).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8"))["project"] == "shop"
    assert isinstance(call("--compatible", "devlake").exception, UsageError)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--repository", ".", "--days", "30"), "give --since instead of --days"),
        (("--repository", ".", "--as-of", "2026-01-01"), "--as-of: needs the history"),
        (("--repository", ".", "--tables", "."), "--tables: no effect without --compatible"),
        (("--repository", ".", "--format", "html"), "needs --output FILE"),
        (("--repository", ".", "--json", "--format", "markdown"), "leave out --json or --format"),
        (("--tables", "."), "--tables: no effect without --compatible"),
        (("--project", "shop"), "--project: no effect without --compatible"),
        (("--branch", "main"), "--branch: no effect without --repository"),
        (("--deployments", "auto"), "--deployments: no effect without --repository"),
        (("--days", "7", "--since", "2026-01-01"), "--days and --since both say"),
        (("--json", "--format", "html"), "leave out --json or --format"),
        (("--compatible", "devlake"), "--compatible needs --tables"),
        (("--compatible", "devlake", "--tables", ".", "--repository", "."), "give one of the two"),
        (("--compatible", "devlake", "--tables", ".", "--since", "2026-01-01", "--format", "json"),
         "--since, --format: no effect with --compatible"),
        (("--compatible", "devlake", "--tables", ".", "--days", "3"), "--days: no effect"),
        (("--compatible", "devlake", "--tables", ".", "--calendar", "DE"), "--calendar: no effect"),
        (("--compatible", "devlake", "--tables", ".", "--by", "day"), "--by: no effect"),
    ],
)  # fmt: skip
def test_an_option_without_effect_is_refused(
    call: Call, arguments: tuple[str, ...], said: str
) -> None:
    done = call(*arguments)
    assert isinstance(done.exception, UsageError), done.output
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_components_are_told_each(call: Call, tmp_path: Path) -> None:
    history = History(tmp_path / "shop")
    history.commit("a", 0, file="orders/a")
    history.tag("orders/v1.0", "a", 1)
    history.tag("till/v1.0", "a", 1)
    history.commit("b", 10, "a", file="orders/a")
    history.tag("orders/v1.1", "b", 12)
    path = history.write()
    found = json.loads(call("--repository", path, "--json").stdout)
    assert (found["deployments"]["count"], found["deployments"]["revisions"]) == (3, 2)
    assert {name: one["change_lead_time"]["count"] for name, one in found["components"].items()} \
        == {"orders": 1, "till": 0}  # fmt: skip
    assert "Component" in call("--repository", path).stdout
    assert "## Components" in call("--repository", path, "--format", "markdown").stdout
