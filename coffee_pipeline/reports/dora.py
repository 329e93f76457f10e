"""The delivery performance report: the five metrics of dora.dev, with goal, level and source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.dora.failures import Judged, Plan
from coffee_pipeline.dora.metrics import (
    DeliveryPerformance,
    Scope,
    performance_trend,
)
from coffee_pipeline.dora.quantiles import CONVENTION
from coffee_pipeline.dora.trend import Step
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.reports.dora_facts import recorded_performance
from coffee_pipeline.reports.dora_figures import lead_times, timeline
from coffee_pipeline.reports.dora_metric import (
    METRIC_COLUMNS,
    metric_row,
    metric_tile,
    metric_tone,
    metric_value,
    taken_over,
)
from coffee_pipeline.reports.dora_trend import attribution_section, trend_section
from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tone
from coffee_pipeline.reports.wording import (
    NO_DATA,
    duration,
    moment,
    plural,
    short,
)

MAXIMUM_ROWS = 200
"""Rows of the longest table: the newest; the history has the rest."""


def dora_page(
    history: HistoryReader,
    platform_name: str,
    now: datetime,
    days: int = 30,
    environment: str = "production",
    step: Step | None = None,
) -> Page:
    """The report over the last ``days`` days before ``now``; its trend in ``step``s.

    Raises:
        HistoryError: the history cannot be read.
    """
    found = recorded_performance(history, platform_name, now, days, environment)
    return Page(
        title=f"Delivery performance of {platform_name}",
        subtitle=(
            f"{plural(days, 'day')} until {moment(now)} UTC, deployments to {environment}. "
            "Definitions: dora.dev. Every number is taken from recorded commits, deployments and "
            "incidents."
        ),
        generated_at=now,
        sections=(
            _overview(found.platform),
            trend_section(performance_trend(found, step)),
            _by_service(found),
            _deployments(found),
            _failures(found),
            attribution_section(found.attributions),
            _definitions(found),
        ),
        numbers=_numbers(found),
    )


def _overview(scope: Scope) -> Section:
    return Section(
        "The five metrics",
        tiles=tuple(metric_tile(metric) for metric in scope.metrics),
        tables=(
            Table(
                "Platform", METRIC_COLUMNS, tuple(metric_row(metric) for metric in scope.metrics)
            ),
        ),
    )


def _by_service(found: DeliveryPerformance) -> Section:
    columns = ("Service", "Lead time (median)", "Deployments", "Recovery (median)",
               "Change fail rate", "Rework rate")  # fmt: skip
    rows = tuple(
        (
            Cell(scope.service or ""),
            *(
                Cell(
                    metric_value(metric),
                    metric_tone(metric),
                    taken_over(metric) if metric.count else "",
                    True,
                )
                for metric in scope.metrics
            ),
        )
        for scope in found.services
    )
    return Section(
        "By service",
        tables=(Table("Services deployed in the period", columns, rows, "no deployment recorded"),),
    )


def _deployments(found: DeliveryPerformance) -> Section:
    figures = []
    if found.deployments:
        figures.append(timeline(found.deployments))
    if found.changes:
        figures.append(lead_times(found.changes))
    rows = [
        (
            Cell(moment(one.deployment.finished_at)),
            Cell(one.deployment.service),
            Cell(short(one.deployment.revision)),
            Cell(one.deployment.strategy),
            _outcome(one),
            Cell(duration(_seconds(one.deployment)), number=True),
            Cell(one.plan.value, Tone.WARNING if one.plan is Plan.REWORK else Tone.MUTED),
        )
        for one in reversed(found.deployments[-MAXIMUM_ROWS:])
    ]
    columns = ("Ended (UTC)", "Service", "Revision", "Strategy", "Outcome", "Took", "Plan")
    return Section(
        "Deployments",
        figures=tuple(figures),
        tables=(Table("Newest first", columns, tuple(rows), "no deployment in the period"),),
    )


def _outcome(one: Judged) -> Cell:
    good = one.failure is None
    text = one.deployment.outcome.replace("_", " ")
    return Cell(text, Tone.GOOD if good else Tone.BAD)


def _seconds(deployment: Deployment) -> float:
    return (deployment.finished_at - deployment.started_at).total_seconds()


def _failures(found: DeliveryPerformance) -> Section:
    failed = [one for one in found.deployments if one.failure is not None]
    rows = tuple(_failure_row(one) for one in reversed(failed[-MAXIMUM_ROWS:]))
    columns = ("Ended (UTC)", "Service", "Revision", "Why", "Incident", "Recovered in")
    return Section(
        "Failed deployments",
        text="Rolled back, failed, named by an incident, or undone by an operator.",
        tables=(
            Table(
                "Newest first",
                columns,
                rows,
                "none failed" if found.deployments else "no deployment in the period",
            ),
        ),
    )


def _failure_row(one: Judged) -> tuple[Cell, ...]:
    deployment = one.deployment
    incidents = ", ".join(each.incident_id for each in one.incidents)
    failure = one.failure or ""
    # The pipeline's own incidents carry the reason in their title: it is said once.
    titles = "; ".join(each.title for each in one.incidents if failure not in each.title)
    return (
        Cell(moment(deployment.finished_at)),
        Cell(deployment.service),
        Cell(short(deployment.revision)),
        Cell(failure),
        Cell(incidents or "none recorded", Tone.NEUTRAL if incidents else Tone.MUTED, titles),
        _recovery(one.incidents),
    )


def _recovery(incidents: Sequence[Incident]) -> Cell:
    if not incidents:
        return Cell(NO_DATA, Tone.MUTED, number=True)
    ends = [one.resolved_at for one in incidents if one.resolved_at is not None]
    if len(ends) < len(incidents):
        return Cell("still open", Tone.BAD, number=True)
    opened = min(one.opened_at for one in incidents)
    seconds = (max(ends) - opened).total_seconds()
    return Cell(duration(seconds) if seconds >= 0 else NO_DATA, number=True)


def _definitions(found: DeliveryPerformance) -> Section:
    return Section(
        "How these numbers are made",
        notes=(
            "Lead time for changes: from commit to the end of the successful production deployment "
            "that first contains it, for each service the commit touches.",
            "Deployment frequency: successful production deployments without rollbacks, over the "
            "days of the period since the first one known, at least one day (here "
            f"{found.observed_days:.1f}).",
            "Change fail rate: production deployments that were rolled back, failed, are named by "
            "an incident or were undone by an operator / deployments attempted.",
            "Failed deployment recovery time: from opening to resolution of incidents that name a "
            "deployment.",
            "Rework rate: deployments made because the one before failed (rollback, new try, or a "
            "commit made after it) / all deployments.",
            "Incidents that name no deployment: attributed by evidence, a rollback or hotfix while "
            "they were open, else an objective missed soon after a deployment; else to none.",
            f"Medians and percentiles: {CONVENTION}. Intervals of rates: Wilson score, 95 %.",
            "Levels: DORA's Accelerate State of DevOps report 2024; for change fail rate that of "
            "2023, as the levels of 2024 are not in order there. Goals: this platform's own.",
            *found.notes,
        ),
    )


def _numbers(found: DeliveryPerformance) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {"production deployments": len(found.deployments)}
    for metric in found.platform.metrics:
        unit = {"seconds": " (s)", "per day": " (per day)"}.get(metric.unit, "")
        numbers[f"{metric.name}{unit}"] = NO_DATA if metric.value is None else metric.value
    return numbers
