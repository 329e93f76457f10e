"""PagerDuty incidents: ``GET /incidents`` of its REST API v2, and webhooks of version 3.

Documented at https://developer.pagerduty.com/api-reference/ (Incidents; V3 Overview of Webhooks).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coffee_pipeline.tools.incidents.reported import (
    BadRowError,
    ReportedIncident,
    moment,
    needed_moment,
)
from coffee_pipeline.tools.incidents.rows import Row, first_text, mapping

NAME = "pagerduty"
TITLE = "PagerDuty incidents (REST v2, webhooks v3)"
STICKY_END = False


def recognises(row: Row) -> bool:
    """An event with an incident, or an incident with a number and an urgency or a service."""
    values = _incident(row)
    if values is not row.values:
        return True
    return "incident_number" in values or (
        values.get("type") in ("incident", "incident_reference") and "id" in values
    )


def read(row: Row) -> ReportedIncident | None:
    """The incident; resolved by its own time, else by its last change if that resolved it."""
    values = _incident(row)
    identity = first_text(values, ("id", "incident_number"))
    if identity is None:
        raise BadRowError("id is missing")
    event = mapping(row.values, "event")
    resolved = moment(values.get("resolved_at"), "resolved_at")
    if resolved is None and values.get("status") == "resolved":
        resolved = moment(
            values.get("last_status_change_at") or event.get("occurred_at"), "last_status_change_at"
        )
        if resolved is None:
            raise BadRowError("status is resolved, but no time says when")
    priority = mapping(values, "priority")
    details = mapping(mapping(values, "body"), "details")
    updated = event.get("occurred_at") or values.get("updated_at")
    return ReportedIncident(
        identity=identity,
        title=first_text(values, ("title", "summary", "description")),
        opened_at=needed_moment(values.get("created_at"), "created_at"),
        resolved_at=resolved if values.get("status", "resolved") == "resolved" else None,
        acknowledged_at=_acknowledged(values, event),
        service=first_text(mapping(values, "service"), ("summary", "name", "id")),
        environment=first_text(details, ("environment", "env")),
        severity=first_text(priority, ("summary", "name")) or first_text(values, ("urgency",)),
        deployment_id=first_text(details, ("deployment_id", "deployment")),
        revision=first_text(details, ("revision", "commit")),
        updated_at=moment(updated or values.get("last_status_change_at"), "updated_at"),
    )


def _acknowledged(values: Mapping[str, Any], event: Mapping[str, Any]) -> datetime | None:
    """When somebody first took it on: by the incident's own list, or by the event that says so.

    PagerDuty empties the list when the incident is resolved.
    """
    said = values.get("acknowledgements")
    rows = said if isinstance(said, list) else []
    moments = [
        moment(one.get("at"), "acknowledgements.at") for one in rows if isinstance(one, dict)
    ]
    if event.get("event_type") == "incident.acknowledged":
        moments.append(moment(event.get("occurred_at"), "event.occurred_at"))
    return min((one for one in moments if one is not None), default=None)


def _incident(row: Row) -> Mapping[str, Any]:
    """The incident within a webhook's event or an answer about one incident."""
    event = mapping(row.values, "event")
    data = mapping(event, "data")
    if data and str(event.get("event_type", "")).startswith("incident."):
        return data
    alone = mapping(row.values, "incident")
    return alone if "created_at" in alone else row.values
