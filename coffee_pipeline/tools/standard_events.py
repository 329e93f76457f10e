"""Messages of the form that Standard Webhooks recommends: ``type``, ``timestamp``, ``data``.

Types: ``incident.opened``, ``incident.acknowledged``, ``incident.resolved``,
``incident.reopened``. Their data: ``id``, and what is known of ``title``, ``severity``,
``service``, ``environment``, ``opened_at``, ``revision``, ``deployment_id``.
"""

from __future__ import annotations

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

NAME = "generic"
_PREFIX = "incident."


def read(document: Document, _event: str | None) -> Told:
    """What happened to an incident.

    Raises:
        ParseError: it is not of this form, or of a type that nothing here knows.
    """
    said = json_object(document)
    kind = required_text(said, "type", "line 1", document)
    changes = {f"{_PREFIX}{change.value}": change for change in Change}
    if kind not in changes:
        raise document.error("type", f"none of {', '.join(changes)}")
    data = mapping(said.get("data"))
    return Told([
        IncidentEvent(
            source=NAME,
            incident=required_text(data, "id", "data", document),
            change=changes[kind],
            at=required_moment(said, "timestamp", "line 1", document),
            opened_at=moment(data.get("opened_at")),
            title=text(data.get("title")),
            severity=text(data.get("severity")),
            services=named(data, ("service",)),
            environments=named(data, ("environment",)),
            revision=text(data.get("revision")),
            deployment_id=text(data.get("deployment_id")),
        )
    ])  # fmt: skip
