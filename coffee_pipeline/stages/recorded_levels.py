"""Recorded rows of an SLO -> its events per step."""

from __future__ import annotations

import numpy as np

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
