"""Falco: what its rules saw at run time.

Report formats: JSON lines (``json_output: true``), the one object of its HTTP output, and the
payload of falcosidekick, which adds ``uuid`` and labels. A rule may fire a thousand times for one
cause, so events of the same rule in the same workload are one finding with a count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping, text, texts
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "falco"
TITLE = "Falco events (JSON lines, HTTP output, falcosidekick)"
KIND = FindingKind.RUNTIME
IDENTITY = ("rule", "resource")
COUNTING = "one finding a rule and workload, with the number of events"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGroup:
    """Events of one rule in one workload: how many, from when to when, and the latest of them."""

    rule: str
    workload: str | None
    severity: Severity
    output: str | None
    labels: Mapping[str, str]
    tags: tuple[str, ...]
    first: datetime
    last: datetime
    count: int = 1

    def joined(self, other: EventGroup) -> EventGroup:
        """Both groups, of the same rule and workload, as one; the order does not matter."""
        latest = max(self, other, key=lambda group: (group.last, group.output or ""))
        return replace(
            latest,
            severity=min((self.severity, other.severity), key=list(Severity).index),
            first=min(self.first, other.first),
            count=self.count + other.count,
        )

    def reported(self) -> Reported:
        """The group as a problem."""
        return Reported(
            rule=self.rule,
            title=f"{self.rule} in {self.workload}" if self.workload else self.rule,
            severity=self.severity,
            resource=self.workload,
            labels=self.labels,
            occurred_at=self.last,
            detail=_detail(self),
        )


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
    """One finding for each rule and workload, with the number of events and the latest of them.

    A file without an event may be of a quiet time, or of a Falco that did not run.
    """
    if document.is_empty or document.json_or_none() == []:
        return ReadReport(
            findings=(),
            outcome=Outcome.PARTIAL,
            reason="no event, and nothing says that Falco was watching",
        )
    return ReadReport(findings=[group.reported() for group in groups(document)])


def groups(document: Document) -> Sequence[EventGroup]:
    """The events of a document by rule and workload, in the order they first come.

    Raises:
        ParseError: something in it is no event.
    """
    grouped: dict[tuple[str, str | None], EventGroup] = {}
    for index, value in enumerate(_values(document)):
        event = _event(value, f"event {index + 1}", document)
        key = event.rule, event.workload
        grouped[key] = grouped[key].joined(event) if key in grouped else event
    return list(grouped.values())


def _values(document: Document) -> Sequence[Any]:
    if document.text.lstrip()[:1] == "[":
        value = document.json
        return value if isinstance(value, list) else ()
    return document.json_objects


def _event(value: object, position: str, document: Document) -> EventGroup:
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
    return EventGroup(
        rule=rule,
        workload=_workload(fields),
        severity=_SEVERITIES[priority.lower()],
        output=text(said.get("output")),
        labels=_labels(fields),
        tags=tuple(texts(said.get("tags"))),
        first=at,
        last=at,
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


def _labels(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, str) and value and value != "<NA>"
        and (name.startswith(_LABELLED) or name == "hostname")
    }  # fmt: skip


def _detail(group: EventGroup) -> str:
    lines = [group.output] if group.output else []
    times = f"from {group.first.isoformat()} to " if group.count > 1 else "at "
    lines.append(
        f"{group.count} {'events' if group.count > 1 else 'event'} {times}{group.last.isoformat()}"
    )
    if group.tags:
        lines.append(f"tags: {', '.join(group.tags)}")
    return "\n".join(lines)
