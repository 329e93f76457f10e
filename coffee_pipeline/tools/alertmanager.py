"""Alertmanager: what its webhook tells of alerts that fire and that are resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.identity import digest
from coffee_pipeline.tools.json_fields import mapping, objects, required_text, text
from coffee_pipeline.tools.told import (
    Change,
    IncidentEvent,
    Told,
    json_object,
    moment,
    named,
    required_moment,
)

NAME = "alertmanager"
NO_INCIDENT = frozenset({"none", "info"})
"""Severities of alerts that only say that something works, like a watchdog's."""
_SERVICES = ("service", "sloth_service", "service_name", "app_kubernetes_io_name", "app",
             "deployment", "container", "job")  # fmt: skip
PAGED_ALERT = "[{{ with index .Alerts 0 }}{{ .Fingerprint }}-{{ .StartsAt.Unix }}{{ end }}]"
"""Alertmanager's template of what an alert is called here, to stand behind the title of a page. It
makes what the pager tells of it the same incident."""
PAGED = re.compile(r"\s*\[([0-9a-f]{16}-\d{1,12})\]\s*$", re.ASCII)
"""What the template makes of it: the identity of the incident, see :func:`read`."""
_ENVIRONMENTS = ("environment", "env", "deployment_environment", "namespace")


def read(document: Document, _event: str | None) -> Told:
    """An incident for each alert; one that fires again later has another beginning.

    Raises:
        ParseError: it is no message of Alertmanager's webhook, version 4.
    """
    said = json_object(document)
    if not isinstance(said.get("alerts"), list):
        raise document.error("line 1", "no message of Alertmanager: 'alerts' is missing")
    events: list[IncidentEvent] = []
    for index, alert in enumerate(objects(said["alerts"], "alerts", document)):
        events += _events(alert, f"alerts[{index}]", document)
    return Told(events, passed_over=None if events else "no alert in it is an incident")


def _events(alert: Mapping[str, Any], position: str, document: Document) -> list[IncidentEvent]:
    labels, annotations = mapping(alert.get("labels")), mapping(alert.get("annotations"))
    status = required_text(alert, "status", position, document)
    if status not in ("firing", "resolved"):
        raise document.error(position, "'status' is neither firing nor resolved")
    severity = text(labels.get("severity")) or "unknown"
    if severity.lower() in NO_INCIDENT:
        return []
    began = required_moment(alert, "startsAt", position, document)
    identity = text(alert.get("fingerprint")) or digest(json.dumps(labels, sort_keys=True))[:16]
    name = text(labels.get("alertname")) or "unnamed alert"
    opened = IncidentEvent(
        source=NAME,
        incident=f"{identity}-{int(began.timestamp())}",
        opened_at=began,
        title=text(annotations.get("summary")) or name,
        severity=severity,
        services=named(labels, _SERVICES),
        environments=named(labels, _ENVIRONMENTS),
        revision=text(labels.get("revision")),
        change=Change.OPENED,
        at=began,
    )
    if status == "firing":
        return [opened]
    ended = moment(alert.get("endsAt"))
    if ended is None:
        raise document.error(position, "'endsAt' of a resolved alert is no time")
    return [opened, replace(opened, change=Change.RESOLVED, at=ended)]
