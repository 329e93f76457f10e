"""What other systems tell of incidents and deployments, in the terms of no system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import text

_FIRST_YEAR = 1971
"""Go writes the year 1 for a time that is not set."""


class Change(StrEnum):
    """What happened to an incident. In this order where two happened in the same moment."""

    OPENED = "opened"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent:
    """One thing that happened to an incident.

    ``incident`` is its identity at the source, ``at`` when this happened, ``opened_at`` when the
    incident began, where that is said. ``services`` and ``environments`` are names to find the
    service and the environment by, the surest first. ``told_by`` is who passed it on, where that is
    not the source itself: PagerDuty of an alert of Alertmanager.
    """

    source: str
    incident: str
    change: Change
    at: datetime
    opened_at: datetime | None = None
    title: str | None = None
    severity: str | None = None
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    revision: str | None = None
    deployment_id: str | None = None
    told_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEnd:
    """A deployment that someone else made, and that ended."""

    source: str
    deployment: str
    succeeded: bool
    revision: str
    started_at: datetime
    finished_at: datetime
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells. ``passed_over`` says why there is nothing of interest in it."""

    incidents: Sequence[IncidentEvent] = ()
    deployments: Sequence[DeploymentEnd] = ()
    passed_over: str | None = None


def moment(value: object) -> datetime | None:
    """A time of ISO 8601 with its zone, as UTC; None where it is none or not set."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None or found.year < _FIRST_YEAR:
            return None
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def required_moment(
    said: Mapping[str, Any], name: str, position: str, document: Document
) -> datetime:
    """The time called ``name``.

    Raises:
        ParseError: it is missing or no time with its zone.
    """
    found = moment(said.get(name))
    if found is None:
        raise document.error(position, f"{name!r} is no time with its zone")
    return found


def named(values: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """The texts called by ``names``, in their order, each once."""
    found = (text(values.get(name)) for name in names)
    return tuple(dict.fromkeys(value for value in found if value))


def json_object(document: Document) -> Mapping[str, Any]:
    """The JSON object that the document is.

    Raises:
        ParseError: it is something else.
    """
    value = document.json
    if not isinstance(value, dict):
        raise document.error("line 1", "a JSON object is expected")
    return value
