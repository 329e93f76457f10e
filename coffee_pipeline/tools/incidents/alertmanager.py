"""Alerts of Prometheus Alertmanager: its webhook (version 4) and ``GET /api/v2/alerts``.

Documented at https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. An alert
that fires again after it ended is another incident: fingerprint and beginning name it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.tools.incidents.reported import (
    BadRowError,
    ReportedIncident,
    moment,
    needed_moment,
)
from coffee_pipeline.tools.incidents.rows import Row, first_text, mapping

NAME = "alertmanager"
TITLE = "Alertmanager alerts (webhook v4, API v2)"
STICKY_END = True


def recognises(row: Row) -> bool:
    """An object with labels and a beginning."""
    return isinstance(row.values.get("labels"), dict) and "startsAt" in row.values


def read(row: Row) -> ReportedIncident | None:
    """The alert as an incident; only a resolved one has an end, a firing one's is a guess."""
    values = row.values
    labels = mapping(values, "labels")
    annotations = mapping(values, "annotations")
    if not labels:
        raise BadRowError("labels are missing")
    opened = needed_moment(values.get("startsAt"), "startsAt")
    resolved = moment(values.get("endsAt"), "endsAt") if _state(values) == "resolved" else None
    if _state(values) == "resolved" and resolved is None:
        raise BadRowError("status is resolved, but endsAt is missing")
    fingerprint = first_text(values, ("fingerprint",)) or _fingerprint(labels)
    return ReportedIncident(
        identity=f"{fingerprint}-{int(opened.timestamp())}",
        title=first_text(annotations, ("summary", "title", "description", "message"))
        or first_text(labels, ("alertname",)),
        opened_at=opened,
        resolved_at=resolved,
        service=first_text(labels, ("service", "app", "job")),
        environment=first_text(labels, ("environment", "env")),
        severity=first_text(labels, ("severity", "priority")),
        deployment_id=first_text(labels, ("deployment_id",))
        or first_text(annotations, ("deployment_id",)),
        revision=first_text(labels, ("revision",)) or first_text(annotations, ("revision",)),
    )


def _state(values: Mapping[str, Any]) -> str:
    """``resolved`` or ``firing``; the API's own states (active, suppressed) are firing."""
    status = values.get("status")
    return "resolved" if status == "resolved" else "firing"


def _fingerprint(labels: Mapping[str, Any]) -> str:
    text = json.dumps(labels, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
