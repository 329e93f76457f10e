"""Recorded rows of an SLO -> its events per step, and back into a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.slo.counters import Grid, rises
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events, of_rows
from coffee_pipeline.tools.event_rows import EventRows

STEP = 60
"""Seconds of a step: alerts look back over five minutes at least."""


def rows_of(slo: Slo, recorded: dict[str, EventRows]) -> EventRows | None:
    """The rows of the SLO, by service-name or else by its name; None where there are none."""
    return recorded.get(slo.identity) or recorded.get(slo.name)


def events_of(rows: EventRows | None, step: int = STEP) -> Events:
    """The events of the rows; none at all of None."""
    if rows is None:
        return Events(0, step, np.empty(0), np.empty(0))
    if not rows.cumulative:
        good = np.where(np.isnan(rows.good), rows.total - rows.bad, rows.good)
        return of_rows(rows.times // 1000, good, rows.total, step)
    if not len(rows.times):
        return Events(0, step, np.empty(0), np.empty(0))
    first = int(rows.times.min()) // 1000 // step
    last = -(-int(rows.times.max()) // 1000) // step + 1
    grid = Grid(first * step, step, last - first)
    total, repairs = rises([(rows.times, rows.total)], grid)
    good, of_good = rises([(rows.times, rows.good)], grid)
    bad, of_bad = rises([(rows.times, rows.bad)], grid)
    counted = np.where(np.isnan(good), total - bad, good)
    others = of_good if np.isfinite(rows.good).any() else of_bad
    return Events(grid.start, step, counted, total, repairs + others)


def save(path: Path, recorded: Mapping[str, Events]) -> None:
    """Write the events by SLO to a Parquet file that is read as any recorded series; gaps stay.

    Raises:
        EnvironmentFailedError: the file cannot be written.
    """
    parts = []
    for name, events in recorded.items():
        at = np.flatnonzero(events.known)
        columns = {
            "slo": pa.array([name] * len(at), pa.string()),
            "time": events.start + events.step * at,
            "good": events.good[at] / events.scale,
            "total": events.total[at] / events.scale,
        }
        parts.append(pa.table(columns))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pa.concat_tables(parts), path)
    except OSError as error:
        raise EnvironmentFailedError(f"{path}: cannot be written ({error.strerror})") from error
