"""The five software delivery metrics over a period, per service and for the platform.

Definitions: dora.dev, "DORA's software delivery performance metrics"
(https://dora.dev/guides/dora-metrics/): change lead time, deployment frequency, failed deployment
recovery time, change fail rate, deployment rework rate. How each is taken from records is in
:mod:`~coffee_pipeline.dora.changes` and :mod:`~coffee_pipeline.dora.failures`.

A metric without data is None with a reason; it is never 0 or 100 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from coffee_pipeline.dora.attribution import Attribution, Breach, attribute
from coffee_pipeline.dora.changes import Changes, DeliveredChange, delivered_changes
from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.duplicates import source_of, told_once
from coffee_pipeline.dora.failures import Judged, Plan, judged_deployments, succeeded
from coffee_pipeline.dora.phases import Passed, Phase, phases
from coffee_pipeline.dora.repairs import repairs_of
from coffee_pipeline.dora.scope import Facts, Scope, scope_of
from coffee_pipeline.dora.trend import DeploymentPoint, Step, TrendPoint, suitable_step, trend
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident


@dataclass(frozen=True)
class DeliveryPerformance:
    """All scopes over one period, with the facts they were taken from."""

    start: datetime
    end: datetime
    observed_days: float
    platform: Scope
    services: tuple[Scope, ...]
    deployments: tuple[Judged, ...]
    changes: tuple[DeliveredChange, ...]
    incidents: tuple[Incident, ...]
    notes: tuple[str, ...]
    attributions: tuple[Attribution, ...] = ()
    teams: tuple[Scope, ...] = ()
    phases: tuple[Phase, ...] = ()
    environment: str = "production"
    calendar: WorkingCalendar | None = None


def delivery_performance(
    *,
    revisions: Sequence[Commit],
    untouched: Mapping[str, Collection[str]],
    deployments: Sequence[Deployment],
    incidents: Sequence[Incident],
    start: datetime,
    end: datetime,
    environment: str = "production",
    breaches: Sequence[Breach] = (),
    passed: Sequence[Passed] = (),
    teams: Mapping[str, str] | None = None,
    services: Collection[str] = (),
    calendar: WorkingCalendar | None = None,
) -> DeliveryPerformance:
    """The metrics of the deployments that ended in (``start``, ``end``].

    The records may reach back further: what a deployment contained and followed is taken from all
    of them. ``untouched`` are the services that a revision left as they were (the history's view
    untouched_services), ``passed`` the milestones of revisions, ``teams`` the owners of services,
    ``services`` those that are told of even if nothing happened to them. Only ``environment``
    counts. Incidents that name no deployment are attributed by evidence, see
    :mod:`~coffee_pipeline.dora.attribution`. With a ``calendar``, lead time and frequency are told
    in working time as well.
    """
    once = told_once(one for one in deployments if one.environment == environment)
    there = once.deployments
    here = [
        replace(one, deployment_id=once.same.get(one.deployment_id or "", one.deployment_id))
        for one in incidents
        if one.environment == environment
    ]
    attributed = attribute(here, there, revisions, breaches)
    recorded = {one.deployment_id for one in there}
    felt = [one.linked if one.deployment_id in recorded else one.blameless for one in attributed]
    changes = delivered_changes(revisions, untouched, there)
    repairs = repairs_of(changes.delivered, revisions, there)
    judged = judged_deployments(there, felt, revisions, repairs)
    period = Facts(
        start=start,
        end=end,
        first=_first(there),
        judged=tuple(one for one in judged if start < one.deployment.finished_at <= end),
        changes=tuple(one for one in changes.delivered if start < one.deployed_at <= end),
        incidents=tuple(one for one in felt if start < one.opened_at <= end),
        watched=bool(incidents) or any(_tells_of_failures(one) for one in judged),
        calendar=calendar,
    )
    told = sorted({one.deployment.service for one in period.judged} | set(services))
    owned: dict[str, set[str]] = {}
    for service in told:
        if teams and service in teams:
            owned.setdefault(teams[service], set()).add(service)
    return DeliveryPerformance(
        start=start,
        end=end,
        observed_days=period.days,
        platform=scope_of(None, period, "platform"),
        services=tuple(scope_of(one, period.of({one}), "service") for one in told),
        deployments=period.judged,
        changes=period.changes,
        incidents=period.incidents,
        notes=_notes(changes, period, len(once.same)),
        attributions=tuple(one for one in attributed if start < one.incident.opened_at <= end),
        teams=tuple(scope_of(one, period.of(owned[one]), "team") for one in sorted(owned)),
        phases=phases(period.changes, passed, {one.deployment_id: one.revision for one in there}),
        environment=environment,
        calendar=calendar,
    )


def _tells_of_failures(one: Judged) -> bool:
    """Whether it failed, put something right, or was made by a rollout that watched over it.

    What another system's list of deployments does not say is no success.
    """
    return one.failure is not None or one.plan is Plan.REWORK or not source_of(one.deployment)


def _first(deployments: Iterable[Deployment]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for one in deployments:
        known = found.get(one.service)
        if known is None or one.finished_at < known:
            found[one.service] = one.finished_at
    return found


def performance_trend(
    found: DeliveryPerformance, step: Step | None = None, scope: Scope | None = None
) -> tuple[TrendPoint, ...]:
    """The metrics of a scope, by default the platform, per day, week or month of the period.

    ``step``: by default as suits the period's length.
    """
    ours = (scope or found.platform).members
    points = [
        DeploymentPoint(
            at=one.deployment.finished_at,
            succeeded=succeeded(one.deployment),
            attempt=one.is_change,
            failed=one.failure is not None,
            rework=None if one.plan is Plan.UNKNOWN else one.plan is Plan.REWORK,
        )
        for one in found.deployments
        if one.deployment.service in ours
    ]
    return trend(
        found.start,
        found.end,
        step or suitable_step(found.start, found.end),
        points,
        ((one.deployed_at, one.lead_time) for one in found.changes if one.service in ours),
        (
            (one.opened_at, (one.resolved_at - one.opened_at).total_seconds())
            for one in found.incidents
            if one.service in ours
            and one.deployment_id is not None
            and one.resolved_at is not None
            and one.resolved_at >= one.opened_at
        ),
    )


def _notes(changes: Changes, period: Facts, repeated: int) -> tuple[str, ...]:
    """What was left out of the metrics, and why; nothing is left out in silence."""
    counts = (
        (repeated, "deployments that another system told of as well: counted once"),
        (changes.first, "first deployments of a service: no earlier revision, no lead time"),
        (changes.unresolved, "deployments over a gap in recorded commits: at most the head counts"),
        (changes.reversed_times, "commits dated after their deployment: no lead time"),
        (
            sum(one.plan is Plan.UNKNOWN for one in period.judged),
            "deployments of an unrecorded commit: not in the rework rate",
        ),
        (
            sum(one.deployment_id is None for one in period.incidents),
            "incidents that no deployment is blamed for: in no metric",
        ),
        (
            sum(one.resolved_at is None for one in period.incidents),
            "incidents still open: not in the recovery time",
        ),
        (
            sum(one.resolved_at is not None and one.resolved_at < one.opened_at
                for one in period.incidents),
            "incidents that end before they begin: not in the recovery time",
        ),
        (
            sum(one.failure is not None and not one.incidents for one in period.judged),
            "failed deployments without an incident: not in the recovery time",
        ),
    )  # fmt: skip
    return tuple(f"{text[0].upper()}{text[1:]} ({count})" for count, text in counts if count)
