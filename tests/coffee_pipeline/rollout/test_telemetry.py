from __future__ import annotations

import gzip
import http.client
import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.description import RedSeries, RunSettings
from coffee_pipeline.rollout.exposition import NoMetricsError, missing_red, read_exposition
from coffee_pipeline.rollout.instance import Instance
from coffee_pipeline.rollout.releases import Release
from coffee_pipeline.rollout.telemetry import BODY_LIMIT, Scraper, TraceSink

TEXT = """\
# TYPE http_requests_total counter
http_requests_total{code="200"} 4
http_requests_total{code="500"} 1
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.2"} 3
http_request_duration_seconds_bucket{le="+Inf"} 5
http_request_duration_seconds_count 5
http_request_duration_seconds_sum 1.5
go_goroutines 9
"""


@pytest.fixture
def sink() -> Iterator[TraceSink]:
    made = TraceSink()
    yield made
    made.stop()


def post(sink: TraceSink, body: bytes, **headers: str) -> int:
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{sink.url}/v1/traces", content=body, headers=headers).status_code


def protobuf(trace: str) -> bytes:
    span = b"\x0a\x10" + bytes.fromhex(trace) + b"\x12\x08abcdefgh"
    return b"\x0a" + bytes([len(span)]) + span


def test_a_trace_is_seen_in_protobuf_plain_and_compressed(sink: TraceSink) -> None:
    one, two = secrets.token_hex(16), secrets.token_hex(16)
    assert not sink.saw(one)
    assert post(sink, protobuf(one)) == 200
    assert post(sink, gzip.compress(protobuf(two)), **{"Content-Encoding": "gzip"}) == 200
    assert sink.saw(one)
    assert sink.saw(two)
    assert not sink.saw(secrets.token_hex(16))


def test_a_trace_is_seen_in_json(sink: TraceSink) -> None:
    trace = secrets.token_hex(16)
    span = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": trace.upper()}]}]}]}
    assert post(sink, json.dumps(span).encode(), **{"Content-Type": "application/json"}) == 200
    assert sink.saw(trace)


def test_broken_and_huge_exports_are_refused(sink: TraceSink) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert post(sink, b"no gzip", **packed) == 400
    assert post(sink, gzip.compress(b"a")[:-3], **packed) == 400
    assert post(sink, gzip.compress(b"a" * 100)[:10] + b"\xff" * 20, **packed) == 400
    assert post(sink, gzip.compress(bytes(BODY_LIMIT + 1)), **packed) == 413  # a small bomb
    address = sink.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.putrequest("POST", "/v1/traces")  # the body is not even sent
        connection.putheader("Content-Length", str(BODY_LIMIT + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


@pytest.mark.parametrize("length", ["-1", "many", "\u00b2"])
def test_a_length_that_is_none_is_refused(sink: TraceSink, length: str) -> None:
    address = sink.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.putrequest("POST", "/v1/traces")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_the_text_format_is_read_and_narrowed_to_what_is_wanted() -> None:
    assert len(read_exposition(TEXT)) == 7
    wanted = ("http_requests_total", "http_request_duration_seconds_bucket{le=0.2}")
    assert [(name, value) for name, _, value in read_exposition(TEXT, wanted)] == [
        ("http_requests_total", 4.0),
        ("http_requests_total", 1.0),
        ("http_request_duration_seconds_bucket", 3.0),
    ]


@pytest.mark.parametrize("body", ['{"requests": 4}', "<html>metrics</html>", "", "# only words\n"])
def test_an_answer_with_status_200_that_is_no_metrics_is_not_zero_requests(body: str) -> None:
    with pytest.raises(NoMetricsError):
        read_exposition(body)


HANDLER_ONLY = """\
# TYPE promhttp_metric_handler_requests_total counter
promhttp_metric_handler_requests_total{code="200"} 4
# TYPE db_query_duration_seconds histogram
db_query_duration_seconds_bucket{le="+Inf"} 5
"""
GRPC = RedSeries(
    requests="grpc_server_handled_total",
    duration="grpc_server_handling_seconds",
    service_label="app",
    errors='grpc_code!="OK"',
)


@pytest.mark.parametrize(
    ("text", "series", "missing"),
    [
        (TEXT, RedSeries(), []),
        # What client_golang counts by itself is no request of a user.
        (HANDLER_ONLY, RedSeries(), ["rate", "duration"]),
        (TEXT.replace("code=", "status="), RedSeries(), ["errors"]),
        (TEXT.replace("{", '{service="till",'), RedSeries(), []),
        # The dashboards ask for the service by its name in platform.yaml.
        (TEXT.replace("{", '{service="till-svc",'), RedSeries(), ["rate", "duration"]),
        (TEXT, GRPC, ["rate", "duration"]),
        ('grpc_server_handled_total{app="till",grpc_code="OK"} 1\n'
         'grpc_server_handling_seconds_bucket{app="till",le="+Inf"} 1\n', GRPC, []),
    ],
)  # fmt: skip
def test_only_the_series_that_dashboards_ask_for_are_red_metrics(
    text: str, series: RedSeries, missing: list[str]
) -> None:
    found = missing_red(read_exposition(text), series, "till")
    assert [one.partition(":")[0] for one in found] == missing


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        points = read_exposition(text)
    except NoMetricsError:
        return
    assert points


def test_a_scrape_that_is_not_answered_is_kept_as_down() -> None:
    """A target that is gone must not look like one that nobody asked."""
    release = Release(
        service="till", revision="r1", digest=f"sha256:{0:064}", binary=Path("till"),
        run=RunSettings(), series=("http_requests_total",),
    )  # fmt: skip
    answers = iter([TEXT, None, "<html>"])

    class Target:
        track, address = "stable", "127.0.0.1:1"

        def __init__(self) -> None:
            self.release = release

        def get(self, _path: str) -> httpx.Response | None:
            text = next(answers)
            return None if text is None else httpx.Response(200, text=text)

    scraper = Scraper(lambda: [("staging", cast("Instance", Target()))], interval_seconds=3600)
    begun = datetime.now(UTC)
    for _ in range(3):
        scraper.scrape()
    scraper.stop()
    found = scraper.samples("staging", "till", begun, datetime.now(UTC))
    assert [(one.name, one.value) for one in found] == [
        ("up", 1), ("http_requests_total", 4), ("http_requests_total", 1), ("up", 0), ("up", 0),
    ]  # fmt: skip


def test_traces_are_handed_on_as_they_came() -> None:
    collector = TraceSink()
    sink = TraceSink(collector.url + "/")
    trace = secrets.token_hex(16)
    body = gzip.compress(protobuf(trace))
    assert post(sink, body, **{"Content-Encoding": "gzip"}) == 200
    assert collector.saw(trace)
    collector.stop()
    other = secrets.token_hex(16)
    assert post(sink, protobuf(other)) == 503  # so the exporter tries again
    assert sink.saw(other)
    sink.stop()
