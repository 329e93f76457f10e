"""Deliveries' traces to an OpenTelemetry collector, over OTLP/HTTP.

The standard variables say where and how: OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT),
OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES. OpenTelemetry takes a second to load, so it
is loaded when something is sent and not before.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from coffee_pipeline.errors import PipelineError, ToolError, TransientError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.stages.delivery_trace import DeliverySpan, DeliveryTrace, delivery_trace

if TYPE_CHECKING:
    import requests
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SEND_SECONDS = 10.0
SERVICE = "coffee-pipeline"
REFUSED_FOR_GOOD = frozenset({400, 413, 422})
"""Answers that are about what was sent, so that sending it again is in vain. Others of 4xx are
about who sends and where (401, 403, 404) or when (408, 429): they change.
"""
_OF_RUN = r"\d{8}T\d{6}-[0-9a-f]{6}"
"""Names that the command ``run`` gives deliveries."""
_ENDED = """
    SELECT delivery, max(finished_at) AS ended FROM stage_runs
    WHERE NOT regexp_full_match(delivery, ?)
    GROUP BY delivery HAVING (max(finished_at), delivery) > (?, ?) ORDER BY ended, delivery
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def endpoint(environment: Mapping[str, str] | None = None) -> str | None:
    """Where traces go: the first of the two variables that is set; None: nowhere."""
    known = os.environ if environment is None else environment
    return next((known[name] for name in ENDPOINT_VARIABLES if known.get(name)), None)


@dataclass(slots=True)
class Sending:
    """What came of sending deliveries that ended: ``cursor`` is where the next time begins.

    ``refused`` are those that the collector will never take, each with its answer; ``problem`` is
    why those after the cursor have to wait.
    """

    cursor: str
    sent: int = 0
    refused: tuple[str, ...] = ()
    problem: str | None = None

    def __str__(self) -> str:
        refused = f"; refused for good: {'; '.join(self.refused)}" if self.refused else ""
        problem = f", then: {self.problem}" if self.problem else ""
        return f"{self.sent} deliveries sent{refused}{problem}"


def send_ended(history: HistoryReader, cursor: str, unfinished: Callable[[str], bool]) -> Sending:
    """Send deliveries that ended after ``cursor``, until one is ``unfinished`` or not taken.

    One that is refused for good is passed: those after it would never be sent.

    Args:
        history: what recorded the deliveries.
        cursor: a moment of ISO 8601 and, behind a space, the delivery that was the last one.
        unfinished: whether a delivery goes on, so that it and those after it wait.
    """
    sending = Sending(cursor)
    try:
        history.refresh(force=False)
        for name, ended in _ended_after(history, cursor):
            if unfinished(name):
                break
            try:
                send_delivery(history, name)
                sending.sent += 1
            except ToolError as error:
                sending.refused += (f"{name}: {error}",)
            sending.cursor = f"{ended.isoformat()} {name}"
    except PipelineError as error:
        sending.problem = str(error)
    return sending


def _ended_after(history: HistoryReader, cursor: str) -> list[tuple[str, datetime]]:
    """Deliveries whose last step ended after ``cursor``, and when, in that order.

    Of those that ended in one moment the name decides. Those of the command ``run`` are left out:
    it sends them itself.
    """
    moment, _, delivery = cursor.partition(" ")
    rows = history.query(_ENDED, (_OF_RUN, datetime.fromisoformat(moment), delivery))
    return [(str(row["delivery"]), cast("datetime", row["ended"])) for row in rows]


def send_delivery(history: HistoryReader, delivery: str) -> str:
    """Send the trace of a delivery and return its id.

    Raises:
        UsageError: the history has no such delivery.
        ToolError: the collector will never take it.
        TransientError: the collector did not take it.
    """
    trace = delivery_trace(history, delivery)
    send_trace(trace)
    return trace.trace_id


def send_trace(trace: DeliveryTrace) -> None:
    """Send the spans in one batch.

    Raises:
        ToolError: the collector refused them for good.
        TransientError: the collector did not take them.
    """
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExportResult

    # Of a failure the exporter tells the log only; here it is the caller who is told.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create({"service.name": SERVICE, "service.version": version(SERVICE)})
    answers: list[int] = []

    def keep_answer(answer: requests.Response, *_: object, **__: object) -> None:
        answers.append(answer.status_code)

    # The exporter says no more than that it failed; its session sees with which answer.
    session = requests.Session()
    session.hooks["response"].append(keep_answer)
    exporter = OTLPSpanExporter(timeout=SEND_SECONDS, session=session)
    try:
        result = exporter.export([_span(trace, one, resource) for one in trace.spans])
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
    if result is SpanExportResult.SUCCESS:
        return
    answer = f" (HTTP {answers[-1]})" if answers else ""
    words = f"{endpoint() or 'the collector'} did not take trace {trace.trace_id}{answer}"
    if answers and answers[-1] in REFUSED_FOR_GOOD:
        raise ToolError(words)
    raise TransientError(words)


def send_if_wanted(history: HistoryReader, delivery: str) -> str | None:
    """Send the trace where a collector is named; one line that says what came of it, else None.

    A delivery is over when its trace is sent, so that nothing of it fails with the sending.
    """
    if endpoint() is None:
        return None
    try:
        return f"trace: {send_delivery(history, delivery)} sent"
    except PipelineError as error:
        return f"trace: not sent: {error}"


def _span(trace: DeliveryTrace, one: DeliverySpan, resource: Resource) -> ReadableSpan:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
    from opentelemetry.trace.status import Status, StatusCode

    def context(span_id: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(trace.trace_id, 16), int(span_id, 16), False, flags)

    events = []
    if one.parent_id is None and trace.committed_at is not None:
        events.append(Event("committed", timestamp=_nanoseconds(trace.committed_at)))
    return ReadableSpan(
        name=one.name,
        context=context(one.span_id),
        parent=context(one.parent_id) if one.parent_id else None,
        resource=resource,
        attributes=dict(one.attributes),
        events=events,
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, one.problem) if one.problem else Status(StatusCode.UNSET),
        start_time=_nanoseconds(one.started_at),
        end_time=_nanoseconds(one.finished_at),
        instrumentation_scope=InstrumentationScope(SERVICE),
    )


def _nanoseconds(moment: datetime) -> int:
    """Exactly: a float has no room for nanoseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
