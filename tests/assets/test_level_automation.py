"""Schedule and sensors of service levels in Dagster: SLOs that are gone or broken, late reviews."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coffee_pipeline.cli.application import dagster_folders
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_sources import RecordedSource
from tests.conftest import ROOT, GitFolder

pytestmark = pytest.mark.slow

PLATFORM = """\
version: 1
name: kitchen
modules: [{path: kettle}]
metrics: {levels: {series: levels.csv}}
services:
  - {name: kettle, module: kettle, slos: [kettle/boils.yaml, kettle/sings.yaml]}
"""
SLO = """\
version: prometheus/v1
service: kettle
slos:
  - name: NAME
    objective: 99
    sli: {events: {error_query: "a[{{.window}}]", total_query: "b[{{.window}}]"}}
    alerting: {name: X}
"""
LOOK = """
import json
from datetime import UTC, datetime, timedelta
import dagster as dg
from assets.definitions import defs
from assets.levels import slo_review, slos, weeks
from assets.level_automation import hourly_service_levels, late_slo_reviews

def told(answer):
    if isinstance(answer, dg.SkipReason):
        return answer.skip_message
    return [one.partition_key or one.tags["dagster/asset_partition_range_start"] for one in answer]

d = defs()
measure = d.resolve_job_def("measure_levels")
resources = {"delivery": d.resources["delivery"]}
now = datetime.now(UTC)
review = weeks.get_partition_keys(current_time=now)[-1]
with dg.DagsterInstance.get() as instance:
    def hour():
        return told(hourly_service_levels(dg.build_schedule_context(
            instance=instance, scheduled_execution_time=now, resources=resources)))
    def reviews():
        return told(late_slo_reviews(dg.build_sensor_context(
            instance=instance, resources=resources)))
    none = hour()
    instance.add_dynamic_partitions(slos.name, ["kettle:gone", "kettle:sings"])
    gone = hour()
    instance.add_dynamic_partitions(slos.name, ["kettle:boils"])
    boils = hour()
    unmade = reviews()
    instance.report_runless_asset_event(dg.AssetMaterialization(slo_review.key, partition=review))
    late = reviews()
    day = (now - timedelta(days=2)).date().isoformat()
    done = measure.execute_in_process(
        instance=instance, partition_key=dg.MultiPartitionKey({"slo": "kettle:boils", "day": day}))
    checks = {one.check_name: [one.passed, one.severity.value, one.description]
              for one in done.get_asset_check_evaluations()}
print(json.dumps({"none": none, "gone": gone, "boils": boils, "unmade": unmade, "late": late,
                  "review": review, "checks": checks, "day": day}))
"""


def test_what_no_file_defines_is_not_asked_for_and_late_days_make_a_review_again(
    tmp_path: Path,
) -> None:
    git = GitFolder(tmp_path / "kitchen")
    git.commit(
        {
            "platform.yaml": PLATFORM,
            "levels.csv": "slo,time,good,total\nother,1770000000,1,1\n",
            "kettle/go.mod": "module example.com/kettle\n\ngo 1.24\n",
            "kettle/boils.yaml": SLO.replace("NAME", "boils"),
            "kettle/sings.yaml": SLO.replace("NAME", "sings").replace("99", "many"),
        },
        "put the kettle on",
    )
    home = Home(tmp_path / "data").prepare()
    home.dagster.mkdir(parents=True, exist_ok=True)
    later = datetime.now(UTC) + timedelta(hours=1)
    (slo,) = parse([("f.yaml", SLO.replace("NAME", "boils"))])
    owned = Owned("kitchen", "kettle", None, "production", slo)
    source = RecordedSource(git.path / "levels.csv")
    long_ago = (later - timedelta(days=20)).date()  # before the last week that is over
    for evidence in measure_days(owned, [long_ago], source, later):
        HistoryWriter(home).write(evidence)

    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT,
        env={
            **os.environ,
            "COFFEE_HOME": str(home.root),
            "COFFEE_PLATFORM": str(git.path / "platform.yaml"),
            **dagster_folders(home.dagster),
            "DAGSTER_HOME": str(ROOT),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    broken = "kettle/sings.yaml:5: "
    gone = [f"kettle:{name}: no valid file defines it (any more)" for name in ("gone", "sings")]
    assert found["none"].startswith(broken)
    assert found["gone"].startswith("; ".join([*gone, broken]))
    assert [one.partition("|")[2] for one in found["boils"]] == ["kettle:boils"]
    assert gone[0] in done.stderr  # said in the log beside the others' runs

    assert found["unmade"] == "no day was measured after a review that it is in"
    assert found["late"] == [found["review"]]

    passed, severity, description = found["checks"]["slo_files"]
    assert (passed, severity) == (False, "WARN")
    assert description.startswith(broken)
    passed, severity, description = found["checks"]["measured"]
    assert (passed, severity) == (False, "WARN")
    assert description == (
        f"levels/kitchen/production/kettle:boils/{found['day']}: levels.csv has no rows of boils; "
        "1440 of 1440 minutes have no data"
    )
