"""Series that tell of the delivery itself: their names, and their values from the history.

They are gauges of what the history says now; Prometheus keeps their past. A figure that has no
rows has no series: nothing is a zero for want of data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from coffee_pipeline.history.reader import HistoryReader

DAYS = 30
"""What "lately" means; every ``?`` of the statements is its beginning."""


@dataclass(frozen=True, slots=True)
class Series:
    """One gauge: name, help, labels, and SQL whose first column is the value, the rest labels."""

    name: str
    text: str
    labels: tuple[str, ...]
    sql: str


_DEPLOYED = "FROM deployments WHERE strategy <> 'rollback' AND finished_at > ?"
SERIES: Mapping[str, Series] = {
    one.name: one
    for one in (
        Series(
            "coffee_step_duration_seconds",
            "Time that a step of the pipeline took when it last ran.",
            ("service", "stage", "step"),
            "SELECT epoch(arg_max(finished_at - started_at, finished_at)), service, stage, step "
            "FROM stage_runs GROUP BY ALL",
        ),
        Series(
            "coffee_step_runs",
            "Runs of steps in the last 30 days, by how they ended.",
            ("service", "stage", "outcome"),
            "SELECT count(*), service, stage, outcome FROM stage_runs "
            "WHERE finished_at > ? GROUP BY ALL",
        ),
        Series(
            "coffee_gate_decisions",
            "Decisions of gates in the last 30 days, by verdict.",
            ("service", "gate", "verdict"),
            "SELECT count(*), service, gate, verdict FROM gate_decisions "
            "WHERE decided_at > ? GROUP BY ALL",
        ),
        Series(
            "coffee_open_findings",
            "Findings that are open now, by severity.",
            ("service", "severity"),
            "SELECT count(*), service, severity FROM open_findings GROUP BY ALL",
        ),
        Series(
            "coffee_deployments",
            "Deployments that ended in the last 30 days, by what they came to.",
            ("service", "environment", "outcome"),
            f"SELECT count(*), service, environment, outcome {_DEPLOYED} GROUP BY ALL",
        ),
        Series(
            "coffee_last_deployment_timestamp_seconds",
            "When the last deployment ended.",
            ("service", "environment"),
            f"SELECT epoch(max(finished_at)), service, environment {_DEPLOYED} GROUP BY ALL",
        ),
        Series(
            "coffee_incidents",
            "Incidents that began in the last 30 days.",
            ("service", "environment", "severity", "state"),
            "SELECT count(*), service, environment, severity, "
            "CASE WHEN resolved_at IS NULL THEN 'open' ELSE 'resolved' END "
            "FROM incidents WHERE opened_at > ? GROUP BY ALL",
        ),
        Series(
            "coffee_last_recovery_seconds",
            "Time from the beginning of the incident that ended last to its end.",
            ("service", "environment"),
            "SELECT arg_max(epoch(resolved_at - opened_at), resolved_at), service, environment "
            "FROM incidents WHERE resolved_at > ? GROUP BY ALL",
        ),
        Series(
            "coffee_last_lead_time_seconds",
            "Time from the commit of the last deployment that succeeded to its end.",
            ("service", "environment"),
            "SELECT arg_max(epoch(finished_at - committed_at), finished_at), service, environment "
            "FROM deployments JOIN (SELECT revision, any_value(committed_at) AS committed_at "
            "FROM revisions GROUP BY revision) USING (revision) "
            "WHERE strategy <> 'rollback' AND outcome = 'succeeded' AND finished_at > ? "
            "GROUP BY ALL",
        ),
    )
}
"""Every series, by name."""


def exposition(history: HistoryReader, now: datetime) -> str:
    """The series' values at ``now``, as the text that Prometheus scrapes."""
    since = now - timedelta(days=DAYS)
    registry = CollectorRegistry()
    for series in SERIES.values():
        gauge = Gauge(series.name, series.text, series.labels, registry=registry)
        for value, *labels in history.answer(series.sql, [since] * series.sql.count("?")).rows:
            if value is not None:
                words = ("" if one is None else str(one) for one in labels)
                gauge.labels(*words).set(float(str(value)))
    return generate_latest(registry).decode("utf-8")
