"""Zipkin's API v2: https://zipkin.io/zipkin-api/#/default/get_traces.

Client and server may share one span id (B3 propagation); the server's half is ``shared`` then and
is made a child of the client's here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.json_fields import mapping
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

NAME = "zipkin"
TITLE = "Zipkin API v2"
CREDENTIAL = Credential("ZIPKIN_TOKEN")


def search(wanted: Search) -> Request:
    """Times are milliseconds; ``lookback`` counts back from ``endTs``."""
    return Request(
        path="api/v2/traces",
        parameters={
            # Zipkin keeps names of services in small letters.
            "serviceName": wanted.service.lower(),
            "endTs": str(wanted.end * 1000),
            "lookback": str((wanted.end - wanted.start) * 1000),
            "limit": str(wanted.limit),
        },
    )


def read_search(answer: Answer) -> FoundTraces:
    """A list of traces, each a list of spans.

    Raises:
        ParseError: it is something else.
    """
    traces: dict[str, Sequence[Span] | None] = {}
    for index, trace in enumerate(answer.json_list()):
        spans = _spans(trace, answer.source, f"[{index}]")
        if spans:
            traces[spans[0].trace_id] = spans
    return FoundTraces(traces)


def trace(trace_id: str) -> Request:
    """One trace by its id."""
    return Request(path=f"api/v2/trace/{trace_id}")


def read_trace(answer: Answer) -> tuple[Sequence[Span], str | None]:
    """Its spans.

    Raises:
        ParseError: it is something else.
    """
    return _spans(answer.json_list(), answer.source, ""), None


def _spans(value: object, source: str, position: str) -> list[Span]:
    if not isinstance(value, list):
        raise ParseError(source, position, "a JSON array of spans is expected")
    return [_span(one, source, f"{position}[{number}]") for number, one in enumerate(value)]


def _span(value: object, source: str, position: str) -> Span:
    if not isinstance(value, dict):
        raise ParseError(source, position, "a JSON object is expected")
    tags = mapping(value.get("tags"))
    kind = str(value.get("kind", "")).lower()
    identity = span_id_of(value.get("id"), source, position)
    parent = parent_id_of(value.get("parentId"), source, position)
    if value.get("shared") is True and kind == "server":
        identity, parent = f"{identity}/server", identity
    return Span(
        trace_id=trace_id_of(value.get("traceId"), source, position),
        span_id=identity,
        parent_id=parent,
        service=_text(mapping(value.get("localEndpoint")).get("serviceName")),
        name=_text(value.get("name")),
        kind=kind if kind in KINDS else "internal",
        started_at=seconds_of(value.get("timestamp", 0), 1e-6, source, f"{position}.timestamp"),
        duration_seconds=seconds_of(value.get("duration", 0), 1e-6, source, f"{position}.duration"),
        called=_called(mapping(value.get("remoteEndpoint")), tags),
        answered=answered_of(tags, "error" in tags),
    )


def _called(remote: Mapping[str, Any], tags: Mapping[str, Any]) -> str | None:
    if name := _text(remote.get("serviceName")):
        return name
    address = _text(remote.get("ipv4")) or _text(remote.get("ipv6"))
    if address:
        port = remote.get("port")
        return f"{address}:{port}" if type(port) is int else address
    return called_of(tags)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
