"""Deployments that other systems recorded, as facts of the history.

A source reads what its system says of each deployment; here they are put in order, so that each
has what ran before it. The result depends on the records alone: reading the same again, in
another order or in overlapping pieces, gives the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from coffee_pipeline.errors import UsageError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.tools.findings import clean

ROLLBACK = "rollback"
DIRECT = "direct"
_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDeployment:
    """One finished deployment as its system recorded it.

    ``identity`` is unique within the source and never changes. ``service`` and ``environment`` are
    the system's own names, None where it has none. ``rollback``: the system itself says that it
    went back to an earlier release.
    """

    identity: str
    service: str | None
    environment: str | None
    revision: str
    started_at: datetime
    finished_at: datetime
    outcome: DeploymentOutcome
    reason: str
    artifact_digest: str = ""
    rollback: bool = False


@dataclass(frozen=True, slots=True)
class ReadDeployments:
    """What a source read: deployments, and how many records were left out for which reason."""

    found: Sequence[FoundDeployment]
    left_out: Mapping[str, int] = field(default_factory=dict)


class Reading:
    """Collects what a source reads."""

    def __init__(self) -> None:
        self._found: list[FoundDeployment] = []
        self._left_out: dict[str, int] = defaultdict(int)

    def add(self, deployment: FoundDeployment) -> None:
        """A deployment; one that ends before it begins begins at its end."""
        begun = min(deployment.started_at, deployment.finished_at)
        self._found.append(replace(deployment, started_at=begun))

    def leave_out(self, why: str) -> None:
        """A record that is no finished deployment."""
        self._left_out[why] += 1

    def result(self) -> ReadDeployments:
        """Everything so far."""
        return ReadDeployments(tuple(self._found), dict(self._left_out))


@dataclass(frozen=True, slots=True)
class Naming:
    """The platform's names for those of the system.

    ``service`` and ``environment`` are names for all of them; ``services`` and ``environments``
    translate single ones.
    """

    service: str | None = None
    environment: str | None = None
    services: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)

    def names_of(self, found: FoundDeployment) -> tuple[str, str]:
        """Service and environment.

        Raises:
            UsageError: neither the record nor the person names one.
        """
        service = self.service or self.services.get(found.service or "", found.service)
        environment = self.environment or self.environments.get(
            found.environment or "", found.environment
        )
        for name, option in ((service, "--service"), (environment, "--environment")):
            if not name:
                raise UsageError(f"{found.identity}: the record does not say it; give {option}")
        return _name(service), _name(environment)


def moment(value: object) -> datetime | None:
    """A time as APIs write it (ISO 8601, RFC 3339), in UTC; one without a zone is UTC."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def in_order(
    source: str,
    found: Iterable[FoundDeployment],
    naming: Naming,
    known: Iterable[Deployment] = (),
) -> list[Deployment]:
    """All deployments of the source, the known ones included, each with what ran before it.

    A deployment of a revision that ran earlier and was replaced since is a rollback.

    Args:
        source: name of the source; the beginning of each deployment's id.
        found: what was read now; it replaces known ones of the same identity.
        naming: the platform's names.
        known: what the history has of this source.

    Raises:
        UsageError: a service or environment has no name.
    """
    together = {one.deployment_id: one for one in known}
    for record in found:
        made = _deployment(source, record, *naming.names_of(record))
        together[made.deployment_id] = made
    series: dict[tuple[str, str], list[Deployment]] = defaultdict(list)
    for one in sorted(together.values(), key=lambda one: (one.finished_at, one.deployment_id)):
        series[one.service, one.environment].append(one)
    return [one for _, entries in sorted(series.items()) for one in _chained(entries)]


def _chained(entries: Sequence[Deployment]) -> Iterable[Deployment]:
    """Deployments of one service and environment in their order."""
    running: str | None = None
    ran: set[str] = set()
    for one in entries:
        back = one.strategy == ROLLBACK or (one.revision in ran and one.revision != running)
        yield replace(
            one,
            previous_revision=running,
            strategy=ROLLBACK if back else DIRECT,
            cause="operator" if back else "delivery",
        )
        if one.outcome == DeploymentOutcome.SUCCEEDED:
            running = one.revision
            ran.add(one.revision)


def _deployment(source: str, one: FoundDeployment, service: str, environment: str) -> Deployment:
    return Deployment(
        deployment_id=f"{source}:{_name(one.identity)}",
        service=service,
        environment=environment,
        revision=_name(one.revision),
        artifact_digest=one.artifact_digest,
        strategy=ROLLBACK if one.rollback else DIRECT,
        cause="delivery",
        previous_revision=None,
        started_at=one.started_at,
        finished_at=one.finished_at,
        outcome=one.outcome.value,
        reason=clean(" ".join(one.reason.split()), 300) or one.outcome.value,
    )


def _name(text: str | None) -> str:
    return clean(" ".join((text or "").split()), _NAME_CHARACTERS) or "unnamed"
