"""A delivery in the history as one trace in a collector."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coffee_pipeline.cli.main import application
from coffee_pipeline.errors import ToolError, TransientError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment, RolloutStep
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.delivery_trace import (
    delivery_trace,
    trace_id_of,
    traceparent_of,
)
from coffee_pipeline.stages.trace_export import (
    REFUSED_FOR_GOOD,
    send_delivery,
    send_ended,
    send_if_wanted,
)
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.traces.completeness import gap_of
from coffee_pipeline.tools.traces.stores import trace_store
from tests.coffee_pipeline.stages import trace_stores
from tests.conftest import wait_until

START = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
NAME = "20260301T090000-abc123"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def step(service: str, stage: str, name: str, first: float, last: float, **more: object):
    values = {"outcome": "completed", "verdict": "passed", "reason": None, **more}
    return StageRun(
        delivery=NAME, platform="go-coffee", service=service, revision="a" * 40, stage=stage,
        step=name, started_at=at(first), finished_at=at(last), **values,
    )  # fmt: skip


DEPLOYED = Deployment(
    deployment_id="d-1", service="menu", environment="production", revision="a" * 40,
    artifact_digest="sha256:aa", strategy="canary", cause="delivery", previous_revision=None,
    started_at=at(21), finished_at=at(39), outcome="rolled_back", reason="step 2 was slower",
)  # fmt: skip
CANARY = [
    RolloutStep(
        deployment_id="d-1", service="menu", environment="production", revision="a" * 40,
        step=number, weight_percent=weight, started_at=at(20 + 2 * number),
        finished_at=at(21 + 2 * number), phase=phase, reason="slower", requests=90,
        lost_requests=0,
    )
    for number, weight, phase in ((1, 10, "Successful"), (2, 25, "Failed"))
]  # fmt: skip
RUNS = [
    step("menu", "build", "binary", 0, 10),
    step("menu", "build", "sbom", 10, 12, outcome="partial", reason="no licence"),
    step("menu", "rollout", "production_deployment", 20, 40, verdict="failed", reason="slower"),
    step("orders", "build", "binary", 1, 9),
]


@pytest.fixture
def history(home: Home) -> HistoryReader:
    records = (*RUNS, DEPLOYED, *CANARY)
    HistoryWriter(home).write(
        Evidence(materialization="x", outcome=Outcome.COMPLETED, records=records)
    )
    reader = HistoryReader(home)
    reader.refresh()
    return reader


class Collector:
    """Takes what is sent and keeps it; answers ``status``."""

    def __init__(self) -> None:
        self.status = 200
        self.refused = b""
        """Of a trace with this id it says 400, whatever ``status`` is."""
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector.bodies.append(body)
                bad = collector.refused and collector.refused in body
                self.send_response(400 if bad else collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    yield made
    made.stop()


def test_a_delivery_is_one_tree(history: HistoryReader) -> None:
    trace = delivery_trace(history, NAME)
    by_id = {one.span_id: one for one in trace.spans}
    assert len(by_id) == len(trace.spans) == 1 + 2 + 3 + 4 + 1 + 2
    roots = [one for one in trace.spans if one.parent_id is None]
    assert [one.name for one in roots] == ["deliver go-coffee " + "a" * 12]
    assert traceparent_of(NAME) == f"00-{trace.trace_id}-{roots[0].span_id}-01"
    for one in trace.spans:
        if one.parent_id:
            parent = by_id[one.parent_id]
            assert parent.started_at <= one.started_at <= one.finished_at <= parent.finished_at
    names = [one.name for one in trace.spans if one.problem]
    assert names == [
        roots[0].name, "deliver menu", "rollout", "production_deployment", "canary production",
        "canary step 2",
    ]  # fmt: skip
    canary = next(one for one in trace.spans if one.name == "canary step 2")
    assert by_id[by_id[canary.parent_id or ""].parent_id or ""].name == "production_deployment"


def test_ids_follow_from_the_delivery(history: HistoryReader) -> None:
    assert delivery_trace(history, NAME) == delivery_trace(history, NAME)
    assert trace_id_of("one") != trace_id_of("two")
    with pytest.raises(UsageError, match="no delivery"):
        delivery_trace(history, "another")


def test_the_collector_gets_it(history: HistoryReader, collector: Collector) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    assert send_if_wanted(history, NAME) == f"trace: {trace_id_of(NAME)} sent"
    (body,) = collector.bodies
    request = ExportTraceServiceRequest.FromString(body)
    (resource,) = request.resource_spans
    service = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert service["service.name"] == "coffee-pipeline"
    spans = resource.scope_spans[0].spans
    assert {span.trace_id.hex() for span in spans} == {trace_id_of(NAME)}
    root = next(span for span in spans if not span.parent_span_id)
    assert root.start_time_unix_nano == int(START.timestamp()) * 10**9 + 123_456_000
    assert root.status.code == 2


def test_a_collector_that_fails_fails_no_delivery(
    history: HistoryReader, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.status = 400
    said = send_if_wanted(history, NAME)
    assert said is not None
    assert said.startswith("trace: not sent: http://127.0.0.1")
    for status in (*REFUSED_FOR_GOOD, 401, 403, 404, 500):
        collector.status = status
        with pytest.raises(ToolError if status in REFUSED_FOR_GOOD else TransientError) as error:
            send_delivery(history, NAME)
        assert f"(HTTP {status})" in str(error.value)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    assert send_if_wanted(history, NAME) is None


CURSOR = START.isoformat()
"""A moment before all of the deliveries."""


@pytest.fixture
def ended(home: Home) -> HistoryReader:
    """Deliveries c, a and b ended in one moment, d a second later."""
    for name, last in (("c", 10), ("a", 10), ("b", 10), ("d", 11)):
        run = replace(step("menu", "build", "binary", 0, last), delivery=name)
        HistoryWriter(home).write(
            Evidence(materialization=name, outcome=Outcome.COMPLETED, records=(run,))
        )
    return HistoryReader(home)


def test_one_that_is_refused_for_good_holds_up_nobody(
    ended: HistoryReader, collector: Collector
) -> None:
    collector.refused = bytes.fromhex(trace_id_of("b"))
    said = send_ended(ended, CURSOR, lambda _name: False)
    assert (said.sent, said.problem, len(collector.bodies)) == (3, None, 4)
    assert str(said).startswith("3 deliveries sent; refused for good: b: http://127.0.0.1")
    assert said.cursor == f"{at(11).isoformat()} d"
    assert str(send_ended(ended, said.cursor, lambda _name: False)) == "0 deliveries sent"


def test_deliveries_of_one_moment_are_each_sent_once(
    ended: HistoryReader, collector: Collector
) -> None:
    first = send_ended(ended, CURSOR, lambda name: name == "b")
    assert (first.sent, first.problem) == (1, None)
    collector.status = 401
    second = send_ended(ended, first.cursor, lambda _name: False)
    assert (second.sent, second.refused, second.cursor) == (0, (), first.cursor)
    assert "HTTP 401" in (second.problem or "")
    collector.status, collector.bodies = 200, []
    third = send_ended(ended, second.cursor, lambda _name: False)
    assert third.sent == 3
    ids = [bytes.fromhex(trace_id_of(name)) for name in ("b", "c", "d")]
    assert [one in body for one, body in zip(ids, collector.bodies, strict=True)] == [True] * 3


def test_the_command_sends_the_newest(
    history: HistoryReader, home: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--data-dir", str(home.root), "traces", "send"]
    run = CliRunner().invoke(application(["traces"]), words)
    assert run.output == f"{NAME}: sent as trace {trace_id_of(NAME)}\n"
    assert len(collector.bodies) == 1
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    run = CliRunner().invoke(application(["traces"]), words)
    assert isinstance(run.exception, UsageError)


@pytest.mark.slow
def test_jaeger_shows_it(
    history: HistoryReader, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trace_stores.jaeger(home, tmp_path) as store:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", store.collector)
        for _ in range(2):  # what is sent twice is the same trace
            send_delivery(history, NAME)
        jaeger = trace_store("jaeger")
        with HttpClient(store.url) as client:

            def spans() -> int:
                return len(jaeger.read_trace(client.ask(jaeger.trace(trace_id_of(NAME))))[0])

            wait_until(lambda: spans() >= 13, 60)
            found, reason = jaeger.read_trace(client.ask(jaeger.trace(trace_id_of(NAME))))
    assert (len({one.span_id for one in found}), reason) == (13, None)
    assert {one.service for one in found} == {"coffee-pipeline"}
    assert gap_of(found, ()) is None
