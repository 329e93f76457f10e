"""``slo status`` without files, over a history of days and of releases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from coffee_pipeline.cli import report, slo
from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_sources import RecordedSource

Call = Callable[..., Result]
SLOTH = """\
version: prometheus/v1
service: kettle
slos:
  - name: NAME
    objective: 99.9
    sli: {events: {error_query: "sum(rate(cold_total[{{.window}}]))",
                   total_query: "sum(rate(all_total[{{.window}}]))"}}
    alerting: {name: KettleCold}
"""
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def call(home: Home) -> Call:
    app = typer.Typer()
    slo.register(app)
    return lambda *arguments: CliRunner().invoke(
        app, ["slo", "status", *map(str, arguments)], obj=home, catch_exceptions=True
    )


def measured(home: Home, folder: Path, name: str, platform: str = "tea") -> None:
    """A day of the SLO in the history: 100 requests a minute, two bad ones an hour."""
    start = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    rows = [f"boils,{start + 60 * n},{98 if n % 60 == 7 else 100},100" for n in range(1440)]
    series = folder / "series.csv"
    series.write_text("\n".join(["slo,time,good,total", *rows]))
    (one,) = parse([("f.yaml", SLOTH.replace("NAME", name))])
    owned = Owned(platform, "kettle", "@tea", "production", one)
    for evidence in measure_days(owned, [NOW.date() - timedelta(days=1)], RecordedSource(series),
                                 NOW):  # fmt: skip
        HistoryWriter(home).write(evidence)


def released(home: Home, name: str, end: datetime) -> None:
    """A window of a release in the history, with one bad request in a thousand."""
    level = ServiceLevel(
        service="kettle", slo=name, objective=0.999, environment="production",
        revision="a" * 40, window_start=end - timedelta(minutes=10), window_end=end, good=999.0,
        total=1000.0, ratio=0.999, source="scrape", outcome="completed", reason=None,
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization=f"x/{name}", outcome=Outcome.COMPLETED, records=(level,))
    )


def test_nothing_recorded_is_said(call: Call) -> None:
    assert json.loads(call("--json").stdout) == []
    assert "no service level recorded yet" in call().stdout


def test_windows_of_releases(call: Call, home: Home) -> None:
    released(home, "boils", datetime.now(UTC) - timedelta(minutes=5))
    (found,) = json.loads(call("--json").stdout)
    assert (found["ratio"], found["budget_left"], found["met"]) == (0.999, 0, True)
    assert (found["measured"], found["period_days"], found["status"]) == ("1 measurement", 28, None)


def test_days_are_told_with_their_whole_status(call: Call, home: Home, tmp_path: Path) -> None:
    measured(home, tmp_path, "boils")
    released(home, "boils", NOW - timedelta(hours=1))
    released(home, "pours", NOW - timedelta(hours=1))
    done = call("--json", "--at", "2026-03-02T12:00:00")
    assert done.exit_code == 0, done.output
    days, windows = json.loads(done.stdout)
    # 48 of 144 000 requests were bad: a third of the budget. The release's window is not added.
    assert (days["slo"], days["good"], days["total"]) == ("boils", 143_952, 144_000)
    assert days["budget_left"] == pytest.approx(2 / 3)
    assert (days["measured"], days["period_days"], days["team"]) == ("1 day", 30, "@tea")
    assert days["status"]["forecast"]["reason"]  # one day is too few
    assert (windows["slo"], windows["good"], windows["status"]) == ("pours", 999, None)
    text = call("--at", "2026-03-02T12:00:00").stdout
    assert "boils" in text
    assert "pours" in text


def test_days_without_any_delivery_are_reported_on(home: Home, tmp_path: Path) -> None:
    measured(home, tmp_path, "boils")
    app = typer.Typer()
    report.register(app)
    asked = ["report", "slo", "--json", "--at", "2026-03-02T12:00:00"]
    done = CliRunner().invoke(app, asked, obj=home)
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert (found["platform"], [one["slo"] for one in found["objectives"]]) == ("tea", ["boils"])
    asked += ["--service", "pot"]
    assert json.loads(CliRunner().invoke(app, asked, obj=home).stdout)["objectives"] == []
    # Without a commit there is no delivery performance.
    refused = CliRunner().invoke(app, ["report", "dora"], obj=home)
    assert isinstance(refused.exception, ConfigurationError)


def test_a_day_without_data_has_its_reason_and_no_number(
    call: Call, home: Home, tmp_path: Path
) -> None:
    measured(home, tmp_path, "chimes")  # the series has no rows of it
    done = call("--json", "--at", "2026-03-02T12:00:00")
    (found,) = json.loads(done.stdout)
    assert (found["met"], found["ratio"], found["burn_rate"]) == (None, None, None)
    assert "no data" in found["reason"]
    assert f"chimes: {found['reason']}" in call("--at", "2026-03-02T12:00:00").stdout
