"""What all trace stores have in common: how they are asked for the traces of a service.

A store is one module with the names of :class:`TraceStore`; it sends nothing. No store has pages:
an answer with as many traces as were asked for may lack some, so the time is halved until it has
fewer; what is still full at :data:`SHORTEST_SECONDS` is said to be cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, AnswerError, Request
from coffee_pipeline.tools.traces.span import Span

LIMIT = 500
"""Traces asked for at once."""
SHORTEST_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Search:
    """Traces with a span of ``service`` between two moments (seconds since 1970)."""

    service: str
    start: int
    end: int
    limit: int = LIMIT


@dataclass(frozen=True, slots=True)
class FoundTraces:
    """What a search answered: whole traces, or None for those to be asked for one by one."""

    traces: Mapping[str, Sequence[Span] | None]
    reason: str | None = None


@dataclass(slots=True)
class Traces:
    """Spans by trace id, and why some may not be among them."""

    spans: dict[str, Sequence[Span]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


class TraceStore(Protocol):
    """One kind of trace store."""

    NAME: str
    TITLE: str
    CREDENTIAL: Credential

    def search(self, wanted: Search) -> Request:
        """The request of a search."""
        ...

    def read_search(self, answer: Answer) -> FoundTraces:
        """What the search answered.

        Raises:
            ParseError: it is no answer of this API.
        """
        ...

    def trace(self, trace_id: str) -> Request:
        """The request of one trace."""
        ...

    def read_trace(self, answer: Answer) -> tuple[Sequence[Span], str | None]:
        """The trace's spans, and why they may not be all of it.

        Raises:
            ParseError: it is no answer of this API.
        """
        ...


def traces_of(client: HttpClient, store: TraceStore, service: str, start: int, end: int) -> Traces:
    """All traces with a span of ``service`` from ``start`` to ``end``.

    Raises:
        ToolError, TransientError, ParseError: the store refused, failed, or answered nonsense.
    """
    found = Traces()
    open_searches = [(start, end)]
    while open_searches:
        first, last = open_searches.pop()
        answer = store.read_search(client.ask(store.search(Search(service, first, last))))
        if len(answer.traces) >= LIMIT and last - first > SHORTEST_SECONDS:
            middle = first + (last - first) // 2
            open_searches += [(middle, last), (first, middle)]
            continue
        if len(answer.traces) >= LIMIT:
            found.reasons.append(f"{store.NAME} cut a search off at {LIMIT} traces of one second")
        if answer.reason:
            found.reasons.append(answer.reason)
        _take(client, store, answer, found)
    found.reasons = list(dict.fromkeys(found.reasons))
    return found


def _take(client: HttpClient, store: TraceStore, answer: FoundTraces, found: Traces) -> None:
    for trace_id, spans in answer.traces.items():
        if trace_id in found.spans:
            continue
        if spans is not None:
            found.spans[trace_id] = spans
            continue
        try:
            read, reason = store.read_trace(client.ask(store.trace(trace_id)))
        except AnswerError as error:
            if error.status != 404:
                raise
            read, reason = (), f"{store.NAME} found traces that it does not have"
        found.spans[trace_id] = read
        if reason:
            found.reasons.append(reason)
