"""Figures of the SLO report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from coffee_pipeline.reports.page import Figure
from coffee_pipeline.reports.slo_objectives import ObjectiveReport
from coffee_pipeline.slo.budget import exact, without_overlap

SERIES_COLOURS = 8
MAXIMUM_POINTS = 500
"""Points of one line: more cannot be told apart on a screen."""


def burn_down(objectives: Sequence[ObjectiveReport]) -> Figure:
    """Error budget left over time: from 100 % down by every bad event that was measured."""
    traces = []
    for index, one in enumerate(objectives):
        points = budget_points(one)
        if not points:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": one.slo,
                "x": [at.isoformat() for at, _ in points],
                "y": [round(float(left) * 100, 4) for _, left in points],
                "line": {
                    "shape": "hv",
                    "width": 2,
                    "color": f"token:series-{index % SERIES_COLOURS + 1}",
                    "dash": "solid" if index < SERIES_COLOURS else "dot",
                },
                "marker": {"size": 5},
                "hovertemplate": "%{fullData.name}<br>%{x|%Y-%m-%d %H:%M:%S}"
                "<br>%{y:.1f} % left<extra></extra>",
            }
        )
    return Figure(
        "Error budget burn-down",
        "Share of each objective's error budget that is left after every measurement, in percent "
        "of the budget of all events of the period; below zero the objective is missed. Times in "
        "UTC.",
        tuple(traces),
        {
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "budget left, %"}, "rangemode": "tozero"},
            "shapes": [
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": 0,
                    "y1": 0,
                    "line": {"color": "token:bad", "width": 1.5, "dash": "dash"},
                }
            ],
        },
        height=400,
    )


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
