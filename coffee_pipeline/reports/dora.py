"""The delivery performance report: the five metrics of dora.dev, with goal, level and source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from coffee_pipeline.dora.failures import Judged, Plan
from coffee_pipeline.dora.metrics import (
    DeliveryPerformance,
    performance_trend,
)
from coffee_pipeline.dora.quantiles import CONVENTION
from coffee_pipeline.dora.trend import Step
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.reports.dora_facts import LateChange, recorded_performance, told_later
from coffee_pipeline.reports.dora_failures import failures_section
from coffee_pipeline.reports.dora_figures import lead_times, timeline
from coffee_pipeline.reports.dora_metric import (
    METRIC_COLUMNS,
    calendar_notes,
    metric_row,
    metric_tile,
)
from coffee_pipeline.reports.dora_phases import phases_section
from coffee_pipeline.reports.dora_scopes import scopes_section
from coffee_pipeline.reports.dora_sql import of_metric, of_stages
from coffee_pipeline.reports.dora_trend import attribution_section, late_section, trend_section
from coffee_pipeline.reports.opening import Opener, opening
from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tone
from coffee_pipeline.reports.wording import (
    NO_DATA,
    duration,
    moment,
    plural,
    short,
)
from coffee_pipeline.tools.collection import collector_paused

MAXIMUM_ROWS = 200
"""Rows of the longest table: the newest; the history has the rest."""


def dora_page(
    history: HistoryReader,
    platform_name: str,
    now: datetime,
    days: int = 30,
    environment: str = "production",
    step: Step | None = None,
    teams: Mapping[str, str] | None = None,
    *,
    services: Collection[str] = (),
    since: datetime | None = None,
    as_of: datetime | None = None,
    calendar: WorkingCalendar | None = None,
) -> Page:
    """The report over the last ``days`` days before ``now``; its trend in ``step``s.

    ``teams`` are the owners of services; the others are those of :func:`recorded_performance`.

    Raises:
        HistoryError: the history cannot be read.
    """
    with collector_paused():
        found = recorded_performance(
            history, platform_name, now, days, environment, teams,
            services=services, since=since, as_of=as_of, calendar=calendar,
        )  # fmt: skip
        late = told_later(history, found)
        with opening(history) as opener:
            return performance_page(found, platform_name, opener, now, step, late, as_of)


def performance_page(
    found: DeliveryPerformance,
    platform_name: str,
    opener: Opener,
    now: datetime,
    step: Step | None = None,
    late: Sequence[LateChange] = (),
    as_of: datetime | None = None,
) -> Page:
    """The report of what was found; its numbers open to rows by ``opener``.

    ``late`` is what became known afterwards; ``as_of`` is said where the report is of then.

    Raises:
        HistoryError: the rows cannot be read.
    """
    days = (found.end - found.start).days
    return Page(
        title=f"Delivery performance of {platform_name}",
        subtitle=(
            f"{plural(days, 'day')} until {moment(found.end)} UTC, deployments to "
            f"{found.environment}. Definitions: dora.dev. Every number is taken from recorded "
            "commits, deployments and incidents."
            + (f" As it was known at {moment(as_of)} UTC." if as_of else "")
        ),
        generated_at=now,
        sections=(
            _overview(found, opener),
            trend_section(performance_trend(found, step)),
            _phases(found, opener),
            scopes_section(found, opener),
            _deployments(found),
            failures_section(found, opener),
            attribution_section(found.attributions),
            late_section(late),
            _definitions(found),
        ),
        numbers=_numbers(found),
    )


def _overview(found: DeliveryPerformance, opener: Opener) -> Section:
    scope = found.platform
    return Section(
        "The five metrics",
        text=_went_out(found),
        tiles=tuple(metric_tile(metric) for metric in scope.metrics),
        tables=(
            Table(
                "Platform",
                METRIC_COLUMNS,
                tuple(metric_row(metric) for metric in scope.metrics),
                opened=tuple(
                    (opener.open(f"Rows behind: {one.name}", of_metric(found, scope, one.name)),)
                    if one.count
                    else ()
                    for one in scope.metrics
                ),
            ),
        ),
    )


def _went_out(found: DeliveryPerformance) -> str:
    """How many revisions, and in how many deployments: every service is deployed by itself."""
    changes = [one for one in found.deployments if one.is_change]
    revisions = {one.deployment.revision for one in changes}
    failed = sum(one.failure is not None for one in changes)
    if not changes:
        return ""
    return (
        f"{plural(len(revisions), 'revision')} went out in "
        f"{plural(len(changes), 'deployment')}, as each service is deployed by itself; "
        f"{failed} failed."
    )


def _phases(found: DeliveryPerformance, opener: Opener) -> Section:
    known = any(one.spread for one in found.phases)
    services = found.platform.members
    opened = [opener.open("Runs of stages", of_stages(services, found.start, found.end))] \
        if known else []  # fmt: skip
    return phases_section(found.phases, opened)


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
            f"Medians and percentiles: {CONVENTION}. Intervals, 95 %: Wilson score "
            "of rates, order statistics of medians (of six values or more).",
            "Levels: DORA's Accelerate State of DevOps report 2024; for change fail rate that of "
            "2023, as the levels of 2024 are not in order there. Goals: this platform's own.",
            *calendar_notes(found.calendar),
            *found.notes,
        ),
    )


def _numbers(found: DeliveryPerformance) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {"production deployments": len(found.deployments)}
    numbers["deployed revisions"] = len({one.deployment.revision for one in found.deployments})
    for metric in found.platform.metrics:
        unit = {"seconds": " (s)", "per day": " (per day)"}.get(metric.unit, "")
        numbers[f"{metric.name}{unit}"] = NO_DATA if metric.value is None else metric.value
    return numbers
