"""Figures of the security report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.reports.page import Figure
from coffee_pipeline.reports.security_facts import Row

SEVERITIES = ("critical", "high", "medium", "low", "info")
AGES = (("under a day", 1), ("1 to 7 days", 7), ("7 to 30 days", 30), ("30 to 90 days", 90),
        ("over 90 days", float("inf")))  # fmt: skip
"""Names of ages, and the days below which they end."""

_COLOURS = {
    "critical": "token:bad", "high": "token:warning", "medium": "token:series-1",
    "low": "token:series-2", "info": "token:series-8",
}  # fmt: skip
MAXIMUM_NIGHTS = 60


def age_of(issue: Row, now: datetime) -> str:
    """How long an issue has been known, in the words of :data:`AGES`."""
    days = (now - issue["first_seen"]).total_seconds() / 86_400
    return next(name for name, end in AGES if days < end)


def ages(issues: Sequence[Row], now: datetime) -> Figure:
    """Open issues by age, each severity a part of the bar."""
    counts = Counter((age_of(one, now), one["severity"]) for one in issues)
    names = [name for name, _ in AGES]
    traces = [
        {
            "type": "bar",
            "name": severity,
            "x": names,
            "y": [counts[name, severity] for name in names],
            "text": [str(counts[name, severity] or "") for name in names],
            "marker": {"color": _COLOURS[severity]},
            "hovertemplate": "%{x}: %{y} " + severity + "<extra></extra>",
        }
        for severity in SEVERITIES
        if any(counts[name, severity] for name in names)
    ]
    return Figure(
        "Open issues by severity and age",
        f"{len(issues)} open issues by the time since they were first seen; the count stands on "
        "every part.",
        tuple(traces),
        {"barmode": "stack", "yaxis": {"title": {"text": "open issues"}}},
        height=320,
    )


def changes(nights: Sequence[tuple[str, int, int]]) -> Figure:
    """What came, upwards, and what was fixed, downwards, each night or day."""
    shown = nights[-MAXIMUM_NIGHTS:]
    names = [name for name, _, _ in shown]
    come, fixed = [one[1] for one in shown], [one[2] for one in shown]
    return Figure(
        "New and fixed",
        f"{sum(come)} new or come back, {sum(fixed)} fixed in {len(shown)} nights; new ones "
        "upwards, fixed ones downwards.",
        (
            {
                "type": "bar", "name": "new or come back", "x": names, "y": come,
                "text": [str(count or "") for count in come],
                "marker": {"color": "token:bad"},
                "hovertemplate": "%{x}: %{y} new<extra></extra>",
            },
            {
                "type": "bar", "name": "fixed", "x": names, "y": [-count for count in fixed],
                "text": [str(count or "") for count in fixed],
                "marker": {"color": "token:good", "pattern": {"shape": "/"}},
                "hovertemplate": "%{x}: %{text} fixed<extra></extra>",
            },
        ),
        {
            "barmode": "relative",
            "xaxis": {"type": "category"},
            "yaxis": {"title": {"text": "findings"}},
        },
        height=300,
    )  # fmt: skip


def covered(sweeps: Sequence[Row]) -> Figure:
    """Scans that gave a whole answer, and those that did not, of every sweep."""
    shown = sweeps[-MAXIMUM_NIGHTS:]
    names = [one["sweep_id"] for one in shown]
    whole = [one["completed"] for one in shown]
    rest = [one["scans"] - one["completed"] for one in shown]
    return Figure(
        "Coverage of every sweep",
        f"The last of {len(shown)} sweeps: {whole[-1]} scans gave a whole answer, {rest[-1]} did "
        "not.",
        (
            {"type": "bar", "name": "checked", "x": names, "y": whole,
             "text": [str(count) for count in whole], "marker": {"color": "token:good"},
             "hovertemplate": "%{x}: %{y} checked<extra></extra>"},
            {"type": "bar", "name": "not checked", "x": names, "y": rest,
             "text": [str(count or "") for count in rest],
             "marker": {"color": "token:bad", "pattern": {"shape": "/"}},
             "hovertemplate": "%{x}: %{y} not checked<extra></extra>"},
        ),
        {
            "barmode": "stack",
            "xaxis": {"type": "category"},
            "yaxis": {"title": {"text": "scans"}},
        },
        height=280,
    )  # fmt: skip
