"""The five metrics once more, written from docs/metrics.md as plainly as it can be.

Nothing of ``coffee_pipeline.dora`` is used: every question is answered by looking at all records.
"""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from typing import Any

from tests.coffee_pipeline.dora.year import Year


def reference(year: Year, service: str | None, start: datetime, end: datetime) -> dict[str, Any]:
    """All five, with what they were taken over."""
    ours = [one for one in year.deployments if service in (None, one.service)]
    here = [one for one in ours if start < one.finished_at <= end]
    blamed = {one.incident_id: blame(year, one) for one in year.incidents}
    changes = [one for one in here if one.strategy != "rollback"]
    good = [one for one in changes if one.outcome == "succeeded"]
    first = min(one.finished_at for one in ours)
    days = max((end - max(start, first)).total_seconds() / 86_400, 1)
    failed = [one for one in changes if is_failed(year, one, blamed)]
    leads = [
        seconds for one in here for seconds in lead_times(year, one)
    ]  # of this deployment's own service
    recoveries = [
        (one.resolved_at - one.opened_at).total_seconds()
        for one in year.incidents
        if service in (None, one.service) and start < one.opened_at <= end
        and blamed[one.incident_id] is not None
        and one.resolved_at is not None and one.resolved_at >= one.opened_at
    ]  # fmt: skip
    rework = [one for one in here if is_rework(year, one, blamed)]
    return {
        "frequency": (len(good) / days, len(good)),
        "lead": (spread(leads), len(leads)),
        "fail rate": (len(failed) / len(changes), len(failed), len(changes)),
        "recovery": (spread(recoveries), len(recoveries)),
        "rework": (len(rework) / len(here), len(rework), len(here)),
    }


def spread(values: list[float]) -> tuple[float, float, float] | None:
    """Median, 75th and 90th percentile."""
    if not values:
        return None
    if len(values) == 1:
        return (values[0],) * 3
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return statistics.median(values), cuts[14], cuts[17]


def lead_times(year: Year, deployment) -> list[float]:
    """Of the commits that this deployment is the first to bring to its service."""
    if deployment.outcome != "succeeded" or deployment.previous_revision is None:
        return []
    earlier = [
        one.revision
        for one in year.deployments
        if one.service == deployment.service and one.outcome == "succeeded"
        and one.finished_at < deployment.finished_at
    ]  # fmt: skip
    # The year's commits are one line, named by their numbers: what came before has a lower name.
    had = max(earlier, default="")
    found = [
        (deployment.finished_at - one.committed_at).total_seconds()
        for one in year.revisions
        if had < one.revision <= deployment.revision
        and deployment.service not in year.untouched[one.revision]
    ]
    return [seconds for seconds in found if seconds >= 0]


def is_failed(year: Year, deployment, blamed: dict[str, str | None]) -> bool:
    """Not succeeded, blamed for an incident, or undone by the service's next deployment."""
    later = [
        one for one in year.deployments
        if one.service == deployment.service and one.started_at > deployment.started_at
    ]  # fmt: skip
    following = min(later, key=lambda one: one.started_at, default=None)
    undone = (
        following is not None
        and following.strategy == "rollback" and deployment.strategy != "rollback"
        and following.previous_revision == deployment.revision
    )  # fmt: skip
    return (
        deployment.outcome != "succeeded"
        or deployment.deployment_id in blamed.values()
        or undone
    )  # fmt: skip


def is_rework(year: Year, deployment, blamed: dict[str, str | None]) -> bool:
    """A rollback, or what was made after the service's failed deployment before it had begun."""
    if deployment.strategy == "rollback":
        return True
    earlier = [
        one for one in year.deployments
        if one.service == deployment.service and one.started_at < deployment.started_at
    ]  # fmt: skip
    before = max(earlier, key=lambda one: one.started_at, default=None)
    if before is None or not is_failed(year, before, blamed):
        return False
    committed = next(
        one.committed_at for one in year.revisions if one.revision == deployment.revision
    )
    return deployment.revision == before.revision or committed >= before.started_at


def blame(year: Year, incident) -> str | None:
    """Link, then rollback or hotfix while it was open, then a breach, then nobody."""
    if incident.deployment_id is not None:
        return incident.deployment_id
    own = sorted(
        (one for one in year.deployments if one.service == incident.service),
        key=lambda one: one.finished_at,
    )
    before = [one for one in own if one.finished_at <= incident.opened_at]
    causes = [one for one in before if one.strategy != "rollback"]
    limit = incident.resolved_at or incident.opened_at + timedelta(hours=24)
    if causes and incident.opened_at - causes[-1].finished_at <= timedelta(hours=24):
        for repair in own[len(before) :]:
            if repair.started_at > limit:
                break
            if repair.outcome != "succeeded":
                continue
            if repair.strategy == "rollback":
                if repair.previous_revision == causes[-1].revision:
                    return causes[-1].deployment_id
                continue
            committed = next(
                one.committed_at for one in year.revisions if one.revision == repair.revision
            )
            if committed >= incident.opened_at and incident.resolved_at is not None:
                return causes[-1].deployment_id
    if before and incident.opened_at - before[-1].finished_at <= timedelta(hours=2):
        last = before[-1]
        for breach in year.breaches:
            begins = breach.started_at
            if (
                breach.service == incident.service
                and last.started_at <= begins <= last.finished_at + timedelta(hours=2)
            ):
                return last.deployment_id
    return None
