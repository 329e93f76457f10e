"""Facts of incidents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A failure that users could feel. ``resolved_at`` is None while it is open.

    ``service`` is the platform's name where it is not known to be of one service.
    ``acknowledged_at`` is when a person first took it on; None where nobody did or the source does
    not say.

    ``deployment_id`` is the deployment that caused it, where that is known by evidence.
    ``updated_at`` is when its source last changed it, where it says so; it is no part of the fact.
    """

    incident_id: str
    service: str
    environment: str
    revision: str | None
    deployment_id: str | None
    title: str
    severity: str
    source: str
    opened_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None = None
    updated_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentVersion(Incident):
    """What was known of an incident from the time on that its materialization was written.

    ``incidents`` has what is known now; versions are added and never replaced, so that a report can
    be made as of an earlier time.
    """
