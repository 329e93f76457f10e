"""Deliveries' traces to an OpenTelemetry collector, over OTLP/HTTP.

The standard variables say where and how: OTEL_EXPORTER_OTLP_ENDPOINT (or ..._TRACES_ENDPOINT),
OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES. OpenTelemetry takes a second to load, so it
is loaded when something is sent and not before.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from coffee_pipeline.errors import PipelineError, TransientError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.stages.delivery_trace import DeliverySpan, DeliveryTrace, delivery_trace

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SEND_SECONDS = 10.0
SERVICE = "coffee-pipeline"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def endpoint(environment: Mapping[str, str] | None = None) -> str | None:
    """Where traces go: the first of the two variables that is set; None: nowhere."""
    known = os.environ if environment is None else environment
    return next((known[name] for name in ENDPOINT_VARIABLES if known.get(name)), None)


def send_delivery(history: HistoryReader, delivery: str) -> str:
    """Send the trace of a delivery and return its id.

    Raises:
        UsageError: the history has no such delivery.
        TransientError: the collector did not take it.
    """
    trace = delivery_trace(history, delivery)
    send_trace(trace)
    return trace.trace_id


def send_trace(trace: DeliveryTrace) -> None:
    """Send the spans in one batch.

    Raises:
        TransientError: the collector did not take them.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExportResult

    # Of a failure the exporter tells the log only; here it is the caller who is told.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create({"service.name": SERVICE, "service.version": version(SERVICE)})
    exporter = OTLPSpanExporter(timeout=SEND_SECONDS)
    try:
        result = exporter.export([_span(trace, one, resource) for one in trace.spans])
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]
    if result is not SpanExportResult.SUCCESS:
        raise TransientError(f"{endpoint() or 'the collector'} did not take trace {trace.trace_id}")


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
