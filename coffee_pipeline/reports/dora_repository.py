"""The delivery performance report of a Git repository alone: proxies, named as such."""

from __future__ import annotations

from datetime import UTC, datetime

from coffee_pipeline.dora.proxy_metrics import RepositoryPerformance
from coffee_pipeline.dora.proxy_period import FailedDeployment
from coffee_pipeline.dora.quantiles import CONVENTION
from coffee_pipeline.reports.dora_metric import (
    METRIC_COLUMNS,
    calendar_notes,
    metric_row,
    metric_tile,
    metric_title,
    metric_value,
    taken_over,
)
from coffee_pipeline.reports.dora_trend import trend_section
from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tone
from coffee_pipeline.reports.wording import NO_DATA, duration, moment, plural, short

MAXIMUM_ROWS = 200


def repository_page(found: RepositoryPerformance, now: datetime) -> Page:
    """The report as a page."""
    name = found.log.path.resolve().name
    period = found.period
    span = "no period: there is nothing to date it by"
    if period.start is not None and period.end is not None:
        span = f"{moment(period.start)} to {moment(period.end)} UTC"
    return Page(
        title=f"Delivery performance of {name}",
        subtitle=(
            f"{span}. A repository holds no deployment records: {found.chosen.method} stand for "
            "deployments, so every number here is a proxy."
        ),
        generated_at=now,
        sections=(
            Section(
                "The five metrics",
                tiles=tuple(metric_tile(one) for one in found.metrics),
                tables=(
                    Table("Proxies", METRIC_COLUMNS, tuple(metric_row(m) for m in found.metrics)),
                ),
            ),
            *_components(found),
            trend_section(found.trend),
            _failures(found),
            _methods(found),
        ),
        numbers={one.name: NO_DATA if one.value is None else one.value for one in found.metrics},
    )


def _components(found: RepositoryPerformance) -> tuple[Section, ...]:
    if not found.components:
        return ()
    rows = tuple(
        (
            Cell(component_title(name)),
            *(Cell(metric_value(one), detail=taken_over(one), number=True) for one in own),
        )
        for name, own in list(found.components.items())[:MAXIMUM_ROWS]
    )
    columns = ("Component", *(metric_title(one) for one in found.metrics))
    return (
        Section(
            "Components",
            text="As the release tags name them. A change counts once: to the component that "
            "released it first.",
            tables=(Table("By name", columns, rows),),
        ),
    )


def component_title(name: str) -> str:
    """A component's name as shown; release tags without one are named so."""
    return name or "(no name)"


def _failures(found: RepositoryPerformance) -> Section:
    rows = tuple(_failure(one) for one in reversed(found.failures[-MAXIMUM_ROWS:]))
    columns = ("At (UTC)", "Deployment", "Revision", "Evidence", "Put right by", "After")
    return Section(
        "Deployments taken for failed",
        text=f"{len(found.failures)} of {plural(len(found.deployments), 'deployment')}.",
        tables=(
            Table("Newest first", columns, rows,
                  "no revert or hotfix recognised: no proof that none failed"),
        ),
    )  # fmt: skip


def _failure(one: FailedDeployment) -> tuple[Cell, ...]:
    recovery = one.recovery_seconds
    return (
        Cell(moment(datetime.fromtimestamp(one.deployment.at, UTC))),
        Cell(one.deployment.name),
        Cell(short(one.deployment.revision)),
        Cell("; ".join(one.evidence[:5])),
        Cell(one.repaired_by.name if one.repaired_by else "none recorded", Tone.NEUTRAL),
        Cell(duration(recovery) if recovery is not None else NO_DATA, number=True),
    )


def _methods(found: RepositoryPerformance) -> Section:
    rows = tuple(
        (
            Cell(metric_title(one)),
            Cell(metric_value(one), Tone.NEUTRAL if one.value is not None else Tone.MUTED),
            Cell(one.method),
            Cell(one.reason or ""),
        )
        for one in found.metrics
    )
    return Section(
        "How these numbers are made",
        tables=(
            Table("Methods", ("Metric", "Value", "Method", "Why a proxy, or why no number"), rows),
            Table(
                "Not read",
                ("What",),
                tuple((Cell(one, Tone.WARNING),) for one in found.unread),
                "everything was read",
            ),
        ),
        notes=(
            *calendar_notes(found.calendar),
            *found.notes,
            f"Medians and percentiles: {CONVENTION}. Intervals, 95 %: Wilson score "
            "of rates, order statistics of medians (of six values or more).",
            "Definitions: dora.dev.",
        ),
    )
