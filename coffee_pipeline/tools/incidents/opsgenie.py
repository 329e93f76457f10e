"""Opsgenie alerts and incidents: lists of its REST API, and its webhooks.

Documented at https://docs.opsgenie.com/docs/alert-api, /docs/incident-api and /docs/webhook-data.
``report.ackTime`` and ``report.closeTime`` are the times from creation to acknowledgement and to
closing, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from coffee_pipeline.tools.incidents.reported import (
    BadRowError,
    ReportedIncident,
    moment,
    needed_moment,
)
from coffee_pipeline.tools.incidents.rows import Row, first_text, mapping

NAME = "opsgenie"
TITLE = "Opsgenie alerts and incidents (REST, webhooks)"
STICKY_END = False
_ENDED = ("closed", "resolved")


def recognises(row: Row) -> bool:
    """A webhook's alert, or an alert or incident with its short number."""
    values = _alert(row)
    return values is not row.values or ("tinyId" in values and "createdAt" in values)


def read(row: Row) -> ReportedIncident | None:
    """The alert or incident."""
    values = _alert(row)
    identity = first_text(values, ("id", "alertId", "tinyId"))
    if identity is None:
        raise BadRowError("id is missing")
    details = {**mapping(values, "extraProperties"), **mapping(values, "details")}
    tags = _tags(values)
    began = values.get("impactStartDate") or values.get("createdAt")
    opened = needed_moment(began, "createdAt")
    return ReportedIncident(
        identity=identity,
        title=first_text(values, ("message", "description")),
        opened_at=opened,
        resolved_at=_resolved(row, values),
        acknowledged_at=_after(values, "ackTime"),
        service=first_text(details, ("service",)) or tags.get("service")
        or first_text(values, ("entity", "source")),
        environment=first_text(details, ("environment", "env")) or tags.get("environment"),
        severity=first_text(values, ("priority",)),
        deployment_id=first_text(details, ("deployment_id", "deployment")),
        revision=first_text(details, ("revision", "commit")),
        updated_at=moment(values.get("updatedAt"), "updatedAt"),
    )  # fmt: skip


def _resolved(row: Row, values: Mapping[str, Any]) -> datetime | None:
    closing = row.values.get("action") in ("Close", "Resolve")
    if not closing and values.get("status") not in _ENDED:
        return None
    impact = moment(values.get("impactEndDate"), "impactEndDate")
    if impact is not None:
        return impact
    closed = _after(values, "closeTime")
    if closed is not None:
        return closed
    ended = moment(values.get("closedAt") or values.get("updatedAt"), "updatedAt")
    if ended is None:
        raise BadRowError("it is closed, but no time says when")
    return ended


def _after(values: Mapping[str, Any], name: str) -> datetime | None:
    """The creation and what the report says passed since; None where it says nothing."""
    took = mapping(values, "report").get(name)
    created = moment(values.get("createdAt"), "createdAt")
    if isinstance(took, int) and not isinstance(took, bool) and 0 <= took < 1e13 and created:
        return created + timedelta(milliseconds=took)
    return None


def _alert(row: Row) -> Mapping[str, Any]:
    """The alert or incident within a webhook."""
    if isinstance(row.values.get("action"), str):
        for name in ("alert", "incident"):
            inner = mapping(row.values, name)
            if inner:
                return inner
    return row.values


def _tags(values: Mapping[str, Any]) -> dict[str, str]:
    """Tags such as ``service:orders``."""
    tags = values.get("tags")
    pairs = (str(tag).partition(":") for tag in tags) if isinstance(tags, list) else ()
    return {name.strip().lower(): text.strip() for name, _, text in pairs if text.strip()}
