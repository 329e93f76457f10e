"""The Dagster definitions in a real instance, over a real platform, real tools and Envoy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

MATERIALIZE = """
import json, sys, dagster as dg
from assets.definitions import defs
d = defs()
job = d.resolve_job_def("deliver")
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(
        instance=instance, partition_key=sys.argv[1], raise_on_error=False
    )
    made = {}
    for event in result.all_events:
        if event.event_type_value == "ASSET_MATERIALIZATION":
            m = event.step_materialization_data.materialization
            made[m.asset_key.path[-1]] = {
                "partition": m.partition, "metadata": sorted(m.metadata)}
    checks = {
        f"{e.asset_key.path[-1]}.{e.check_name}": [e.passed, e.description]
        for e in result.get_asset_check_evaluations()
    }
    stored = instance.get_run_by_id(result.run_id)
    print(json.dumps({"success": result.success, "made": made, "checks": checks,
                      "tags": dict(stored.tags), "status": stored.status.value}))
"""


def _materialize(application: dict[str, str], service: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", MATERIALIZE, service],
        cwd=ROOT, env=application, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_failing_gate_blocks_the_rollout_of_its_service_only(
    application: dict[str, str],
) -> None:
    home = Home(Path(application["COFFEE_HOME"])).prepare()
    with ensure_owner(home), EnvironmentClient(home) as client:
        bad = _materialize(application, "bad")
        good = _materialize(application, "good")
        running = {
            (one.environment, one.service)
            for one in client.status().services
            if one.stable is not None
        }
    assert running == {("staging", "good"), ("production", "good")}, good["checks"]

    assert not bad["success"]
    assert bad["status"] == "FAILURE"
    assert bad["checks"]["binary.compiles"][0] is True
    assert bad["checks"]["test_results.tests_pass"][0] is False
    assert bad["checks"]["release_gate.release_allowed"][0] is False
    assert "tests_passed" in bad["checks"]["release_gate.release_allowed"][1]
    assert "release_gate" in bad["made"]
    assert "staging_deployment" not in bad["made"]

    assert good["success"], good["checks"]
    assert good["checks"]["production_deployment.rollout_succeeded"][0] is True
    assert good["made"]["binary"]["partition"] == "good"
    assert {"outcome", "revision", "build", "artifact", "materialization"} <= set(
        good["made"]["binary"]["metadata"]
    )
    assert {"gate_rule", "gate_decision", "reason"} & set(good["made"]["release_gate"]["metadata"])
    # A service without metrics says so; it is a warning, not a block.
    assert good["checks"]["instrumentation.instrumented"][0] is False

    history = HistoryReader(home)
    history.refresh()
    rows = history.query("SELECT DISTINCT service, step, verdict FROM stage_runs")
    verdicts = {(row["service"], row["step"]): row["verdict"] for row in rows}
    assert verdicts["good", "production_deployment"] == "passed"
    assert verdicts["bad", "release_gate"] == "failed"
    assert ("bad", "staging_deployment") not in verdicts
    cases = history.query("SELECT module, name, outcome FROM test_cases ORDER BY module")
    assert [tuple(row.values()) for row in cases] == [
        ("bad", "TestAnswer", "failed"), ("good", "TestAnswer", "passed"),
    ]  # fmt: skip
    failures = history.query("SELECT service, rule FROM gate_rules WHERE verdict = 'failed'")
    assert {"service": "bad", "rule": "tests_passed"} in failures
    assert not history.query("SELECT 1 FROM deployments WHERE service = 'bad'")


def test_the_sensor_asks_once_for_each_service_that_a_commit_affects(
    application: dict[str, str],
) -> None:
    sensor = """
import json, os, subprocess, dagster as dg
from pathlib import Path
from assets.automation import new_commits
from assets.definitions import defs
d = defs()
resources = {"delivery": d.resources["delivery"]}
repository = Path(os.environ["COFFEE_PLATFORM"]).parent
def tick(cursor):
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(
        instance=instance, cursor=cursor, resources=resources, definitions=d) as context:
        data = new_commits.evaluate_tick(context)
    return data.cursor, [
        [r.run_key, r.partition_key, r.tags["coffee/revision"], r.job_name]
        for r in data.run_requests or []]
cursor, first = tick(None)
(repository / "good" / "answer.go").write_text(
    (repository / "good" / "answer.go").read_text() + "// more\\n")
subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c",
                "commit.gpgsign=false", "commit", "-qam", "more"], cwd=repository, check=True)
cursor, second = tick(cursor)
cursor, third = tick(cursor)
print(json.dumps([first, second, third, cursor]))
"""
    done = subprocess.run(
        [sys.executable, "-c", sensor], cwd=ROOT, env=application, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second, third, head = json.loads(done.stdout.splitlines()[-1])
    assert first == []  # beginning to watch delivers nothing
    assert second == [[f"{head}:good", "good", head, "deliver"]]
    assert third == []
