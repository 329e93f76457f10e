"""The nightly sweep as the daemon starts it; time is given to the scheduler, not waited for."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.model.sweep import Sweep, SweepScan
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCHEDULER = """
import json, logging, sys, time
from datetime import UTC, datetime, timedelta
import dagster as dg
import dagster._daemon  # its parts import each other in this order only
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.load_target import ModuleTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

def nights(instance):
    runs = [run for run in instance.get_runs() if run.job_name == "security_sweep"]
    return sorted(runs, key=lambda run: run.tags["coffee/delivery"])

def advance(context, moment, times):
    with freeze_time(moment):
        list(launch_scheduled_runs(context, logging.getLogger("test"), moment, times))

target = ModuleTarget("assets.definitions", None, str(sys.argv[1]), "coffee")
told = {}
with dg.DagsterInstance.get() as instance:
    with create_test_daemon_workspace_context(target, instance) as context:
        for name, first in (("summer ends", datetime(2026, 10, 24, 10, tzinfo=UTC)),
                            ("summer begins", datetime(2027, 3, 27, 10, tzinfo=UTC))):
            before, times = len(nights(instance)), {}
            schedules = [s for s in instance.all_instigator_state()]
            for state in schedules:  # as if the daemon had not run in between
                instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
            for turn in range(3 * 8):
                advance(context, first + timedelta(hours=3 * turn), times)
            told[name] = [run.tags["coffee/delivery"] for run in nights(instance)[before:]]
            told[name + ", at"] = [
                datetime.fromisoformat(run.tags[".dagster/scheduled_execution_time"])
                .astimezone(UTC).isoformat()
                for run in nights(instance)[before:]
            ]
        run = nights(instance)[0]
        told["waits"] = run.status.value
        instance.launch_run(run.run_id, context.create_request_context())
        while not (now := instance.get_run_by_id(run.run_id)).is_finished:
            time.sleep(0.1)
        told["run"] = now.status.value
        told["tags"] = dict(now.tags)
print(json.dumps(told))
"""


def narrowed(application: dict[str, str]) -> Home:
    """The small platform, in Berlin, whose ``bad`` cannot be loaded and whose ``good`` runs."""
    description = Path(application["COFFEE_PLATFORM"])
    folder = description.parent
    description.write_text(
        description.read_text()
        + "schedules: {timezone: Europe/Berlin}\nsecurity: {scanners: [staticcheck]}\n"
    )
    (folder / "bad" / "main.go").write_text('package main\n\nimport "example.test/gone"\n')
    for words in (["add", "--all"], ["commit", "--quiet", "--message", "break bad"]):
        subprocess.run(
            ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words],
            cwd=folder, check=True,
        )  # fmt: skip
    home = Home(Path(application["COFFEE_HOME"])).prepare()
    now = datetime.now(UTC)
    deployed = Deployment(
        deployment_id="d1", service="good", environment="production", revision="0" * 40,
        artifact_digest="sha256:" + "0" * 64, strategy="canary", cause="delivery",
        previous_revision=None, outcome=DeploymentOutcome.SUCCEEDED.value, reason="passed",
        started_at=now, finished_at=now,
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization="d1", outcome=Outcome.COMPLETED, records=(deployed,))
    )
    return home


def test_one_sweep_a_night_is_asked_for_and_carried_out(application: dict[str, str]) -> None:
    home = narrowed(application)
    done = subprocess.run(
        [sys.executable, "-c", SCHEDULER, str(ROOT)],
        cwd=ROOT, env=application, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    told = json.loads(line)

    # Two o'clock in Berlin comes twice in the first of these nights, and never in the other.
    assert told["summer ends"] == [f"sweep-2026-10-{day}" for day in (25, 26, 27)]
    assert told["summer ends, at"] == [
        "2026-10-25T01:00:00+00:00", "2026-10-26T01:00:00+00:00", "2026-10-27T01:00:00+00:00",
    ]  # fmt: skip
    assert told["summer begins"] == [f"sweep-2027-03-{day}" for day in (28, 29, 30)]
    assert told["summer begins, at"] == [
        "2027-03-28T01:00:00+00:00", "2027-03-29T00:00:00+00:00", "2027-03-30T00:00:00+00:00",
    ]  # fmt: skip

    assert told["waits"] == "QUEUED"
    assert told["run"] == "SUCCESS", told["tags"]
    history = HistoryReader(home)
    history.refresh()
    (sweep,) = history.records(Sweep)
    assert (sweep.sweep_id, sweep.attempts) == ("sweep-2026-10-25", 2)
    scans = {(one.tool, one.scope): one for one in history.records(SweepScan)}
    assert len(scans) == sweep.scans
    assert {tool for tool, _ in scans} >= {"gosec", "govulncheck", "staticcheck"}
    assert scans["govulncheck", "good"].outcome == "completed"
    assert scans["govulncheck", "bad"].outcome == "failed"
    running = scans["govulncheck", "production:good"]
    assert running.outcome == "not_run"
    assert "is not stored (any more); deliver it again" in str(running.reason)
    # What could not be looked at makes the sweep partial, by name.
    assert sweep.outcome == "partial"
    assert sweep.completed == sum(one.outcome == "completed" for one in scans.values())
    assert sweep.completed < sweep.scans
    assert "govulncheck of bad failed" in str(sweep.reason)
