"""The five software delivery metrics over a period, per service and for the platform.

Definitions: dora.dev, "DORA's software delivery performance metrics"
(https://dora.dev/guides/dora-metrics/): change lead time, deployment frequency, failed deployment
recovery time, change fail rate, deployment rework rate. How each is taken from records is in
:mod:`~coffee_pipeline.dora.changes` and :mod:`~coffee_pipeline.dora.failures`.

A metric without data is None with a reason; it is never 0 or 100 %.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coffee_pipeline.dora import metric as making
from coffee_pipeline.dora.attribution import Attribution, Breach, attribute
from coffee_pipeline.dora.benchmarks import deployment_days
from coffee_pipeline.dora.changes import Changes, DeliveredChange, delivered_changes
from coffee_pipeline.dora.failures import Judged, Plan, judged_deployments, succeeded
from coffee_pipeline.dora.metric import (
    CHANGE_FAIL_RATE_GOAL,
    DEPLOYMENTS_A_DAY_GOAL,
    LEAD_TIME_GOAL_SECONDS,
    RECOVERY_GOAL_SECONDS,
    Making,
    Metric,
)
from coffee_pipeline.dora.phases import Passed, Phase, phases
from coffee_pipeline.dora.trend import DeploymentPoint, Step, TrendPoint, suitable_step, trend
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.source import Revision

__all__ = [
    "CHANGE_FAIL_RATE_GOAL", "DEPLOYMENTS_A_DAY_GOAL", "LEAD_TIME_GOAL_SECONDS",
    "RECOVERY_GOAL_SECONDS", "DeliveryPerformance", "Metric", "Scope", "delivery_performance",
    "performance_trend",
]  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """The five metrics of the platform, a team or a service: ``kind`` says which.

    ``service`` is its name, None for the platform; ``members`` are the services it is made of.
    """

    service: str | None
    deployment_frequency: Metric
    lead_time: Metric
    change_fail_rate: Metric
    recovery_time: Metric
    rework_rate: Metric
    kind: str = "service"
    members: frozenset[str] = frozenset()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All five, in dora.dev's order of throughput, then instability."""
        return (
            self.lead_time,
            self.deployment_frequency,
            self.recovery_time,
            self.change_fail_rate,
            self.rework_rate,
        )


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


def delivery_performance(
    *,
    revisions: Sequence[Revision],
    untouched: Mapping[str, Collection[str]],
    deployments: Sequence[Deployment],
    incidents: Sequence[Incident],
    start: datetime,
    end: datetime,
    environment: str = "production",
    breaches: Sequence[Breach] = (),
    passed: Sequence[Passed] = (),
    teams: Mapping[str, str] | None = None,
) -> DeliveryPerformance:
    """The metrics of the deployments that ended in (``start``, ``end``].

    The records may reach back further: what a deployment contained and followed is taken from all
    of them. ``untouched`` are the services that a revision left as they were (the history's view
    untouched_services), ``passed`` the milestones of revisions, ``teams`` the owners of services.
    Only ``environment`` counts. Incidents that name no deployment are
    attributed by evidence, see :mod:`~coffee_pipeline.dora.attribution`.
    """
    there = [one for one in deployments if one.environment == environment]
    attributed = attribute(
        [one for one in incidents if one.environment == environment], there, revisions, breaches
    )
    felt = [one.linked for one in attributed]
    changes = delivered_changes(revisions, untouched, there)
    judged = judged_deployments(there, felt, revisions)
    period = _Period(
        start=start,
        end=end,
        days=_observed_days(there, start, end),
        judged=tuple(one for one in judged if start < one.deployment.finished_at <= end),
        changes=tuple(one for one in changes.delivered if start < one.deployed_at <= end),
        incidents=tuple(one for one in felt if start < one.opened_at <= end),
    )
    services = sorted({one.deployment.service for one in period.judged})
    owned: dict[str, set[str]] = {}
    for service in services:
        if teams and service in teams:
            owned.setdefault(teams[service], set()).add(service)
    return DeliveryPerformance(
        start=start,
        end=end,
        observed_days=period.days,
        platform=_scope(None, period, "platform"),
        services=tuple(_scope(one, period.of({one}), "service") for one in services),
        deployments=period.judged,
        changes=period.changes,
        incidents=period.incidents,
        notes=_notes(changes, period),
        attributions=tuple(one for one in attributed if start < one.incident.opened_at <= end),
        teams=tuple(_scope(one, period.of(owned[one]), "team") for one in sorted(owned)),
        phases=phases(period.changes, passed, {one.deployment_id: one.revision for one in there}),
        environment=environment,
    )


@dataclass(frozen=True)
class _Period:
    start: datetime
    end: datetime
    days: float
    judged: tuple[Judged, ...]
    changes: tuple[DeliveredChange, ...]
    incidents: tuple[Incident, ...]

    def of(self, services: Collection[str]) -> _Period:
        return _Period(
            self.start,
            self.end,
            self.days,
            tuple(one for one in self.judged if one.deployment.service in services),
            tuple(one for one in self.changes if one.service in services),
            tuple(one for one in self.incidents if one.service in services),
        )


def _observed_days(deployments: Sequence[Deployment], start: datetime, end: datetime) -> float:
    """Days of the period since the first deployment known, at least one.

    A history younger than the period must not be diluted by days nobody could deploy on.
    """
    first = min((one.finished_at for one in deployments), default=start)
    return max((end - max(start, first)) / timedelta(days=1), 1.0)


def _scope(name: str | None, period: _Period, kind: str) -> Scope:
    members = {one.deployment.service for one in period.judged}
    return Scope(
        service=name,
        kind=kind,
        members=frozenset(members | {one.service for one in period.incidents}),
        deployment_frequency=_frequency(period, platform=name is None),
        lead_time=_lead_time(period),
        change_fail_rate=_change_fail_rate(period),
        recovery_time=_recovery_time(period),
        rework_rate=_rework_rate(period),
    )


def _frequency(period: _Period, *, platform: bool) -> Metric:
    done = [one for one in period.judged if one.is_change and succeeded(one.deployment)]
    moments = [one.deployment.finished_at for one in done]
    return making.frequency(
        len(done),
        len(done) / period.days if done else None,
        "no successful production deployment in the period",
        Making("successful deployments without rollbacks / days since the first one known"),
        days=deployment_days(moments, period.start, period.end),
        goal=platform,
    )


def _lead_time(period: _Period) -> Metric:
    return making.lead_time(
        [one.lead_time for one in period.changes],
        "no commit was first deployed in the period",
        Making("median from commit to the end of the deployment that first contains it"),
    )


def _change_fail_rate(period: _Period) -> Metric:
    attempted = [one for one in period.judged if one.is_change]
    return making.change_fail_rate(
        sum(one.failure is not None for one in attempted),
        len(attempted),
        "no production deployment in the period",
        Making("deployments rolled back, failed, blamed for an incident or undone / attempted"),
    )


def _recovery_time(period: _Period) -> Metric:
    caused = [one for one in period.incidents if one.deployment_id is not None]
    resolved = [
        (one.resolved_at - one.opened_at).total_seconds()
        for one in caused
        if one.resolved_at is not None and one.resolved_at >= one.opened_at
    ]
    reason = "no incident of a deployment in the period"
    if caused and not resolved:
        reason = f"none of {len(caused)} incidents of deployments has a valid end yet"
    return making.recovery_time(
        resolved, reason, Making("median from opening to resolution of incidents of deployments")
    )


def _rework_rate(period: _Period) -> Metric:
    known = [one for one in period.judged if one.plan is not Plan.UNKNOWN]
    return making.rework_rate(
        sum(one.plan is Plan.REWORK for one in known),
        len(known),
        "no production deployment in the period",
        Making("deployments made because the one before failed / deployments"),
    )


def performance_trend(
    found: DeliveryPerformance, step: Step | None = None
) -> tuple[TrendPoint, ...]:
    """The platform's metrics per day, week or month of the period; by default as suits it."""
    points = [
        DeploymentPoint(
            at=one.deployment.finished_at,
            succeeded=succeeded(one.deployment),
            attempt=one.is_change,
            failed=one.failure is not None,
            rework=None if one.plan is Plan.UNKNOWN else one.plan is Plan.REWORK,
        )
        for one in found.deployments
    ]
    return trend(
        found.start,
        found.end,
        step or suitable_step(found.start, found.end),
        points,
        ((one.deployed_at, one.lead_time) for one in found.changes),
        (
            (one.opened_at, (one.resolved_at - one.opened_at).total_seconds())
            for one in found.incidents
            if one.deployment_id is not None
            and one.resolved_at is not None
            and one.resolved_at >= one.opened_at
        ),
    )


def _notes(changes: Changes, period: _Period) -> tuple[str, ...]:
    """What was left out of the metrics, and why; nothing is left out in silence."""
    counts = (
        (changes.first, "first deployments of a service: no earlier revision, no lead time"),
        (changes.unresolved, "deployments over a gap in the recorded commits: their head counts"),
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
