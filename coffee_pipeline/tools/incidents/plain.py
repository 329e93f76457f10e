"""Incidents in a plain table: CSV with a header line, or JSON objects with the same names.

``id``, ``opened_at`` are needed; ``title``, ``service``, ``environment``, ``severity``,
``acknowledged_at``, ``resolved_at``, ``deployment_id``, ``revision``, ``updated_at`` may be there.
Common other names are understood.
"""

from __future__ import annotations

from coffee_pipeline.tools.incidents.reported import (
    BadRowError,
    ReportedIncident,
    moment,
    needed_moment,
)
from coffee_pipeline.tools.incidents.rows import Row, first_text

NAME = "file"
TITLE = "plain CSV or JSON"
STICKY_END = False
_IDENTITY = ("id", "incident_id", "incident", "key")
_OPENED = ("opened_at", "started_at", "created_at", "start", "opened", "created_date")
_ACKNOWLEDGED = ("acknowledged_at", "acked_at", "acknowledged")
_RESOLVED = (
    "resolved_at", "ended_at", "closed_at", "end", "resolved", "resolution_date", "finished_at",
)  # fmt: skip


def recognises(row: Row) -> bool:
    """Anything that has an identity or a beginning by one of the names."""
    return any(name in row.values for name in (*_IDENTITY, *_OPENED))


def read(row: Row) -> ReportedIncident | None:
    """The row as an incident."""
    values = row.values
    identity = first_text(values, _IDENTITY)
    if identity is None:
        raise BadRowError("id is missing")
    return ReportedIncident(
        identity=identity.strip(),
        title=first_text(values, ("title", "summary", "name", "description")),
        opened_at=needed_moment(first_text(values, _OPENED), "opened_at"),
        resolved_at=moment(first_text(values, _RESOLVED), "resolved_at"),
        acknowledged_at=moment(first_text(values, _ACKNOWLEDGED), "acknowledged_at"),
        service=first_text(values, ("service", "component", "app")),
        environment=first_text(values, ("environment", "env")),
        severity=first_text(values, ("severity", "priority", "urgency")),
        deployment_id=first_text(values, ("deployment_id", "deployment")),
        revision=first_text(values, ("revision", "commit", "commit_sha")),
        updated_at=moment(first_text(values, ("updated_at",)), "updated_at"),
    )
