"""The job of the Dagster UI that takes a release back, over a real environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from tests.coffee_pipeline.rollout import running_service
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

ROLL_BACK = """
import json, sys, dagster as dg
from assets.definitions import defs
job = defs().resolve_job_def("roll_back")
config = {"ops": {"previous_release": {"config": json.loads(sys.argv[1])}}}
with dg.DagsterInstance.get() as instance:
    result = job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)
    made = [event.step_materialization_data.materialization for event in result.all_events
            if event.event_type_value == "ASSET_MATERIALIZATION"]
    failed = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    print(json.dumps({
        "success": result.success,
        "made": [[m.asset_key.path[-1], m.partition, sorted(m.metadata)] for m in made],
        "failed": [str(error.message) for error in failed],
    }))
"""


def roll_back(application: dict[str, str], **config: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", ROLL_BACK, json.dumps(config)],
        cwd=ROOT, env=application, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_an_operator_takes_a_release_back_in_the_ui(
    application: dict[str, str], tmp_path: Path
) -> None:
    home = Home(Path(application["COFFEE_HOME"])).prepare()
    binary = running_service.build(tmp_path, home)
    with ensure_owner(home), EnvironmentClient(home) as client:
        for revision in ("one", "two"):
            release = running_service.release(binary, tmp_path, revision)
            client.start("production", release.model_copy(update={"service": "good"}), "stable")
        url = client.service("production", "good").url
        done = roll_back(application, service="good", reason="slow since noon")
        assert httpx.get(url, trust_env=False).text == "one"
        again = roll_back(application, service="good")
        unknown = roll_back(application, service="god", environment="production")
    assert done["success"], done["failed"]
    ((asset, partition, metadata),) = done["made"]
    assert (asset, partition) == ("production_deployment", "good")
    assert {"deployment", "incident"} <= set(metadata)
    assert (again["success"], again["made"]) == (False, [])
    assert "no earlier release in production to go back to" in again["failed"][0]
    assert "god: does not run in production; there: good" in unknown["failed"][0]
    history = HistoryReader(home)
    history.refresh()
    (deployment,) = history.query("SELECT strategy, outcome, reason FROM deployments")
    assert tuple(deployment.values()) == ("rollback", "succeeded", "slow since noon")
    (incident,) = history.query("SELECT title FROM incidents")
    assert incident["title"] == "good rolled back by an operator: slow since noon"
