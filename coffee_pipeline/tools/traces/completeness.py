"""Which traces are whole, and what the others lack.

A trace is seen from end to end when every span's parent is in it, and every call of a traced
service has a span at its other end. One span may have a parent outside: the caller of the whole,
which need not be traced. Who is traced is learnt from all traces at hand: an address whose calls
were answered with a span once. Calls that got no answer (refused, timed out) owe no span.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from coffee_pipeline.tools.traces.span import Span

PARENT_MISSING = "parent_missing"
CALL_UNANSWERED = "call_unanswered"


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a trace is not whole."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class GapCount:
    """How many requests have a gap, and the id of one of their traces."""

    requests: int
    example: str


@dataclass(slots=True)
class Seen:
    """Requests of one service that a trace store has."""

    complete: int = 0
    partial: int = 0
    gaps: dict[Gap, GapCount] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.complete + self.partial


def seen_requests(
    traces: Mapping[str, Sequence[Span]], service: str, start: float, end: float
) -> Seen:
    """The requests of ``service`` that began from ``start`` until before ``end``.

    A request is a server span. It counts as its trace does: complete, or partial with the first
    gap of the trace. Names of services are compared without case, for Zipkin keeps small letters.
    """
    whole = {trace_id: _without_doubles(spans) for trace_id, spans in traces.items()}
    traced = traced_addresses(whole.values())
    found = Seen()
    for trace_id, spans in whole.items():
        requests = sum(
            span.kind == "server"
            and span.service.lower() == service.lower()
            and start <= span.started_at < end
            for span in spans
        )
        if not requests:
            continue
        gap = gap_of(spans, traced)
        if gap is None:
            found.complete += requests
            continue
        found.partial += requests
        before = found.gaps.get(gap, GapCount(0, trace_id))
        found.gaps[gap] = GapCount(before.requests + requests, before.example)
    return found


def traced_addresses(traces: Iterable[Sequence[Span]]) -> frozenset[str]:
    """Whom client spans named, where a server span continued the call."""
    found = set()
    for spans in traces:
        callers = {span.span_id: span for span in spans if span.kind == "client"}
        for span in spans:
            caller = callers.get(span.parent_id or "")
            if span.kind == "server" and caller is not None and caller.called:
                found.add(caller.called)
    return frozenset(found)


def gap_of(spans: Sequence[Span], traced: Collection[str]) -> Gap | None:
    """The first gap of a trace in time; None when it is whole."""
    known = {span.span_id for span in spans}
    parents = {span.parent_id for span in spans if span.kind in ("server", "consumer")}
    ordered = sorted(spans, key=lambda span: (span.started_at, span.span_id))
    outside = _caller_outside(ordered, known)
    for span in ordered:
        if span.parent_id is not None and span.parent_id not in known and span is not outside:
            who = span.service or "a service without a name"
            return Gap(PARENT_MISSING, f"the parent of a span of {who} is not there")
        owes = span.kind == "client" and span.answered and span.called in traced
        if owes and span.span_id not in parents:
            return Gap(CALL_UNANSWERED, f"{span.service} called {span.called}, which has no span")
    return None


def _caller_outside(ordered: Sequence[Span], known: Collection[str]) -> Span | None:
    """The one span that may have its parent elsewhere: the first, where no span is the root."""
    if any(span.parent_id is None for span in ordered):
        return None
    orphans = (span for span in ordered if span.parent_id not in known)
    return next(orphans, None)


def _without_doubles(spans: Sequence[Span]) -> Sequence[Span]:
    """Each span once: exporters that try again may send one twice."""
    return tuple({(span.span_id, span.service): span for span in spans}.values())
