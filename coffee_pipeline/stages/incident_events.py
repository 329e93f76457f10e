"""Incidents of other systems: all that was told of one makes its record, in whatever order.

What is told of an incident is kept as a set of events on disk, and its record is made from the
whole set each time. So events that come twice or late change nothing but what they say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident, IncidentVersion
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.stages.kept_state import KeptState
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools.findings import TITLE_CHARACTERS, clean
from coffee_pipeline.tools.told import Change, IncidentEvent

KEPT_SECONDS = 180 * 24 * 3600.0
"""How long the events of an incident are kept after the last of them."""
UNKNOWN_SEVERITY = "unknown"


@dataclass(slots=True)
class Ledger:
    """All that was told of one incident."""

    events: list[IncidentEvent] = field(default_factory=list)


class IncidentEvents:
    """Takes events of incidents, and makes the records of those that they are about."""

    def __init__(self, home: Home, platform: Platform) -> None:
        self._kept = KeptState(home.inbox / "incidents", Ledger)
        self._platform = platform
        self._places = Places(platform)
        self._ledgers: dict[str, Ledger] = {}

    def take(self, events: Iterable[IncidentEvent]) -> None:
        """Add events to the ledgers of their incidents; one that is there already is the same."""
        for event in map(_cleaned, events):
            ledger = self._ledger(event)
            if event not in ledger.events:
                ledger.events.append(event)

    def evidence(self) -> list[Evidence]:
        """Keep the ledgers that were added to, then make their incidents' records."""
        for name, ledger in self._ledgers.items():
            self._kept.write(name, ledger)
        ledgers = [ledger.events for ledger in self._ledgers.values()]
        return [*map(self._of_ledger, ledgers), *map(self._version, ledgers)]

    def forget(self) -> None:
        """Forget the events of incidents that nothing was told of for long."""
        self._kept.forget(KEPT_SECONDS, besides=set(self._ledgers))

    def _ledger(self, event: IncidentEvent) -> Ledger:
        identity = f"{event.source}\n{event.incident}"
        name = hashlib.sha256(identity.encode()).hexdigest()[:40]
        if name not in self._ledgers:
            self._ledgers[name] = self._kept.read(name) or Ledger()
        return self._ledgers[name]

    def _of_ledger(self, events: Sequence[IncidentEvent]) -> Evidence:
        record = incident_of(events, self._places, self._platform)
        return Evidence(
            materialization=f"incident/{events[0].source}/{record.incident_id}",
            outcome=Outcome.COMPLETED,
            records=[record],
        )

    def _version(self, events: Sequence[IncidentEvent]) -> Evidence:
        """What is known from now on; the same set of events is the same version."""
        record = incident_of(events, self._places, self._platform)
        name = f"{events[0].source}/{record.incident_id}/{len(events)}"
        return Evidence(
            materialization=f"incident-version/{name}",
            outcome=Outcome.COMPLETED,
            records=[IncidentVersion(**asdict(record))],
        )


def incident_of(events: Sequence[IncidentEvent], places: Places, platform: Platform) -> Incident:
    """The incident that ``events`` are about, whatever their order.

    It began at the earliest time that any of them says; it was acknowledged when it first was, and
    is resolved when the last change is that. Clocks differ: nothing is earlier than the beginning.
    Without a word of the service it is of the whole platform; without one of the environment it is
    of production, where people are paged for. What a pager passes on counts where the source itself
    says nothing; the incident's source is then the pager, who knows of acknowledgements.
    """
    order = list(Change)
    told = sorted(events, key=lambda event: (event.at, order.index(event.change)))
    own = [event for event in told if event.told_by is None]
    passed_on = [event for event in told if event.told_by is not None]
    opened = min(event.opened_at or event.at for event in own or told)
    acknowledged = [event.at for event in told if event.change is Change.ACKNOWLEDGED]
    changes = [event for event in told if event.change is not Change.ACKNOWLEDGED]
    last = changes[-1] if changes else None
    resolved = last.at if last is not None and last.change is Change.RESOLVED else None
    by_weight = [*passed_on, *own]
    names = [name for event in reversed(by_weight) for name in event.services]
    environments = [name for event in reversed(by_weight) for name in event.environments]
    return Incident(
        incident_id=f"{told[0].source}-{told[0].incident}",
        service=places.service(names) or platform.name,
        environment=places.environment(environments) or platform.rollout.environments[-1],
        revision=_latest(event.revision for event in by_weight),
        deployment_id=_latest(event.deployment_id for event in by_weight),
        title=_latest(event.title for event in by_weight) or "untitled",
        severity=_latest(event.severity for event in by_weight) or UNKNOWN_SEVERITY,
        source=next((event.told_by for event in passed_on), None) or told[0].source,
        opened_at=opened,
        resolved_at=max(resolved, opened) if resolved else None,
        acknowledged_at=max(acknowledged[0], opened) if acknowledged else None,
    )


def _latest(values: Iterable[str | None]) -> str | None:
    """The last one that is something."""
    return next((value for value in reversed(list(values)) if value), None)


def _cleaned(event: IncidentEvent) -> IncidentEvent:
    """The event as it may be kept: no secrets, no control characters, nothing endless."""

    def short(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(filter(None, (clean(text, 200) for text in texts[:20])))

    return replace(
        event,
        incident=clean(event.incident, 200) or "unnamed",
        title=clean(event.title, TITLE_CHARACTERS),
        severity=clean(event.severity, 40),
        services=short(event.services),
        environments=short(event.environments),
        revision=clean(event.revision, 100),
        deployment_id=clean(event.deployment_id, 200),
    )
