"""Dashboards of the delivery: what the pipeline does, and how the team delivers."""

from __future__ import annotations

from coffee_pipeline.observability.panels import Board, Query
from coffee_pipeline.observability.service_dashboards import identifier
from coffee_pipeline.observability.subject import Subject

FAILED = 'outcome=~"failed|rolled_back"'


def pipeline_dashboard(subject: Subject) -> str:
    """Steps, gates and findings of the pipeline."""
    name = subject.platform.name
    board = Board(
        identifier(name, "pipeline"), f"{name} - pipeline",
        "Steps, gates and findings of the delivery pipeline, from its history.",
        [name, "pipeline"],
    )  # fmt: skip
    board.row("Steps")
    board.lines("Slowest steps", "s", [
        Query("topk(10, coffee_step_duration_seconds)", "{{service}} {{step}}"),
    ], "Time that steps took when they last ran.", width=12)  # fmt: skip
    board.lines("Steps by outcome", "short", [
        Query("sum by (outcome) (coffee_step_runs)", "{{outcome}}"),
    ], "Runs of steps in the last 30 days.", width=12)  # fmt: skip
    board.row("Gates and findings")
    board.lines("Gates", "short", [
        Query("sum by (gate, verdict) (coffee_gate_decisions)", "{{gate}} {{verdict}}"),
    ], "Decisions of gates in the last 30 days.", width=12)  # fmt: skip
    board.lines("Open findings", "short", [
        Query("sum by (severity) (coffee_open_findings)", "{{severity}}"),
    ], "Findings that are open, by severity.", width=12)  # fmt: skip
    board.row("Monitoring")
    board.lines("Targets seen", "percentunit", [
        Query("avg by (job) (avg_over_time(up[1h]))", "{{job}}"),
    ], "Share of scrapes that were answered within the last hour.", width=12)  # fmt: skip
    board.lines("Alerts", "short", [
        Query('sum by (alertname) (ALERTS{alertstate="firing", alertname!="Watchdog"})',
              "{{alertname}}"),
    ], "Alerts that fire.", width=12)  # fmt: skip
    return board.text()


def dora_dashboard(subject: Subject) -> str:
    """How the team delivers. The metrics proper, with their formulas, are those of the report."""
    name, production = subject.platform.name, subject.platform.rollout.environments[-1]
    own = f'environment="{production}"'
    board = Board(
        identifier(name, "dora"), f"{name} - delivery",
        "Deployments, failures and recovery in the last 30 days, from the pipeline's history. "
        "'coffee-pipeline report dora' has the metrics with their formulas, counts and rows.",
        [name, "dora"],
    )  # fmt: skip
    board.row("Deployments")
    board.lines("Deployment frequency", "short", [
        Query(f"sum by (service) (coffee_deployments{{{own}}}) / 30", "{{service}}"),
    ], "Deployments a day, over 30 days.", width=12)  # fmt: skip
    board.lines("Time since the last deployment", "s", [
        Query(f"time() - coffee_last_deployment_timestamp_seconds{{{own}}}", "{{service}}"),
    ], "How long ago the last deployment ended.", width=12)  # fmt: skip
    board.row("Stability and speed")
    every = f"sum by (service) (coffee_deployments{{{own}}})"
    failed = f"sum by (service) (coffee_deployments{{{own}, {FAILED}}})"
    board.lines("Change fail rate", "percentunit", [
        Query(f"({failed} or {every} * 0) / {every}", "{{service}}"),
    ], "Share of deployments that failed or were rolled back.")  # fmt: skip
    board.lines("Lead time of the last change", "s", [
        Query(f"coffee_last_lead_time_seconds{{{own}}}", "{{service}}"),
    ], "From the commit to the end of its deployment.")  # fmt: skip
    board.lines("Recovery of the last failure", "s", [
        Query(f"coffee_last_recovery_seconds{{{own}}}", "{{service}}"),
    ], "From the beginning of the last incident to its end.")  # fmt: skip
    board.row("Incidents")
    board.lines("Incidents", "short", [
        Query(f"sum by (service, state) (coffee_incidents{{{own}}})", "{{service}} {{state}}"),
    ], "Incidents of the last 30 days, by whether they are over.", width=12)  # fmt: skip
    return board.text()
