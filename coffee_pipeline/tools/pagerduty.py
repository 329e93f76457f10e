"""PagerDuty: what its webhooks (version 3) tell of incidents.

An incident that Alertmanager opened is that of its alert, if its title ends with its name as
:data:`~coffee_pipeline.tools.alertmanager.PAGED_ALERT` writes it. PagerDuty's own ``incident_key``
would not do: an incident that has alerts has none.
"""

from __future__ import annotations

from coffee_pipeline.tools import alertmanager
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping, required_text, text
from coffee_pipeline.tools.told import (
    Change,
    IncidentEvent,
    Told,
    json_object,
    moment,
    named,
    required_moment,
)

NAME = "pagerduty"
_CHANGES = {
    "incident.triggered": Change.OPENED,
    "incident.acknowledged": Change.ACKNOWLEDGED,
    "incident.resolved": Change.RESOLVED,
    "incident.reopened": Change.REOPENED,
}


def read(document: Document, _event: str | None) -> Told:
    """What happened to an incident; events about anything else are passed over.

    Raises:
        ParseError: it is no message of PagerDuty's webhooks.
    """
    event = mapping(json_object(document).get("event"))
    kind = required_text(event, "event_type", "event", document)
    change = _CHANGES.get(kind)
    if change is None:
        return Told(passed_over=f"{kind[:80]} changes no incident")
    data = mapping(event.get("data"))
    title = text(data.get("title"))
    identity = required_text(data, "id", "event.data", document)
    alert = alertmanager.PAGED.search(title or "")
    service, priority = mapping(data.get("service")), mapping(data.get("priority"))
    return Told([
        IncidentEvent(
            source=alertmanager.NAME if alert else NAME,
            incident=alert[1] if alert else identity,
            told_by=NAME if alert else None,
            change=change,
            at=required_moment(event, "occurred_at", "event", document),
            opened_at=moment(data.get("created_at")),
            title=title[: alert.start()] if title and alert else title,
            severity=text(priority.get("summary")) or text(data.get("urgency")),
            services=named(service, ("summary", "name")),
        )
    ])  # fmt: skip
