"""The sensor that sends deliveries as traces, over a real Dagster instance."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.delivery_trace import trace_id_of
from tests.coffee_pipeline.stages.test_delivery_trace import Collector, step
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PROGRAM = """
import json, sys, dagster as dg
from assets.telemetry import delivery_traces
from assets.definitions import defs
from resources.delivery import DELIVERY_TAG
d = defs()
resources = {"delivery": d.resources["delivery"]}
cursor = sys.argv[1]
with dg.DagsterInstance.get() as instance:
    def tick():
        global cursor
        with dg.build_sensor_context(
            instance=instance, resources=resources, definitions=d, cursor=cursor) as context:
            message = delivery_traces.evaluate_tick(context).skip_message
            cursor = context.cursor
        return message
    job = d.resolve_job_def("deliver")
    run = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={DELIVERY_TAG: "commit-2"})
    said = [tick()]
    instance.report_run_failed(run)
    said += [tick(), tick()]
    print(json.dumps(said))
"""


def test_deliveries_are_sent_once_they_are_over(application: dict[str, str]) -> None:
    home = Home(Path(application["COFFEE_HOME"])).prepare()
    long_ago = datetime.now(UTC) - timedelta(days=1)
    for number, name in enumerate(("commit-0", "commit-1", "20260301T090000-abcdef", "commit-2")):
        started = long_ago + timedelta(hours=number)
        run = replace(
            step("menu", "build", "binary", 0, 1), delivery=name, started_at=started,
            finished_at=started + timedelta(seconds=5),
        )  # fmt: skip
        HistoryWriter(home).write(
            Evidence(materialization=name, outcome=Outcome.COMPLETED, records=(run,))
        )
    cursor = (long_ago + timedelta(minutes=30)).isoformat()
    collector = Collector()
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, cursor],
            cwd=ROOT,
            env={**application, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
            capture_output=True,
            text=True,
        )
    finally:
        collector.stop()
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said == ["1 deliveries sent", "1 deliveries sent", "0 deliveries sent"]
    ids = [bytes.fromhex(trace_id_of(name)) for name in ("commit-1", "commit-2")]
    assert [one in body for one, body in zip(ids, collector.bodies, strict=True)] == [True, True]
