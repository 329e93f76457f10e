"""Figures of the delivery performance report."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.failures import ROLLBACK, Judged
from coffee_pipeline.dora.metric import LEAD_TIME_GOAL_SECONDS
from coffee_pipeline.reports.page import Figure
from coffee_pipeline.reports.wording import duration, short

_KINDS = (
    ("succeeded", "good", "circle"),
    ("rolled back or failed", "bad", "x"),
    ("rollback by an operator", "warning", "triangle-left"),
)


def timeline(deployments: Sequence[Judged]) -> Figure:
    """One mark a deployment: when, of which service, with which outcome (colour and shape)."""
    services = sorted({one.deployment.service for one in deployments}, reverse=True)
    traces = []
    for name, colour, symbol in _KINDS:
        ours = [one for one in deployments if _kind(one) == name]
        if not ours:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{name} ({len(ours)})",
                "x": [one.deployment.finished_at.isoformat() for one in ours],
                "y": [one.deployment.service for one in ours],
                "text": [_hover(one) for one in ours],
                "hovertemplate": "%{y}, %{x|%Y-%m-%d %H:%M:%S} UTC<br>%{text}<extra></extra>",
                "marker": {
                    "symbol": symbol,
                    "size": 12,
                    "color": f"token:{colour}",
                    "line": {"width": 1, "color": "token:card"},
                },
            }
        )
    failed = sum(one.failure is not None for one in deployments)
    return Figure(
        "Deployments to production",
        f"{len(deployments)} deployments of {len(services)} services, {failed} of them failed; "
        "circles succeeded, crosses were rolled back or failed. Times in UTC.",
        tuple(traces),
        {
            "xaxis": {"type": "date"},
            "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": services},
        },
        height=150 + 34 * len(services),
    )


def _kind(one: Judged) -> str:
    if one.failure is not None:
        return _KINDS[1][0]
    return _KINDS[2][0] if one.deployment.strategy == ROLLBACK else _KINDS[0][0]


def _hover(one: Judged) -> str:
    """Plotly renders a few tags in hover texts, so the angle brackets of our facts go."""
    said = one.failure or one.deployment.reason or one.deployment.outcome
    plain = " ".join(said.split())[:160].replace("<", "&lt;").replace(">", "&gt;")
    return f"{short(one.deployment.revision)} {one.deployment.strategy}: {plain}"


def lead_times(changes: Sequence[DeliveredChange]) -> Figure:
    """How the lead times are spread, one histogram over all services, with the goal."""
    hours = [round(one.lead_time / 3600, 5) for one in changes]
    goal = LEAD_TIME_GOAL_SECONDS / 3600
    longest = max(one.lead_time for one in changes)
    unit, scale = ("minutes", 60.0) if longest < 7200 else ("hours", 1.0)
    marked = longest / 3600 >= goal
    return Figure(
        "Lead time for changes",
        f"{len(changes)} changes by lead time in {unit}, the longest {duration(longest)}; the goal "
        f"is a median under {duration(LEAD_TIME_GOAL_SECONDS)}"
        + ("." if marked else ", which no change exceeds."),
        (
            {
                "type": "histogram",
                "x": [round(hour * scale, 3) for hour in hours],
                "nbinsx": 20,
                "marker": {"color": "token:accent", "line": {"width": 1, "color": "token:card"}},
                "hovertemplate": f"%{{x}} {unit}: %{{y}} changes<extra></extra>",
            },
        ),
        {
            "xaxis": {"title": {"text": f"lead time, {unit}"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": "changes"}, "dtick": 1 if len(hours) <= 10 else None},
            "shapes": [_goal_line(goal * scale)] if marked else [],
        },
        height=280,
    )


def _goal_line(at: float) -> dict[str, object]:
    return {
        "type": "line",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"color": "token:good", "width": 2, "dash": "dash"},
    }
