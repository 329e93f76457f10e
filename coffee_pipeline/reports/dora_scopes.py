"""Platform, teams and services side by side, each number with what it was taken over."""

from __future__ import annotations

from coffee_pipeline.dora.intervals import SMALL
from coffee_pipeline.dora.metric import Metric
from coffee_pipeline.dora.metrics import DeliveryPerformance
from coffee_pipeline.dora.scope import Scope
from coffee_pipeline.reports.dora_metric import (
    interval_text,
    metric_tone,
    metric_value,
    taken_over,
    working_text,
)
from coffee_pipeline.reports.dora_sql import of_deployments, of_failures
from coffee_pipeline.reports.opening import Opener
from coffee_pipeline.reports.page import Cell, Opened, Section, Table

MAXIMUM_OPENED = 30
"""Scopes whose rows are opened; the statement of one is easily made into that of another."""


def scopes_section(found: DeliveryPerformance, opener: Opener) -> Section:
    """The five metrics of the platform, of every team and of every service."""
    columns = ("", "Name", "Lead time (median)", "Deployments", "Recovery (median)",
               "Change fail rate", "Rework rate")  # fmt: skip
    scopes = [found.platform, *found.teams, *found.services] if found.services else []
    teams = "" if found.teams else " No service names an owner, so there are no teams."
    return Section(
        "By platform, team and service",
        text=(
            "The platform's and a team's numbers are taken over all deployments of their services; "
            f"a team owns the services it is first owner of. Rates over fewer than {SMALL} "
            f"deployments are small numbers: look at their interval.{teams}"
        ),
        tables=(
            Table(
                "In the period",
                columns,
                tuple(_row(one) for one in scopes),
                "no deployment recorded",
                tuple(_opened(found, one, opener) for one in scopes)
                if len(scopes) <= MAXIMUM_OPENED
                else (),
            ),
        ),
    )


def _row(scope: Scope) -> tuple[Cell, ...]:
    return (
        Cell(scope.kind),
        Cell(scope.service or "all"),
        *(Cell(metric_value(one), metric_tone(one), _detail(one), True) for one in scope.metrics),
    )


def _detail(metric: Metric) -> str:
    if not metric.count:
        return ""
    sure = interval_text(metric.interval, metric.unit) if metric.value is not None else ""
    more = "; ".join(filter(None, (sure, working_text(metric))))
    few = ", a small number" if metric.value is not None and metric.count < SMALL else ""
    return f"{taken_over(metric)}{few}{f'; {more}' if more else ''}"


def _opened(found: DeliveryPerformance, scope: Scope, opener: Opener) -> tuple[Opened, ...]:
    failed = scope.change_fail_rate.events
    return tuple(
        opener.open(summary, sql)
        for summary, sql in (
            ("Deployments of the period", of_deployments(found, scope.members)),
            ("Those that failed", of_failures(found, scope) if failed else ""),
        )
        if sql
    )
