"""How fast service levels are computed from recorded samples.

``python -m benchmarks.slo [--slos 50] [--days 90]`` writes a seeded Parquet file of one sample a
minute for each SLO, and re-computes from it, with nothing kept in between: the budget by both
methods over the period, the burn rates of every alert window, exhaustion and forecast at the end;
and with ``--history`` the budget of every single day, as a backfill does. Making the file is not
measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.objective_status import Calculation
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.recorded_levels import events_of, rows_of
from coffee_pipeline.tools import event_rows

START = datetime(2026, 1, 1, tzinfo=UTC)
TARGET_SECONDS = 10.0
_SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: slo-{number}}}
spec:
  service: service
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {{metricSource: {{type: Prometheus, spec: {{query: sum(good_total)}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: sum(all_total)}}}}}}
  timeWindow: [{{duration: 28d, isRolling: true}}]
  budgetingMethod: {method}
  objectives: [{{target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 5m}}]
"""
_METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")


def specifications(count: int) -> tuple[Slo, ...]:
    return parse(
        (f"{number}.yaml", _SLO.format(number=number, method=_METHODS[number % 3]))
        for number in range(count)
    )


def write_series(path: Path, count: int, days: int) -> int:
    chance = np.random.default_rng(5)
    minutes = days * 1440
    times = int(START.timestamp()) + 60 * np.arange(minutes)
    schema = pa.schema(
        [
            ("slo", pa.string()),
            ("time", pa.int64()),
            ("good", pa.float64()),
            ("total", pa.float64()),
        ]
    )
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for number in range(count):
            total = chance.poisson(200, minutes)
            bad = chance.binomial(total, 0.0008)
            names = pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(minutes, dtype=np.int32)), pa.array([f"slo-{number}"])
            ).cast(pa.string())
            columns = [names, times, (total - bad).astype(float), total.astype(float)]
            writer.write_table(pa.table(columns, schema=schema))
    return count * minutes


def recompute(slos: tuple[Slo, ...], path: Path, now: datetime, days: int) -> int:
    recorded = event_rows.read(path)
    measured = 0
    for slo in slos:
        events = events_of(rows_of(slo, recorded))
        calculation = Calculation(slo, slo.objectives[0], events)
        for day in range(days):
            found = calculation.at(now - timedelta(days=day))
            measured += found.headline.ratio is not None
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slos", type=int, default=50)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--history", action="store_true", help="the status at each day's end, too")
    arguments = parser.parse_args()
    slos = specifications(arguments.slos)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.parquet"
        samples = write_series(path, arguments.slos, arguments.days)
        begin = time.perf_counter()
        days = arguments.days if arguments.history else 1
        measured = recompute(slos, path, START + timedelta(days=arguments.days), days)
        seconds = time.perf_counter() - begin
    print(f"{arguments.slos} SLOs x {arguments.days} days, {samples:,} samples: {seconds:.2f} s")
    print(f"{measured} budgets computed; the target for 50 x 90 is {TARGET_SECONDS:g} s")


if __name__ == "__main__":
    main()
