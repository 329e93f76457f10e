"""``report slo`` and ``report dora`` as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from coffee_pipeline.cli import report
from coffee_pipeline.errors import ConfigurationError, EnvironmentFailedError, UsageError
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision, ServiceRevision

Call = Callable[..., Result]


@pytest.fixture
def call(home: Home) -> Call:
    app = typer.Typer()
    report.register(app)
    return lambda *arguments: CliRunner().invoke(
        app, ["report", *arguments], obj=home, catch_exceptions=True
    )


@pytest.fixture
def delivered(home: Home) -> Home:
    """A platform with one commit, an hour old, deployed for half an hour."""
    committed = datetime.now(UTC) - timedelta(hours=1)
    deployed = committed + timedelta(minutes=30)
    records = (
        Revision(
            platform="tea", revision="a" * 40, parent="b" * 40, branch="main", author_name="Ada",
            author_email="a@example.com", authored_at=committed, committed_at=committed,
            subject="Steep longer",
        ),
        ServiceRevision(
            platform="tea", revision="a" * 40, service="kettle", kind="service", module=".",
            package=".", input_digest="1", affected=True, base_revision=None, reason="changed",
        ),
        Deployment(
            deployment_id="d1", service="kettle", environment="production", revision="a" * 40,
            artifact_digest="sha256:1", strategy="canary", cause="delivery",
            previous_revision="b" * 40, started_at=committed, finished_at=deployed,
            outcome="succeeded", reason="all steps passed",
        ),
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization="x", outcome=Outcome.COMPLETED, records=records)
    )
    return home


def test_json_gives_the_numbers(delivered: Home, call: Call) -> None:
    done = call("dora", "--format", "json")
    assert done.exit_code == 0, done.output
    numbers = json.loads(done.stdout)
    assert numbers["lead time for changes (s)"] == 1800
    assert numbers["failed deployment recovery time (s)"] == "no data"


def test_html_goes_into_the_data_directory(delivered: Home, call: Call) -> None:
    for name in ("slo", "dora"):
        done = call(name)
        assert done.exit_code == 0, done.output
        path = delivered.reports / f"{name}.html"
        assert done.stdout.strip() == str(path)
        assert "of tea</h1>" in path.read_text(encoding="utf-8")


def test_a_file_is_written_where_it_is_asked_for(
    delivered: Home, call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "dora.md"
    done = call("dora", "-f", "markdown", "-o", str(path), "--days", "7")
    assert done.exit_code == 0, done.output
    assert path.read_text(encoding="utf-8").startswith("# Delivery performance of tea\n\n7 days")
    (tmp_path / "file").write_text("")
    failed = call("slo", "-f", "json", "-o", str(tmp_path / "file" / "x.json"))
    assert isinstance(failed.exception, EnvironmentFailedError)


def test_an_empty_history_says_what_to_do(call: Call) -> None:
    done = call("slo")
    assert isinstance(done.exception, ConfigurationError)
    assert "no revision recorded yet" in str(done.exception)


def test_days_must_be_positive(delivered: Home, call: Call) -> None:
    assert call("dora", "--days", "0").exit_code == 2


def test_slos_as_json_have_their_statements(delivered: Home, call: Call, tmp_path: Path) -> None:
    done = call("slo", "--json", "--days", "7")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["platform"], found["days"]) == ("tea", 7)
    assert set(found) >= {"objectives", "teams", "services", "worst_hours", "releases"}
    path = tmp_path / "slo.json"
    done = call("slo", "--json", "--at", "2020-01-01", "-o", str(path))
    assert done.exit_code == 0, done.output
    past = json.loads(path.read_text(encoding="utf-8"))
    assert (past["at"], past["objectives"]) == ("2020-01-01T00:00:00Z", [])


def test_dora_as_of_a_time_before_anything_was_recorded_has_nothing(
    delivered: Home, call: Call
) -> None:
    now = json.loads(call("dora", "--json").output)
    then = json.loads(call("dora", "--json", "--as-of", "2020-01-01").output)
    assert (now["deployments"]["count"], now["as_of"]) == (1, None)
    assert (then["deployments"]["count"], then["as_of"][:10]) == (0, "2020-01-01")
    assert then["metrics"]["change_lead_time"]["value"] is None


def test_dora_in_working_time(delivered: Home, call: Call) -> None:
    plain = json.loads(call("dora", "--json").output)
    assert plain["calendar"] is None
    assert plain["metrics"]["deployment_frequency"]["working_time"] is None
    asked = ("--calendar", "DE-BE", "--time-zone", "Europe/Berlin")
    found = json.loads(call("dora", "--json", *asked).output)
    assert found["calendar"] == "working days of DE-BE (Europe/Berlin)"
    told = found["metrics"]["deployment_frequency"]["working_time"]
    assert (told["unit"], told["count"] in (0, 1)) == ("per day", True)  # today may be a holiday


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--as-of", "2026-01-01", "--repository", "."), "--as-of: needs the history"),
        (("--branch", "main"), "--branch: no effect without --repository"),
        (("--calendar", "ZZ"), "--calendar ZZ: no public holidays are known of 'ZZ'"),
        (("--time-zone", "Mars"), "--time-zone Mars: no time zone is called"),
        (("--compatible", "devlake", "--calendar", "DE"), "--compatible needs --tables"),
        (("--since", "2026-01-02", "--until", "2026-01-01"), "after the end"),
    ],
)
def test_options_of_dora_that_do_not_go_together(
    delivered: Home, call: Call, arguments: tuple[str, ...], problem: str
) -> None:
    done = call("dora", *arguments)
    assert isinstance(done.exception, UsageError)
    assert problem in str(done.exception)
