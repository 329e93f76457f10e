"""Messages of the inbox through a real Dagster instance: the sensor, the run, the history."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.receiver.inbox import Inbox
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PROGRAM = """
import json, dagster as dg
from assets.automation import consume_inbox, inbox_sensor
from assets.definitions import defs
d = defs()
resources = {"delivery": d.resources["delivery"]}
with dg.DagsterInstance.get() as instance:
    def tick():
        with dg.build_sensor_context(
            instance=instance, resources=resources, definitions=d) as context:
            data = inbox_sensor.evaluate_tick(context)
        return [len(data.run_requests or []), data.skip_message]
    ticks = [tick()]
    job = d.resolve_job_def("consume_inbox")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    ticks.append(tick())
    instance.report_run_failed(run)
    ticks.append(tick())
    result = job.execute_in_process(instance=instance)
    made = result.asset_materializations_for_node("runtime_events")[0].metadata
    ticks.append(tick())
    print(json.dumps([ticks, made["summary"].text, sorted(made)]))
"""
EVENT = {
    "rule": "Shell", "priority": "Critical", "time": "2026-03-01T08:00:00Z", "output": "seen",
    "output_fields": {"k8s.ns.name": "shop-production", "k8s.deployment.name": "good"},
}  # fmt: skip


def test_a_message_that_waits_is_asked_for_and_becomes_a_finding(
    application: dict[str, str],
) -> None:
    home = Home(Path(application["COFFEE_HOME"])).prepare()
    inbox = Inbox(home).prepare()
    inbox.store("falco", "1", json.dumps(EVENT).encode(), None, datetime.now(UTC))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=application, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ticks, summary, metadata = json.loads(done.stdout.splitlines()[-1])
    assert ticks == [
        [1, None],
        [0, "1 messages wait; a run is on its way"],
        [1, None],
        [0, "no message waits"],
    ]
    assert summary == "1 messages, 1 of falco"
    assert {"finding", "scan", "rejected"} <= set(metadata)
    history = HistoryReader(home)
    history.refresh()
    (finding,) = history.records(Finding)
    assert (finding.service, finding.scope) == ("good", "runtime:production")
