"""The statements that the numbers of the delivery report open to: copied, they run as they stand.

What was delivered, failed or blamed is decided by the rules of ``coffee_pipeline.dora``; the
statements name the records that these rules chose, and give what was recorded of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.metrics import DeliveryPerformance
from coffee_pipeline.dora.scope import Scope
from coffee_pipeline.reports.opening import literal

NAMED = 500
"""Records that a statement names one by one; of more it names the newest, and says so."""


def of_metric(found: DeliveryPerformance, scope: Scope, name: str) -> str:
    """The rows that a metric of ``scope`` was taken from."""
    if name == "lead time for changes":
        return of_changes([one for one in found.changes if one.service in scope.members])
    if name == "failed deployment recovery time":
        return of_incidents(
            [
                one.incident_id
                for one in found.incidents
                if one.service in scope.members
                and one.deployment_id is not None
                and one.resolved_at is not None
                and one.resolved_at >= one.opened_at
            ]
        )
    more = {
        "deployment frequency": "\n  AND strategy <> 'rollback' AND outcome = 'succeeded'",
        "change fail rate": "\n  AND strategy <> 'rollback'",
    }.get(name, "")
    return of_deployments(found, scope.members, more)


def of_failures(found: DeliveryPerformance, scope: Scope) -> str:
    """The deployments that count as failed."""
    return _named_deployments(
        [
            one.deployment.deployment_id
            for one in found.deployments
            if one.failure is not None and one.deployment.service in scope.members
        ]
    )


def of_deployments(found: DeliveryPerformance, services: Collection[str], more: str = "") -> str:
    """The deployments of the period."""
    return (
        "SELECT deployment_id, service, revision, strategy, started_at, finished_at, outcome,\n"
        f"  reason\nFROM deployments\nWHERE environment = {literal(found.environment)}\n"
        f"  AND service IN ({_listed(sorted(services))})\n"
        f"  AND finished_at > {literal(found.start)} AND finished_at <= {literal(found.end)}"
        f"{more}\nORDER BY finished_at DESC, deployment_id"
    )


def of_changes(changes: Sequence[DeliveredChange]) -> str:
    """The commits with the deployments that first contain them."""
    pairs = [f"({literal(one.deployment_id)}, {literal(one.revision)})" for one in changes[-NAMED:]]
    return (
        f"{_cut(changes)}SELECT deployments.service, change.revision, commits.subject,\n"
        "  commits.committed_at, deployments.finished_at,\n"
        "  epoch(deployments.finished_at) - epoch(commits.committed_at) AS lead_seconds,\n"
        f"  change.deployment_id\nFROM (VALUES {', '.join(pairs) or '(NULL, NULL)'})\n"
        "  AS change(deployment_id, revision)\n"
        "JOIN deployments USING (deployment_id)\n"
        "JOIN commits ON commits.revision = change.revision\n"
        "ORDER BY lead_seconds DESC"
    )


def of_incidents(names: Sequence[str]) -> str:
    """The incidents that deployments are blamed for."""
    return (
        f"{_cut(names)}SELECT incident_id, service, title, opened_at, resolved_at,\n"
        "  epoch(resolved_at) - epoch(opened_at) AS recovery_seconds, deployment_id, source\n"
        f"FROM incidents\nWHERE incident_id IN ({_listed(names[-NAMED:])})\nORDER BY opened_at DESC"
    )


def _named_deployments(names: Sequence[str]) -> str:
    return (
        f"{_cut(names)}SELECT deployment_id, service, revision, strategy, finished_at, outcome,\n"
        f"  reason\nFROM deployments\nWHERE deployment_id IN ({_listed(names[-NAMED:])})\n"
        "ORDER BY finished_at DESC, deployment_id"
    )


def of_stages(services: Collection[str], start: datetime, end: datetime) -> str:
    """The runs of stages that the phases of lead time are taken from."""
    return (
        "SELECT service, revision, stage, step, outcome, started_at, finished_at\n"
        f"FROM stage_runs\nWHERE service IN ({_listed(sorted(services))})\n"
        f"  AND finished_at > {literal(start)} AND finished_at <= {literal(end)}\n"
        "ORDER BY finished_at DESC, service, step"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(literal(name) for name in names) or "NULL"


def _cut(names: Sequence[object]) -> str:
    return f"-- the newest {NAMED} of {len(names)}\n" if len(names) > NAMED else ""
