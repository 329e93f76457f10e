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
from coffee_pipeline.slo.events import Events, Floats, Integers, Repairs, of_rows
from coffee_pipeline.tools.event_rows import EventRows

STEP = 60
"""Seconds of a step: alerts look back over five minutes at least."""


def rows_of(slo: Slo, recorded: dict[str, EventRows]) -> EventRows | None:
    """The rows of the SLO, by service-name or else by its name; None where there are none."""
    return recorded.get(slo.identity) or recorded.get(slo.name)


def events_of(rows: EventRows | None, step: int = STEP) -> Events:
    """The events of the rows; none at all of None."""
    if rows is None or not len(rows.times):
        return Events(0, step, np.empty(0), np.empty(0))
    return _of_counters(rows, step) if rows.cumulative else _of_intervals(rows, step)


def _of_counters(rows: EventRows, step: int) -> Events:
    first = int(rows.times.min()) // 1000 // step
    last = -(-int(rows.times.max()) // 1000) // step + 1
    grid = Grid(first * step, step, last - first)
    counters = [rows.series == one for one in np.unique(rows.series)]
    (total, repairs), (good, of_good), (bad, of_bad) = (
        rises([(rows.times[own], values[own]) for own in counters], grid)
        for values in (rows.total, rows.good, rows.bad)
    )
    counted = np.where(np.isnan(good), total - bad, good)
    others = of_good if np.isfinite(rows.good).any() else of_bad
    return Events(grid.start, step, counted, total, repairs + others)


def _of_intervals(rows: EventRows, step: int) -> Events:
    """Rows of one instant are duplicates, those of one step or of several series add up.

    Where all rows lie on a grid wider than a step, each is spread evenly over the steps until the
    next: when in between its events were is not known.
    """
    good = np.where(np.isnan(rows.good), rows.total - rows.bad, rows.good)
    if np.all(np.diff(rows.times) == step * 1000):
        return of_rows(rows.times // 1000, good, rows.total, step)
    # Worst last: most total events, then fewest good ones; NaN before every number.
    worst = (-np.nan_to_num(good, nan=np.inf), np.nan_to_num(rows.total, nan=-np.inf))
    order = np.lexsort((*worst, rows.times, rows.series))
    times, series = rows.times[order], rows.series[order]
    last = np.append((np.diff(times) > 0) | (np.diff(series) > 0), True)
    times, good, total = times[last], good[order][last], rows.total[order][last]
    spread = _steps_between(times, step)
    begins = np.repeat(times // 1000 // step, spread) + np.tile(np.arange(spread), len(times))
    first, size = int(begins.min()), int(begins.max() - begins.min()) + 1
    known = ~(np.isnan(good) | np.isnan(total))
    at, seen = begins - first, np.repeat(known, spread)
    gap = np.bincount(at[seen], minlength=size) == 0
    summed: list[Floats] = []
    for one in (good, total):
        sums = np.bincount(at[seen], weights=np.repeat(one / spread, spread)[seen], minlength=size)
        summed.append(np.where(gap, np.nan, sums))
    repairs = Repairs(
        duplicated=int((~last).sum()),
        out_of_order=int((np.diff(rows.times) < 0).sum()),
        not_a_number=int((~known).sum()),
    )
    return Events(first * step, step, summed[0], summed[1], repairs)


def _steps_between(times: Integers, step: int) -> int:
    """How many steps a row stands for: those of the grid that all rows lie on."""
    instants = np.unique(times)
    distances = instants[1:] - instants[:-1]
    if not len(distances):
        return 1
    width = int(distances.min())
    return max(1, width // (step * 1000)) if np.all(distances % width == 0) else 1


def save(path: Path, recorded: Mapping[str, Events]) -> None:
    """Write the events by SLO to a Parquet file that is read as any recorded series; gaps stay.

    Raises:
        EnvironmentFailedError: the file cannot be written.
    """
    parts = []
    for name, events in recorded.items():
        # Gaps are rows, too: without them every second minute would pass for a wider grid.
        columns = {
            "slo": pa.array([name] * len(events), pa.string()),
            "time": events.start + events.step * np.arange(len(events)),
            "good": np.where(events.known, events.good / events.scale, np.nan),
            "total": np.where(events.known, events.total / events.scale, np.nan),
        }
        parts.append(pa.table(columns))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pa.concat_tables(parts), path)
    except OSError as error:
        raise EnvironmentFailedError(f"{path}: cannot be written ({error.strerror})") from error
