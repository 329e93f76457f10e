"""The five metrics of a platform, a team or a service, over what happened in a period."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from coffee_pipeline.dora import metric as making
from coffee_pipeline.dora.benchmarks import deployment_days
from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.failures import Judged, Plan, succeeded
from coffee_pipeline.dora.metric import Making, Metric
from coffee_pipeline.dora.working_time import (
    WorkingCalendar,
    working_frequency,
    working_lead_time,
)
from coffee_pipeline.model.incident import Incident

UNWATCHED = (
    "nothing recorded tells of failures: no incident, rollback or failed deployment, no rollout of "
    "this pipeline; 'incidents import' brings incidents"
)
"""Why there is no rate of failures: silence proves nothing."""


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
class Facts:
    """What happened in (``start``, ``end``].

    ``first`` is when each service is known to have been deployed first, in the period or before.
    ``watched``: whether anything recorded could tell of a failure. With a ``calendar``, lead time
    and frequency are told in working time as well.
    """

    start: datetime
    end: datetime
    first: Mapping[str, datetime]
    judged: tuple[Judged, ...]
    changes: tuple[DeliveredChange, ...]
    incidents: tuple[Incident, ...]
    watched: bool = True
    calendar: WorkingCalendar | None = None

    @property
    def observed_from(self) -> datetime:
        """When something of it was first deployed, or ``start``.

        A history younger than the period must not be diluted by days nobody could deploy on.
        """
        return max(self.start, min(self.first.values(), default=self.start))

    @property
    def days(self) -> float:
        """Days observed, at least one."""
        return max((self.end - self.observed_from) / timedelta(days=1), 1.0)

    def of(self, services: Collection[str]) -> Facts:
        """What happened to some of the services."""
        return replace(
            self,
            first={name: at for name, at in self.first.items() if name in services},
            judged=tuple(one for one in self.judged if one.deployment.service in services),
            changes=tuple(one for one in self.changes if one.service in services),
            incidents=tuple(one for one in self.incidents if one.service in services),
        )


def scope_of(name: str | None, facts: Facts, kind: str) -> Scope:
    """The metrics of what ``facts`` say; ``name`` is None for the platform."""
    members = {one.deployment.service for one in facts.judged}
    return Scope(
        service=name,
        kind=kind,
        members=frozenset(members | {one.service for one in facts.incidents}),
        deployment_frequency=_frequency(facts, platform=name is None),
        lead_time=_lead_time(facts),
        change_fail_rate=_change_fail_rate(facts),
        recovery_time=_recovery_time(facts),
        rework_rate=_rework_rate(facts),
    )


def _frequency(facts: Facts, *, platform: bool) -> Metric:
    done = [one for one in facts.judged if one.is_change and succeeded(one.deployment)]
    moments = [one.deployment.finished_at for one in done]
    return making.frequency(
        len(done),
        len(done) / facts.days if done else None,
        "no successful production deployment in the period",
        Making("successful deployments without rollbacks / days since the first one known"),
        days=deployment_days(moments, facts.start, facts.end),
        goal=platform,
        working=working_frequency(facts.calendar, moments, facts.observed_from, facts.end),
    )


def _lead_time(facts: Facts) -> Metric:
    return making.lead_time(
        [one.lead_time for one in facts.changes],
        "no commit was first deployed in the period",
        Making("median from commit to the end of the deployment that first contains it"),
        working=working_lead_time(
            facts.calendar, [(one.committed_at, one.deployed_at) for one in facts.changes]
        ),
    )


def _change_fail_rate(facts: Facts) -> Metric:
    attempted = [one for one in facts.judged if one.is_change]
    return making.change_fail_rate(
        sum(one.failure is not None for one in attempted) if facts.watched else None,
        len(attempted),
        UNWATCHED if attempted else "no production deployment in the period",
        Making("deployments rolled back, failed, blamed for an incident or undone / attempted"),
    )


def _recovery_time(facts: Facts) -> Metric:
    caused = [one for one in facts.incidents if one.deployment_id is not None]
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


def _rework_rate(facts: Facts) -> Metric:
    known = [one for one in facts.judged if one.plan is not Plan.UNKNOWN]
    return making.rework_rate(
        sum(one.plan is Plan.REWORK for one in known) if facts.watched else None,
        len(known),
        UNWATCHED if known else "no production deployment in the period",
        Making("deployments made because the one before failed / deployments"),
    )
