"""The main job, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from tests.conftest import ROOT

COMMAND = Path(sys.executable).with_name("coffee-pipeline")


@pytest.mark.slow
@pytest.mark.end_to_end
@pytest.mark.timeout(900)
def test_the_demo_goes_as_its_story_says_and_leaves_nothing_running(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = subprocess.run(
        [COMMAND, "--data-dir", data, "demo", "--json"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert [(row["service"], row["strategy"], row["outcome"]) for row in told[-3:]] == [
        ("menu", "canary", "succeeded"),
        ("payments", "canary", "rolled_back"),
        ("payments", "canary", "succeeded"),
    ]
    assert "The bad revision was rolled back, the fix is live." in done.stderr
    mine = [p for p in psutil.process_iter(["cmdline"]) if str(data) in str(p.info["cmdline"])]
    assert not mine

    history = HistoryReader(Home(data))
    built = history.query(
        "SELECT revision, list(DISTINCT service ORDER BY service) AS services FROM builds "
        "GROUP BY revision ORDER BY min(started_at)"
    )
    assert [row["services"] for row in built] == [
        ["kitchen", "menu", "orders", "payments", "platform", "storefront"],
        ["menu"], ["payments"], ["payments"],
    ]  # fmt: skip
    (incident,) = history.query("SELECT * FROM incidents")
    assert incident["service"] == "payments"
    assert incident["resolved_at"] > incident["opened_at"]
    levels = history.query(
        "SELECT slo, ratio FROM service_levels WHERE environment = 'production' AND revision = ?",
        (incident["revision"],),
    )
    assert min(row["ratio"] for row in levels) < 0.999
    dora = subprocess.run(
        [COMMAND, "--data-dir", data, "report", "dora", "--json"], capture_output=True, check=True
    )
    performance = json.loads(dora.stdout)
    assert (performance["deployments"]["revisions"], len(performance["failures"])) == (4, 1)
    metrics = performance["metrics"]
    assert (metrics["change_fail_rate"]["events"], metrics["rework_rate"]["events"]) == (1, 1)
    assert metrics["failed_deployment_recovery_time"]["value"] > 0
    for name in ("slo", "dora"):
        page = (data / "reports" / f"{name}.html").read_text("utf-8")
        assert "payments" in page
        assert "<script src" not in page  # nothing is fetched: the page stands by itself
        assert "<link" not in page
