"""Falco: what its rules saw at run time.

Report formats: JSON lines (``json_output: true``), the one object of its HTTP output, and the
payload of falcosidekick, which adds ``uuid`` and labels. A rule may fire a thousand times for one
cause, so events of the same rule in the same workload are one finding with a count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping, text, texts
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "falco"
TITLE = "Falco events (JSON lines, HTTP output, falcosidekick)"
KIND = FindingKind.RUNTIME
IDENTITY = ("rule", "resource")
_SEVERITIES = {
    "emergency": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "notice": Severity.LOW,
    "informational": Severity.INFO,
    "info": Severity.INFO,
    "debug": Severity.INFO,
}
_LABELLED = ("k8s.", "k8smeta.", "container.")
_NAMESPACE = ("k8s.ns.name", "k8smeta.ns.name", "ka.target.namespace")
_WORKLOAD = (
    "k8s.deployment.name", "k8smeta.deployment.name", "k8s.daemonset.name",
    "k8s.statefulset.name", "k8s.rc.name", "k8smeta.rc.name",
)  # fmt: skip
_POD = ("k8s.pod.name", "k8smeta.pod.name", "ka.target.pod.name", "ka.target.name")
# A replica set's hash and a pod's suffix have letters and digits that Kubernetes draws.
_GENERATED = re.compile(
    r"(?:-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$"
)


@dataclass(frozen=True, slots=True)
class _Event:
    rule: str
    priority: str
    output: str | None
    at: datetime
    workload: str | None
    fields: Mapping[str, Any]
    tags: Sequence[str]


def recognises(document: Document) -> bool:
    """Events with rule, priority, time and what was seen."""
    value = document.json_or_none()
    events = value if isinstance(value, list) else document.objects_or_none()
    first = events[0] if events else None
    return (
        isinstance(first, dict)
        and {"rule", "priority", "time"} <= first.keys()
        and ("output_fields" in first or "output" in first)
    )


def read(document: Document) -> ReadReport:
    """One finding for each rule and workload, with the number of events and the latest of them."""
    grouped: dict[tuple[str, str | None], list[_Event]] = {}
    for index, value in enumerate(_values(document)):
        event = _event(value, f"event {index + 1}", document)
        grouped.setdefault((event.rule, event.workload), []).append(event)
    return ReadReport(findings=[_reported(events) for events in grouped.values()])


def _values(document: Document) -> Sequence[Any]:
    if document.text.lstrip()[:1] == "[":
        value = document.json
        return value if isinstance(value, list) else ()
    return document.json_objects


def _event(value: object, position: str, document: Document) -> _Event:
    said = mapping(value)
    rule, priority = text(said.get("rule")), text(said.get("priority"))
    if rule is None or priority is None or priority.lower() not in _SEVERITIES:
        raise document.error(position, "no Falco event: rule or priority is missing")
    at = _time(said.get("time"))
    if at is None:
        raise document.error(position, "'time' is no time with its zone")
    fields = {**mapping(said.get("output_fields"))}
    if host := text(said.get("hostname")):
        fields.setdefault("hostname", host)
    return _Event(
        rule=rule,
        priority=priority.lower(),
        output=text(said.get("output")),
        at=at,
        workload=_workload(fields),
        fields=fields,
        tags=texts(said.get("tags")),
    )


def _time(value: object) -> datetime | None:
    """ISO 8601 with nanoseconds, or nanoseconds since the epoch (``evt.time`` of some outputs)."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
            return moment.astimezone(UTC) if moment.tzinfo else None
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _workload(fields: Mapping[str, Any]) -> str | None:
    """Where it happened, by names that stay when a pod is replaced; else the host."""
    container = _first(fields, ("container.name",)) or _first(
        fields, ("container.image.repository",)
    )
    owner = _first(fields, _WORKLOAD) or _GENERATED.sub("", _first(fields, _POD) or "")
    parts = [_first(fields, _NAMESPACE), owner, container]
    named = [part for part in parts if part and part != "<NA>"]
    if named:
        return "/".join(named)
    host = _first(fields, ("hostname", "evt.hostname"))
    return f"host/{host}" if host else None


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the names that has a value; Falco writes ``<NA>`` or ``host`` for none."""
    values = (text(fields.get(name)) for name in names)
    return next((value for value in values if value and value not in ("<NA>", "host")), None)


def _reported(events: Sequence[_Event]) -> Reported:
    latest = max(events, key=lambda event: (event.at, event.output or ""))
    first = min(event.at for event in events)
    severity = min((_SEVERITIES[event.priority] for event in events), key=list(Severity).index)
    return Reported(
        rule=latest.rule,
        title=f"{latest.rule} in {latest.workload}" if latest.workload else latest.rule,
        severity=severity,
        resource=latest.workload,
        labels=_labels(latest.fields),
        occurred_at=latest.at,
        detail=_detail(latest, first, len(events)),
    )


def _labels(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, str) and value and value != "<NA>"
        and (name.startswith(_LABELLED) or name == "hostname")
    }  # fmt: skip


def _detail(latest: _Event, first: datetime, count: int) -> str:
    lines = [latest.output] if latest.output else []
    times = f"from {first.isoformat()} to " if count > 1 else "at "
    lines.append(f"{count} {'events' if count > 1 else 'event'} {times}{latest.at.isoformat()}")
    if latest.tags:
        lines.append(f"tags: {', '.join(latest.tags)}")
    return "\n".join(lines)
