"""The metrics over time, and which deployment is blamed for which incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from coffee_pipeline.dora.attribution import Attribution, Evidence
from coffee_pipeline.dora.intervals import SMALL
from coffee_pipeline.dora.quantiles import Distribution
from coffee_pipeline.dora.trend import TrendPoint
from coffee_pipeline.reports.dora_facts import LateChange
from coffee_pipeline.reports.dora_metric import interval_text
from coffee_pipeline.reports.page import Cell, Figure, Section, Table, Tone
from coffee_pipeline.reports.wording import NO_DATA, duration, moment, plural, share

MAXIMUM_ROWS = 60
"""Rows of the trend's table: the newest; the document for machines has all."""


def trend_section(points: Sequence[TrendPoint]) -> Section:
    """Deployments and lead time per day, week or month, with the counts under every point."""
    columns = ("From (UTC)", "Attempted", "Succeeded", "Failed", "Change fail rate",
               "Lead time (median)", "p75", "p90", "Recovery (median)", "Rework")  # fmt: skip
    shown = points[-MAXIMUM_ROWS:]
    busy = any(one.attempted for one in points)
    return Section(
        "Over time",
        figures=(_figure(points),) if busy and len(points) > 1 else (),
        tables=(
            Table(
                "Newest first",
                columns,
                tuple(_row(one) for one in reversed(shown)) if busy else (),
                "no deployment in the period",
            ),
        ),
    )


def _row(one: TrendPoint) -> tuple[Cell, ...]:
    failed = "" if one.failed is None else str(one.failed)
    rate = Cell("", number=True)
    if one.fail_rate is not None:
        rate = Cell(share(one.fail_rate), Tone.NEUTRAL, interval_text(one.interval), number=True)
    return (
        Cell(f"{one.start:%Y-%m-%d}", detail="in part" if one.partial else ""),
        Cell(str(one.attempted), number=True),
        Cell(str(one.deployments), number=True),
        Cell(failed, Tone.BAD if one.failed else Tone.NEUTRAL, number=True),
        rate,
        _median(one.lead_time, "change"),
        Cell(duration(one.lead_time.p75) if one.lead_time else "", Tone.MUTED, number=True),
        Cell(duration(one.lead_time.p90) if one.lead_time else "", Tone.MUTED, number=True),
        _median(one.recovery_time, "recovery", "recoveries"),
        Cell("" if one.rework is None else str(one.rework), number=True),
    )


def _median(spread: Distribution | None, noun: str, many: str | None = None) -> Cell:
    if spread is None:
        return Cell("", number=True)
    detail = plural(spread.count, noun, many)
    if spread.count < SMALL and spread.interval is not None:
        detail += f"; {interval_text(spread.interval, 'seconds')}"
    return Cell(duration(spread.median), Tone.NEUTRAL, detail, number=True)


def _figure(points: Sequence[TrendPoint]) -> Figure:
    """Bars of deployments with their counts, the failed ones apart."""
    days = [one.start.isoformat() for one in points]
    done = [one.attempted - (one.failed or 0) for one in points]
    failed = [one.failed or 0 for one in points]
    total, bad = sum(one.attempted for one in points), sum(failed)
    step = {1: "day", 7: "week"}.get((points[0].end - points[0].start).days, "month")
    traces: list[dict[str, Any]] = [
        {
            "type": "bar", "name": "not known to have failed", "x": days, "y": done,
            "marker": {"color": "token:good"},
            "text": [str(count) if count else "" for count in done],
            "hovertemplate": "%{x|%Y-%m-%d}: %{y}<extra></extra>",
        }
    ]  # fmt: skip
    if bad:
        traces.append(
            {
                "type": "bar", "name": "failed", "x": days, "y": failed,
                "marker": {"color": "token:bad", "pattern": {"shape": "/"}},
                "text": [str(count) if count else "" for count in failed],
                "textposition": "outside", "cliponaxis": False,  # not on the hatching
                "hovertemplate": "%{x|%Y-%m-%d}: %{y} failed<extra></extra>",
            }
        )  # fmt: skip
    words = f"{bad} of them failed" if bad else "none known to have failed"
    return Figure(
        f"Deployments per {step}",
        f"{total} deployments in {len(points)} {step}s, {words}; the count stands on every bar.",
        tuple(traces),
        {
            "barmode": "stack",
            "xaxis": {"type": "date"},
            "yaxis": {"title": {"text": "deployments"}},
        },
        height=300,
    )


def attribution_section(attributions: Sequence[Attribution]) -> Section:
    """Every incident of the period with the deployment blamed for it, and on what evidence."""
    columns = ("Opened (UTC)", "Service", "Incident", "Deployment", "Evidence", "Confidence", "Why")
    rows = tuple(
        (
            Cell(moment(one.incident.opened_at)),
            Cell(one.incident.service),
            Cell(one.incident.incident_id, detail=one.incident.title),
            Cell(one.deployment_id or NO_DATA, Tone.NEUTRAL if one.deployment_id else Tone.MUTED),
            Cell(one.evidence.value, Tone.MUTED if one.evidence is Evidence.NONE else Tone.NEUTRAL),
            Cell(f"{one.confidence:.1f}", number=True),
            Cell(one.reason),
        )
        for one in reversed(attributions[-MAXIMUM_ROWS:])
    )
    return Section(
        "Incidents and their causes",
        text=(
            "A link the incident names, a rollback or hotfix while it was open, or an objective "
            "missed soon after a deployment. Without any of these no deployment is blamed."
        ),
        tables=(Table("Newest first", columns, rows, "no incident in the period"),),
    )


def late_section(changes: Sequence[LateChange]) -> Section:
    """What became known of the period's incidents after they were recorded."""
    rows = tuple(
        (
            Cell(moment(one.recorded_at)),
            Cell(one.incident_id),
            Cell(
                "; ".join(f"{name}: {_said(old)} -> {_said(now)}" for name, old, now in one.changed)
            ),
        )
        for one in reversed(changes[-MAXIMUM_ROWS:])
    )
    return Section(
        "Told later",
        text=(
            "Each of these changed the numbers of this period once, when it was recorded. "
            "'report dora --as-of TIME' gives the report as it was before."
        ),
        tables=(
            Table("Newest first", ("Recorded (UTC)", "Incident", "What changed"), rows,
                  "nothing was told later of an incident of the period"),
        ),
    )  # fmt: skip


def _said(value: object) -> str:
    if isinstance(value, datetime):
        return f"{moment(value)} UTC"
    return "nothing" if value is None else str(value)
