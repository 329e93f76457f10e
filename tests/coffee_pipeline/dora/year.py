"""A year of a platform's delivery, made from a seed: commits, deployments, incidents, breaches."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from coffee_pipeline.dora.attribution import Breach
from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident

START = datetime(2025, 1, 1, tzinfo=UTC)
END = START + timedelta(days=365)
SERVICES = ("orders", "menu", "till", "kitchen")


@dataclass
class Year:
    """The records, and which services each commit left untouched."""

    revisions: list[Commit] = field(default_factory=list)
    untouched: dict[str, set[str]] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)


def make_year(seed: int, commits: int = 900) -> Year:
    """Commits at odd times; deployments that succeed, fail, are rolled back or undone."""
    chance = random.Random(seed)
    year = Year()
    moments = sorted(START + timedelta(seconds=chance.randrange(365 * 86_400))
                     for _ in range(commits))  # fmt: skip
    running: dict[str, str | None] = dict.fromkeys(SERVICES)
    free = dict.fromkeys(SERVICES, START)
    for number, at in enumerate(moments):
        name = f"c{number:04}"
        skewed = timedelta(hours=chance.choice([0] * 30 + [9]))  # now and then a clock is ahead
        year.revisions.append(
            Commit(name, f"c{number - 1:04}" if number else None, f"change {number}", at + skewed)
        )
        touched = chance.sample(SERVICES, chance.choice([1, 1, 1, 2, 4]))
        year.untouched[name] = set(SERVICES) - set(touched)
        for service in touched:
            if chance.random() < 0.45 and free[service] <= at:
                free[service] = _deploy(year, chance, service, name, at, running)
    return year


def _deploy(
    year: Year,
    chance: random.Random,
    service: str,
    revision: str,
    at: datetime,
    running: dict[str, str | None],
) -> datetime:
    """A deployment and what comes of it; returns when the service may be deployed again."""
    begun = at + timedelta(minutes=chance.expovariate(1 / 70))
    ended = begun + timedelta(minutes=chance.uniform(3, 40))
    outcome = chance.choices(["succeeded", "rolled_back", "failed"], [90, 6, 4])[0]
    before = running[service]
    identity = _record(year, service, revision, before, (begun, ended), outcome,
                       "canary" if before else "initial")  # fmt: skip
    fate = chance.random()
    opened = ended + timedelta(minutes=chance.uniform(1, 200))
    resolved = opened + timedelta(minutes=chance.expovariate(1 / 45))
    if outcome == "succeeded":
        running[service] = revision
        if fate < 0.05:
            _incident(year, service, identity, opened, resolved)
        elif fate < 0.10 and before:
            back = opened + (resolved - opened) / 2
            _record(year, service, before, revision, (back, back + timedelta(seconds=40)),
                    "succeeded", "rollback")  # fmt: skip
            running[service] = before
            _incident(year, service, None, opened, resolved)
            return resolved + timedelta(minutes=1)
        elif fate < 0.15:
            year.breaches.append(
                Breach(service, "production", "availability", ended + timedelta(minutes=1),
                       ended + timedelta(minutes=31), 0.99, 0.999)
            )  # fmt: skip
            _incident(year, service, None, opened, resolved)
        elif fate < 0.18:
            long = opened + timedelta(hours=60)  # somebody may well commit a repair meanwhile
            _incident(year, service, None, opened, None if fate < 0.16 else long)
    elif fate < 0.6:
        odd = begun - timedelta(minutes=5) if fate < 0.05 else ended  # ends before it begins
        _incident(year, service, identity, begun + timedelta(seconds=30), odd)
    return ended + timedelta(minutes=5)


def _record(
    year: Year,
    service: str,
    revision: str,
    before: str | None,
    span: tuple[datetime, datetime],
    outcome: str,
    strategy: str,
) -> str:
    identity = f"d{len(year.deployments):04}"
    year.deployments.append(
        Deployment(
            deployment_id=identity, service=service, environment="production", revision=revision,
            artifact_digest="sha256:0", strategy=strategy, cause="delivery",
            previous_revision=before, started_at=span[0], finished_at=span[1], outcome=outcome,
            reason=outcome,
        )
    )  # fmt: skip
    return identity


def _incident(
    year: Year, service: str, deployment: str | None, opened: datetime, resolved: datetime | None
) -> None:
    year.incidents.append(
        Incident(
            incident_id=f"i{len(year.incidents):04}", service=service, environment="production",
            revision=None, deployment_id=deployment, title="errors", severity="high",
            source="test", opened_at=opened, resolved_at=resolved,
        )
    )  # fmt: skip
