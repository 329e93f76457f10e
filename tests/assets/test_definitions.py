from __future__ import annotations

import json
import subprocess
import sys

import pytest

from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.steps import STAGE_OF
from tests.conftest import ROOT

SHOW = """
import json, warnings
warnings.simplefilter("error")
from assets.definitions import defs
d = defs()
d.get_repository_def()
specs = {s.key.path[-1]: s for s in d.resolve_all_asset_specs()}
print(json.dumps({
    "groups": {name: spec.group_name for name, spec in specs.items()},
    "described": [n for n, s in specs.items() if s.description and s.owners and s.code_version],
    "kinds": [n for n, s in specs.items() if s.kinds],
    "jobs": sorted(j.name for j in d.resolve_all_job_defs()),
    "schedules": {s.name: [s.cron_schedule, s.execution_timezone, s.default_status.value]
                  for s in d.schedules},
    "sensors": {s.name: s.default_status.value for s in d.sensors},
    "checks": sorted(f"{c.asset_key.path[-1]}.{c.name}{'!' if c.blocking else ''}"
                     for c in d.resolve_all_asset_checks_specs())
              if hasattr(d, "resolve_all_asset_checks_specs") else [],
}))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict:
    import os

    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env={**os.environ, "COFFEE_HOME": str(tmp_path_factory.mktemp("home"))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_definitions_load_without_a_warning_and_group_by_stage(shown: dict) -> None:
    groups = {name: group for name, group in shown["groups"].items() if group != "reports"}
    of_revisions = {step: stage.value for step, stage in STAGE_OF.items()}
    assert groups == {
        **of_revisions, "runtime_events": "scan", "service_levels": "metrics", "sweep": "scan",
    }  # fmt: skip
    assert {name for name, group in shown["groups"].items() if group == "reports"} == {
        "slo_report", "dora_report", "slo_review", "security_report",
        "observability_coverage", "alerts", "dora_facts",
    }  # fmt: skip


def test_every_asset_says_what_it_is_whose_it_is_and_which_version(shown: dict) -> None:
    assert sorted(shown["described"]) == sorted(shown["groups"])
    assert sorted(shown["kinds"]) == sorted(shown["groups"])


def test_jobs_schedules_and_sensors_are_there_and_on(shown: dict) -> None:
    assert {
        "deliver",
        "verify",
        "security_sweep",
        "consume_inbox",
        "measure_levels",
        "review_levels",
        "roll_back",
    } <= set(shown["jobs"])
    assert shown["schedules"] == {
        "nightly_security_sweep": ["0 2 * * *", "UTC", "RUNNING"],
        "hourly_slo_report": ["0 * * * *", "UTC", "RUNNING"],
        "daily_dora_report": ["0 6 * * *", "UTC", "RUNNING"],
        "hourly_service_levels": ["50 * * * *", "UTC", "RUNNING"],
        "weekly_slo_review": ["30 6 * * 1", "UTC", "RUNNING"],
    }
    assert shown["sensors"] == {
        "new_commits": "RUNNING", "history_loading": "RUNNING", "inbox_sensor": "RUNNING",
        "delivery_traces": "RUNNING",
        "late_service_levels": "RUNNING", "late_slo_reviews": "RUNNING",
    }  # fmt: skip


def test_every_stage_of_the_vocabulary_has_a_step() -> None:
    assert set(STAGE_OF.values()) == set(Stage)
