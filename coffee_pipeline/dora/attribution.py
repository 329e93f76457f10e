"""Which deployment caused an incident, by evidence; and how sure that is.

In this order, the first that holds:

1. **link**: the incident names the deployment (confidence 1.0). A link to one that began after the
   incident, or ended over :data:`LINK_BOUND` before it, contradicts itself and is set aside.
2. **rollback**, **hotfix**: while the incident was open, the service was rolled back from a
   revision, or got one that was committed after the incident began; the deployment that was put
   right is the cause, if it ended within :data:`BOUND` before (0.9, 0.7).
3. **breach**: the incident began within :data:`BREACH_WINDOW` after a deployment whose service
   missed an objective in between (0.5).
4. **none**: nothing speaks for any deployment; the one before is not blamed for being there.

A cause never begins after the incident, nor lies further back than the bound. The confidences
are ours: an order with distances, not measured probabilities.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.failures import ROLLBACK, succeeded
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident

BOUND = timedelta(hours=24)
"""No deployment that ended longer before an incident's beginning is blamed without a link."""

LINK_BOUND = timedelta(days=30)
"""The same for one that the incident names: a person may know of a fault that showed late."""

CLOCK_SKEW = timedelta(minutes=5)
"""So much later than an incident a deployment that it names may begin: two systems' clocks."""

BREACH_WINDOW = timedelta(hours=2)
"""How soon after a deployment an incident with a missed objective must begin to be its."""


class Evidence(StrEnum):
    """What an attribution rests on."""

    LINK = "link"
    ROLLBACK = "rollback"
    HOTFIX = "hotfix"
    BREACH = "breach"
    NONE = "none"


CONFIDENCE = {
    Evidence.LINK: 1.0,
    Evidence.ROLLBACK: 0.9,
    Evidence.HOTFIX: 0.7,
    Evidence.BREACH: 0.5,
    Evidence.NONE: 0.0,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A service missed an objective in a window of time; ``ratio`` of good events to all."""

    service: str
    environment: str
    slo: str
    started_at: datetime
    ended_at: datetime
    ratio: float
    objective: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """An incident, the deployment blamed for it (None: none), and why."""

    incident: Incident
    deployment_id: str | None
    evidence: Evidence
    confidence: float
    reason: str

    @property
    def linked(self) -> Incident:
        """The incident as if it named its deployment."""
        return replace(self.incident, deployment_id=self.deployment_id)

    @property
    def blameless(self) -> Incident:
        """The incident as if it named none: the one it names is not among those looked at."""
        return replace(self.incident, deployment_id=None)


class _Place:
    """One service in one environment: its deployments by their end, its breaches by their begin."""

    def __init__(self, deployments: Sequence[Deployment], breaches: Sequence[Breach]) -> None:
        self.deployments = sorted(deployments, key=lambda one: (one.finished_at, one.deployment_id))
        self.ends = [one.finished_at for one in self.deployments]
        self.breaches = sorted(breaches, key=lambda one: one.started_at)
        self.begins = [one.started_at for one in self.breaches]

    def before(self, moment: datetime) -> int:
        """How many deployments had ended by then."""
        return bisect_right(self.ends, moment)

    def breach(self, start: datetime, end: datetime) -> Breach | None:
        """The first breach that began in the time given."""
        at = bisect_left(self.begins, start)
        return self.breaches[at] if at < len(self.begins) and self.begins[at] <= end else None


def attribute(
    incidents: Iterable[Incident],
    deployments: Iterable[Deployment],
    revisions: Iterable[Commit] = (),
    breaches: Iterable[Breach] = (),
) -> list[Attribution]:
    """Every incident with its cause, in the order given.

    Deployments and breaches of other services and environments are no evidence.
    """
    deployed: dict[tuple[str, str], list[Deployment]] = defaultdict(list)
    missed: dict[tuple[str, str], list[Breach]] = defaultdict(list)
    known: dict[str, Deployment] = {}
    for one in deployments:
        deployed[one.service, one.environment].append(one)
        known[one.deployment_id] = one
    for breach in breaches:
        missed[breach.service, breach.environment].append(breach)
    commits = {one.revision: one for one in revisions}
    places: dict[tuple[str, str], _Place] = {}
    found = []
    for incident in incidents:
        key = (incident.service, incident.environment)
        if key not in places:
            places[key] = _Place(deployed[key], missed[key])
        found.append(_attributed(incident, known, places[key], commits))
    return found


def _attributed(
    incident: Incident,
    known: Mapping[str, Deployment],
    place: _Place,
    commits: Mapping[str, Commit],
) -> Attribution:
    named = incident.deployment_id
    contradiction = _contradiction(incident, known.get(named)) if named is not None else ""
    if named is not None and not contradiction:
        reason = f"the incident names deployment {named}"
        if named not in known:
            reason += ", which is not recorded here"
        return Attribution(incident, named, Evidence.LINK, CONFIDENCE[Evidence.LINK], reason)
    before = place.before(incident.opened_at)
    found = (
        _put_right(incident, place, before, commits)
        or _breached(incident, place, before)
        or Attribution(incident, None, Evidence.NONE, 0.0, _why_none(incident, place, before))
    )
    return replace(found, reason=f"{contradiction}; {found.reason}") if contradiction else found


def _contradiction(incident: Incident, named: Deployment | None) -> str:
    """Why the deployment that an incident names cannot be its cause; empty where it can."""
    if named is None:
        return ""
    words = f"it names {named.deployment_id}, which "
    if named.started_at > incident.opened_at + CLOCK_SKEW:
        return words + "began after it"
    if incident.opened_at - named.finished_at > LINK_BOUND:
        return words + f"ended over {LINK_BOUND.days} days before it"
    return ""


def _put_right(
    incident: Incident, place: _Place, before: int, commits: Mapping[str, Commit]
) -> Attribution | None:
    """A rollback or hotfix that ended the incident, and the deployment it put right."""
    at = before - 1
    while at >= 0 and place.deployments[at].strategy == ROLLBACK:
        at -= 1
    if at < 0 or incident.opened_at - place.ends[at] > BOUND:
        return None
    cause = place.deployments[at]
    until = incident.resolved_at or incident.opened_at + BOUND
    for later in range(before, len(place.deployments)):
        repair = place.deployments[later]
        if repair.started_at > until:
            return None
        if not succeeded(repair):
            continue
        if repair.strategy == ROLLBACK:
            if repair.previous_revision in (None, cause.revision):
                reason = f"rolled back by {repair.deployment_id} while it was open"
                return _found(incident, cause, Evidence.ROLLBACK, reason)
            continue
        commit = commits.get(repair.revision)
        fresh = commit is not None and commit.committed_at >= incident.opened_at
        if fresh and incident.resolved_at is not None:
            reason = (
                f"{repair.deployment_id} brought {repair.revision[:12]}, committed after it began, "
                "while it was open"
            )
            return _found(incident, cause, Evidence.HOTFIX, reason)
    return None


def _breached(incident: Incident, place: _Place, before: int) -> Attribution | None:
    if before == 0 or incident.opened_at - place.ends[before - 1] > BREACH_WINDOW:
        return None
    cause = place.deployments[before - 1]
    if cause.strategy == ROLLBACK:  # it put back what ran before, which nobody blames for this
        return None
    # The objective must begin to be missed after the deployment did, not before it.
    one = place.breach(cause.started_at, cause.finished_at + BREACH_WINDOW)
    if one is None:
        return None
    reason = (
        f"{one.slo} fell to {one.ratio:.4f} (objective {one.objective:g}) from "
        f"{one.started_at:%Y-%m-%d %H:%M} UTC, after {cause.deployment_id}"
    )
    return _found(incident, cause, Evidence.BREACH, reason)


def _found(incident: Incident, cause: Deployment, evidence: Evidence, reason: str) -> Attribution:
    return Attribution(incident, cause.deployment_id, evidence, CONFIDENCE[evidence], reason)


def _why_none(incident: Incident, place: _Place, before: int) -> str:
    if before == 0:
        return f"no deployment of {incident.service} before it is recorded"
    since = incident.opened_at - place.ends[before - 1]
    if since > BOUND:
        hours = int(since.total_seconds() // 3600)
        return f"the deployment before ended {hours} h earlier, beyond {BOUND.days * 24} h"
    return (
        "no link, no rollback or hotfix while it was open, no missed objective after a deployment"
    )
