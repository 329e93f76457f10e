"""Jaeger's query API, as its user interface asks it (``/api/traces``); times are microseconds.

https://www.jaegertracing.io/docs/latest/architecture/apis/#query-json-over-http
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.traces.span import (
    KINDS,
    Span,
    answered_of,
    called_of,
    parent_id_of,
    seconds_of,
    span_id_of,
    trace_id_of,
)
from coffee_pipeline.tools.traces.store import FoundTraces, Search

NAME = "jaeger"
TITLE = "Jaeger query API"
CREDENTIAL = Credential("JAEGER_TOKEN")


def search(wanted: Search) -> Request:
    """Traces of a service."""
    return Request(
        path="api/traces",
        parameters={
            "service": wanted.service,
            "start": f"{wanted.start}000000",
            "end": f"{wanted.end}000000",
            "limit": str(wanted.limit),
        },
    )


def read_search(answer: Answer) -> FoundTraces:
    """``data`` is a list of traces; ``errors`` says what is not in it.

    Raises:
        ParseError: it is something else.
    """
    found = answer.json_object()
    data = found.get("data")
    if data is None and not found.get("errors"):
        data = []
    if data is not None and not isinstance(data, list):
        raise ParseError(answer.source, "data", "a JSON array is expected")
    traces: dict[str, Sequence[Span] | None] = {}
    for index, one in enumerate(data or ()):
        spans = _spans(one, answer.source, f"data[{index}]")
        if spans:
            traces[spans[0].trace_id] = spans
    return FoundTraces(traces, _errors(found))


def trace(trace_id: str) -> Request:
    """One trace by its id."""
    return Request(path=f"api/traces/{trace_id}")


def read_trace(answer: Answer) -> tuple[Sequence[Span], str | None]:
    """The spans of the one trace in ``data``.

    Raises:
        ParseError: it is something else.
    """
    found = read_search(answer)
    return [span for spans in found.traces.values() for span in spans or ()], found.reason


def _errors(found: Mapping[str, Any]) -> str | None:
    errors = items(found.get("errors"))
    if not errors:
        return None
    words = text(mapping(errors[0]).get("msg")) or "an error"
    return f"{NAME} answered from a part of its data: {' '.join(words.split())[:200]}"


def _spans(value: object, source: str, position: str) -> list[Span]:
    if not isinstance(value, dict) or not isinstance(value.get("spans"), list):
        raise ParseError(source, position, "a JSON object with spans is expected")
    processes = mapping(value.get("processes"))
    return [
        _span(one, processes, source, f"{position}.spans[{number}]")
        for number, one in enumerate(value["spans"])
    ]


def _span(value: object, processes: Mapping[str, Any], source: str, position: str) -> Span:
    if not isinstance(value, dict):
        raise ParseError(source, position, "a JSON object is expected")
    tags = _tags(value.get("tags"))
    kind = str(tags.get("span.kind", "")).lower()
    process = value.get("processID")
    service = mapping(processes.get(process) if isinstance(process, str) else None)
    return Span(
        trace_id=trace_id_of(value.get("traceID"), source, position),
        span_id=span_id_of(value.get("spanID"), source, position),
        parent_id=_parent(value, source, position),
        service=text(service.get("serviceName")) or "",
        name=text(value.get("operationName")) or "",
        kind=kind if kind in KINDS else "internal",
        started_at=seconds_of(value.get("startTime"), 1e-6, source, f"{position}.startTime"),
        duration_seconds=seconds_of(value.get("duration"), 1e-6, source, f"{position}.duration"),
        called=called_of(tags),
        answered=answered_of(tags, tags.get("error") in (True, "true")),
    )


def _parent(value: Mapping[str, Any], source: str, position: str) -> str | None:
    """The span that it is a child of; answers of old have it in a field of its own."""
    for reference in items(value.get("references")):
        one = mapping(reference)
        same = one.get("traceID") in (None, value.get("traceID"))
        if same and one.get("refType") in ("CHILD_OF", "FOLLOWS_FROM"):
            return parent_id_of(one.get("spanID"), source, f"{position}.references")
    return parent_id_of(value.get("parentSpanID"), source, position)


def _tags(value: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items(value):
        tag = mapping(item)
        if isinstance(tag.get("key"), str):
            found[tag["key"]] = tag.get("value")
    return found
