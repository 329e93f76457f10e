"""Tempo: a TraceQL search, then each trace by its id, as OTLP in JSON.

https://grafana.com/docs/tempo/latest/api_docs/: ``/api/search`` and ``/api/v2/traces/{id}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.traces.span import (
    Span,
    answered_of,
    called_of,
    parent_id_of,
    seconds_of,
    span_id_of,
    trace_id_of,
)
from coffee_pipeline.tools.traces.store import FoundTraces, Search

NAME = "tempo"
TITLE = "Grafana Tempo"
CREDENTIAL = Credential("TEMPO_TOKEN")

_KINDS = {
    number: kind
    for kind, name, code in (
        ("internal", "SPAN_KIND_INTERNAL", 1),
        ("server", "SPAN_KIND_SERVER", 2),
        ("client", "SPAN_KIND_CLIENT", 3),
        ("producer", "SPAN_KIND_PRODUCER", 4),
        ("consumer", "SPAN_KIND_CONSUMER", 5),
    )
    for number in (name, code)
}
_FAILED = (2, "STATUS_CODE_ERROR")


def search(wanted: Search) -> Request:
    """Traces of a service; times are seconds. JSON quotes text as TraceQL does."""
    query = f"{{ resource.service.name = {json.dumps(wanted.service, ensure_ascii=False)} }}"
    return Request(
        path="api/search",
        parameters={
            "q": query,
            "start": str(wanted.start),
            "end": str(wanted.end),
            "limit": str(wanted.limit),
            "spss": "1",
        },
    )


def read_search(answer: Answer) -> FoundTraces:
    """Ids of traces; Tempo leaves ``traces`` out when there are none.

    Raises:
        ParseError: it is something else.
    """
    found = answer.json_object()
    if "traces" not in found and "metrics" not in found:
        raise ParseError(answer.source, "", "no answer of Tempo's search")
    listed = found.get("traces") or []
    if not isinstance(listed, list):
        raise ParseError(answer.source, "traces", "a JSON array is expected")
    return FoundTraces(
        {
            trace_id_of(mapping(one).get("traceID"), answer.source, f"traces[{index}]"): None
            for index, one in enumerate(listed)
        }
    )


def trace(trace_id: str) -> Request:
    """One trace by its id."""
    return Request(path=f"api/v2/traces/{trace_id}")


def read_trace(answer: Answer) -> tuple[Sequence[Span], str | None]:
    """The spans of ``trace``, of version 2 of the API, or of the trace itself, of version 1.

    Raises:
        ParseError: it is something else.
    """
    found = answer.json_object()
    whole = mapping(found.get("trace")) or found
    resources = whole.get("resourceSpans", whole.get("batches"))
    if not isinstance(resources, list):
        raise ParseError(answer.source, "trace", "resourceSpans are expected")
    reason = None
    if str(found.get("status", "")).lower() in ("partial", "1"):
        reason = f"{NAME} gave a part of a trace: {text(found.get('message')) or 'too large'}"
    return [
        _span(span, service, answer.source, position)
        for span, service, position in _walk(resources)
    ], reason


def _walk(resources: Sequence[Any]) -> Iterator[tuple[object, str, str]]:
    """Every span with the name of its service."""
    for number, resource in enumerate(resources):
        attributes = _attributes(mapping(mapping(resource).get("resource")).get("attributes"))
        service = text(attributes.get("service.name")) or ""
        scopes = mapping(resource).get("scopeSpans")
        scopes = mapping(resource).get("instrumentationLibrarySpans") if scopes is None else scopes
        for scope in items(scopes):
            for index, span in enumerate(items(mapping(scope).get("spans"))):
                yield span, service, f"resourceSpans[{number}].spans[{index}]"


def _span(value: object, service: str, source: str, position: str) -> Span:
    if not isinstance(value, dict):
        raise ParseError(source, position, "a JSON object is expected")
    attributes = _attributes(value.get("attributes"))
    kind = value.get("kind")
    started = seconds_of(value.get("startTimeUnixNano"), 1e-9, source, position)
    ended = seconds_of(value.get("endTimeUnixNano"), 1e-9, source, position)
    return Span(
        trace_id=trace_id_of(value.get("traceId"), source, position),
        span_id=span_id_of(value.get("spanId"), source, position),
        parent_id=parent_id_of(value.get("parentSpanId"), source, position),
        service=service,
        name=text(value.get("name")) or "",
        kind=_KINDS.get(kind, "internal") if isinstance(kind, int | str) else "internal",
        started_at=started,
        duration_seconds=max(0.0, ended - started),
        called=called_of(attributes),
        answered=answered_of(attributes, mapping(value.get("status")).get("code") in _FAILED),
    )


def _attributes(value: object) -> dict[str, Any]:
    """OTLP's key and value pairs; a value's one field says its type."""
    found: dict[str, Any] = {}
    for item in items(value):
        pair: Mapping[str, Any] = mapping(item)
        if isinstance(pair.get("key"), str):
            found[pair["key"]] = next(iter(mapping(pair.get("value")).values()), None)
    return found
