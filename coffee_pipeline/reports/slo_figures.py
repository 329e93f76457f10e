"""Figures of the SLO report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from coffee_pipeline.reports.page import Figure
from coffee_pipeline.reports.slo_hours import Stretch, burn_down
from coffee_pipeline.reports.slo_objectives import ObjectiveReport
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.slo.budget import exact, without_overlap

SERIES_COLOURS = 8
MAXIMUM_POINTS = 500
"""Points of one line: more cannot be told apart on a screen."""

MAXIMUM_LINES = 12
"""Lines of one figure: those with the least budget left."""


def burn_down_figure(found: Sequence[Standing]) -> Figure:
    """Error budget left over time: from 100 % down by everything bad that was measured."""
    chosen = sorted(
        (one for one in found if one.budget_left is not None), key=lambda one: one.budget_left or 0
    )[:MAXIMUM_LINES]
    traces: list[Mapping[str, Any]] = []
    for one in (each for each in found if each in chosen):
        points = _points(one)
        if points:
            shape = "hv" if one.kept is None else "linear"
            mode = "lines+markers" if one.kept is None else "lines"
            traces.append(
                {**_line(one.slo, points), "mode": mode}
                | {"line": {**_style(len(traces)), "shape": shape}}
            )
    return Figure(
        "Error budget burn-down",
        "Share of each objective's error budget that is left after every measurement, in percent "
        "of the budget of the whole period; below zero the objective is missed. A line ends where "
        "data ends." + _fewer(found, chosen) + " Times in UTC.",
        tuple(traces),
        {
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "budget left, %"}, "rangemode": "tozero"},
            "shapes": [_level(0.0)],
        },
        height=400,
    )


def days_figure(found: Sequence[tuple[Standing, Sequence[Stretch]]]) -> Figure:
    """Burn rate of each day: above 1 the day used more than its share of the budget."""
    chosen = sorted(found, key=lambda pair: pair[0].budget_left or Fraction(0))[:MAXIMUM_LINES]
    traces: list[Mapping[str, Any]] = []
    for one, days in (each for each in found if each in chosen):
        points = [(day.start, _burn(one, day)) for day in days]
        line = _line(one.slo, points, scale=1, unit="x")
        traces.append({**line, "mode": "lines+markers", "line": _style(len(traces))})
    return Figure(
        "Burn rate by day",
        "How fast each day used the error budget: 1 is just what the objective allows, above it "
        "the day missed the objective. No point where there is no data."
        + _fewer([one for one, _ in found], [one for one, _ in chosen]),
        tuple(traces),
        {
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "burn rate"}, "rangemode": "tozero"},
            "shapes": [_level(1.0)],
        },
        height=340,
    )


def _burn(one: Standing, day: Stretch) -> Fraction | None:
    if day.ratio is None or one.objective >= 1:
        return None
    return (1 - day.ratio) / (1 - one.objective)


def _points(one: Standing) -> Sequence[tuple[datetime, Fraction | None]]:
    if one.windows is not None:
        return budget_points(one.windows)
    return burn_down(one, MAXIMUM_POINTS)


def _line(
    name: str,
    points: Sequence[tuple[datetime, Fraction | None]],
    scale: int = 100,
    unit: str = " % left",
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": [at.isoformat() for at, _ in points],
        "y": [None if left is None else round(float(left) * scale, 4) for _, left in points],
        "connectgaps": False,
        "marker": {"size": 5},
        "hovertemplate": "%{fullData.name}<br>%{x|%Y-%m-%d %H:%M:%S}"
        f"<br>%{{y:.3~f}}{unit}<extra></extra>",
    }


def _style(index: int) -> Mapping[str, Any]:
    return {
        "width": 2,
        "color": f"token:series-{index % SERIES_COLOURS + 1}",
        "dash": "solid" if index < SERIES_COLOURS else "dot",
    }


def _level(at: float) -> Mapping[str, Any]:
    line = {"color": "token:bad", "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": line}


def _fewer(found: Sequence[Standing], chosen: Sequence[Standing]) -> str:
    if len(chosen) >= len(found) or len(chosen) < MAXIMUM_LINES:
        return ""
    return f" Only the {MAXIMUM_LINES} with the least budget left are drawn."


def budget_points(one: ObjectiveReport) -> list[tuple[datetime, Fraction]]:
    """(time, budget left 0..1) from the first measurement on, at most :data:`MAXIMUM_POINTS`."""
    budget = one.period.error_budget
    start = None
    if not budget:
        return []
    left = Fraction(1)
    points: list[tuple[datetime, Fraction]] = []
    for level in without_overlap(each for each in one.levels if each.total is not None):
        if level.good is None or level.total is None:
            continue
        start = level.window_start if start is None else min(start, level.window_start)
        left -= (exact(level.total) - exact(level.good)) / budget
        if points and points[-1][0] == level.window_end:
            points.pop()
        points.append((level.window_end, left))
    if start is not None:
        points.insert(0, (start, Fraction(1)))
    if len(points) <= MAXIMUM_POINTS:
        return points
    step = -(-len(points) // (MAXIMUM_POINTS - 1))
    return [*points[::step], points[-1]]
