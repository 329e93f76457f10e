"""Service levels in a real Dagster instance: partitions, ninety days in one run, late data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from coffee_pipeline.cli.application import dagster_folders
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from tests.conftest import ROOT, GitFolder

pytestmark = pytest.mark.slow

DAYS = 90
TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=DAYS), TODAY - timedelta(days=1)
OUTAGE = LAST - timedelta(days=2)
PLATFORM = """\
version: 1
name: kitchen
modules: [{path: kettle}]
metrics: {levels: {series: levels.parquet}}
services:
  - {name: kettle, module: kettle, owners: ["@tea"], slos: [kettle/boils.yaml, kettle/pours.yaml]}
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: NAME}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(all_total)}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
SENSOR = (
    f"""
from datetime import datetime
import assets.level_automation
class Noon(datetime):  # of the day that the test began on: it may run over midnight
    @classmethod
    def now(cls, tz=None):
        return datetime.fromisoformat("{TODAY}T12:00:00+00:00")
assets.level_automation.datetime = Noon
"""
    + """
import json, dagster as dg
from assets.definitions import defs
from assets.level_automation import late_service_levels
from assets.levels import slos
d = defs()
with dg.DagsterInstance.get() as instance:
    resources = {"delivery": d.resources["delivery"]}
    context = dg.build_sensor_context(instance=instance, resources=resources)
    said = late_service_levels(context)
    requests = said.run_requests if isinstance(said, dg.SensorResult) else []
    for one in (said.dynamic_partitions_requests or []) if requests else []:
        instance.add_dynamic_partitions(one.partitions_def_name, one.partition_keys)
    made = instance.get_materialized_partitions(dg.AssetKey("service_levels"))
    print(json.dumps({
        "keys": instance.get_dynamic_partitions("slos"), "materialized": len(made),
        "runs": instance.get_runs_count(), "requested": [dict(one.tags) for one in requests],
        "said": getattr(said, "skip_message", None),
    }))
"""
)


def write_series(path: Path, *, whole: bool) -> None:
    """A request a second, one bad one an hour; two hours of one day are there only at last."""
    start = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp())
    times = start + 60 * np.arange(DAYS * 1440)
    outage = int(datetime(OUTAGE.year, OUTAGE.month, OUTAGE.day, 5, tzinfo=UTC).timestamp())
    if not whole:
        times = times[(times < outage) | (times >= outage + 7200)]
    total = np.full(len(times), 60.0)
    good = total - (times % 3600 == 0)
    names = np.repeat(["boils", "pours"], len(times))
    columns = {"slo": names, "time": np.tile(times, 2), "good": np.tile(good, 2),
               "total": np.tile(total, 2)}  # fmt: skip
    pyarrow.parquet.write_table(pa.table(columns), path)


@pytest.fixture
def kitchen(tmp_path: Path) -> Iterator[dict[str, str]]:
    git = GitFolder(tmp_path / "kitchen")
    files: dict[str, str | bytes | None] = {
        "platform.yaml": PLATFORM,
        "kettle/go.mod": "module example.com/kettle\n\ngo 1.24\n",
        "kettle/boils.yaml": SLO.replace("NAME", "boils"),
        "kettle/pours.yaml": SLO.replace("NAME", "pours"),
    }
    git.commit(files, "put the kettle on")
    write_series(git.path / "levels.parquet", whole=False)
    data = tmp_path / "data"
    (data / "dagster").mkdir(parents=True)
    return {
        **os.environ,
        "COFFEE_HOME": str(data),
        "COFFEE_PLATFORM": str(git.path / "platform.yaml"),
        **dagster_folders(data / "dagster"),
        "DAGSTER_HOME": str(ROOT),
    }


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def backfill(environment: dict[str, str], first: str, last: str) -> None:
    span = f"{first}...{last}"
    run(environment, "-m", "dagster", "asset", "materialize", "-m", "assets.definitions",
        "--select", "service_levels", "--partition-range", span)  # fmt: skip


def levels(environment: dict[str, str]) -> tuple[HistoryReader, list[dict[str, object]]]:
    history = HistoryReader(Home(Path(environment["COFFEE_HOME"])))
    history.refresh()
    return history, history.query(
        "select slo, outcome, count(*) as days, sum(good) as good, sum(total) as total "
        "from level_days group by all order by slo, outcome"
    )


def test_ninety_days_are_one_run_and_a_late_day_is_measured_again(kitchen: dict[str, str]) -> None:
    Home(Path(kitchen["COFFEE_HOME"])).prepare()
    found = json.loads(run(kitchen, "-c", SENSOR).splitlines()[-1])
    assert found["keys"] == ["kettle:boils", "kettle:pours"]
    # The week before today was never measured: a run for each SLO is asked for.
    assert [one["dagster/asset_partition_range_start"] for one in found["requested"]] == [
        f"{TODAY - timedelta(days=7)}|kettle:{name}" for name in ("boils", "pours")
    ]

    backfill(kitchen, f"{FIRST}|kettle:boils", f"{LAST}|kettle:boils")
    found = json.loads(run(kitchen, "-c", SENSOR).splitlines()[-1])
    assert (found["materialized"], found["runs"]) == (DAYS, 1)
    # The day with a gap was measured a moment ago; the other SLO never was.
    assert [one["dagster/asset_partition_range_end"] for one in found["requested"]] == [
        f"{LAST}|kettle:pours"
    ]
    history, rows = levels(kitchen)
    whole = {"outcome": "completed", "days": 89, "good": 7_687_464.0, "total": 7_689_600.0}
    partial = {"outcome": "partial", "days": 1, "good": 79_178.0, "total": 79_200.0}
    assert rows == [{"slo": "boils", **one} for one in (whole, partial)]
    gap = history.query("select reason from level_days where outcome = 'partial'")
    assert gap == [{"reason": "120 of 1440 minutes have no data"}]

    write_series(Path(kitchen["COFFEE_PLATFORM"]).parent / "levels.parquet", whole=True)
    backfill(kitchen, f"{OUTAGE}|kettle:boils", f"{OUTAGE}|kettle:boils")
    history, rows = levels(kitchen)
    healed = {"outcome": "completed", "days": 90, "good": 7_773_840.0, "total": 7_776_000.0}
    assert rows == [{"slo": "boils", **healed}]
    samples = history.query(
        "select count(*) as steps, count(distinct started_at) as different from level_samples"
    )
    assert samples == [{"steps": 129_600, "different": 129_600}]
