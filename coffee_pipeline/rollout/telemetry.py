"""What the owner of the environments listens to: samples of metrics, and traces.

The scraper keeps the samples that SLOs need, of the last minutes; the trace sink only remembers
which trace ids came back, which is what proves that a service exports its spans.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import threading
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.rollout.exposition import NoMetricsError, Point, read_exposition
from coffee_pipeline.rollout.instance import Instance

UP = "up"
"""As Prometheus has it: of every scrape a sample, 1 where it was answered with metrics, else 0."""
KEPT = timedelta(minutes=30)
TRACES_KEPT = 50_000
BODY_LIMIT = 16 << 20
FORWARD_SECONDS = 5.0
_FORWARDED = ("content-type", "content-encoding")

_TRACE_ID = re.compile(rb"\x0a\x10(.{16})", re.DOTALL)
"""``Span.trace_id`` in OTLP protobuf: field 1, length 16. A chance match does no harm: only the
id that was asked for counts."""


class Scraper:
    """Scrapes every instance at an interval and keeps the wanted series."""

    def __init__(
        self, instances: Callable[[], Iterable[tuple[str, Instance]]], interval_seconds: float
    ) -> None:
        self._instances = instances
        self._interval = interval_seconds
        self._samples: deque[Sample] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop scraping."""
        self._stop.set()
        self._thread.join()

    def scrape(self) -> None:
        """Scrape every instance now."""
        now = datetime.now(UTC)
        for environment, instance in list(self._instances()):
            self._take(environment, instance)
        with self._lock:
            while self._samples and self._samples[0].observed_at < now - KEPT:
                self._samples.popleft()

    def samples(
        self, environment: str, service: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Samples of a service, a scrape before ``start`` included so that rises can be told."""
        since = start - timedelta(seconds=2 * self._interval)
        with self._lock:
            return [
                sample
                for sample in self._samples
                if sample.environment == environment
                and sample.service == service
                and since <= sample.observed_at <= end
            ]

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.scrape()

    def _take(self, environment: str, instance: Instance) -> None:
        release = instance.release
        if release.run.metrics is None or not release.series:
            return
        points = _points(instance, release.run.metrics, release.series)
        now = datetime.now(UTC)
        found = [
            Sample(
                environment=environment,
                service=release.service,
                revision=release.revision,
                track=instance.track,
                name=name,
                labels=json.dumps({**labels, "instance": instance.address}, sort_keys=True),
                observed_at=now,
                value=value,
            )
            for name, labels, value in ((UP, {}, float(points is not None)), *(points or ()))
        ]
        with self._lock:
            self._samples.extend(found)


def _points(instance: Instance, path: str, series: Iterable[str]) -> list[Point] | None:
    """The wanted points of one scrape; None where it was not answered with metrics."""
    answer = instance.get(path)
    if answer is None or not answer.is_success:
        return None
    try:
        return read_exposition(answer.text, series)
    except NoMetricsError:
        return None


def _unpacked(body: bytes) -> bytes:
    """The content of a gzip body, a byte more than the limit at most: 16 MB may hold 16 GB.

    Raises:
        OSError, EOFError, zlib.error: it is none, or damaged.
    """
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        return stream.read(BODY_LIMIT + 1)


class TraceSink:
    """An OTLP/HTTP endpoint on loopback that remembers trace ids.

    ``forward_to`` is the address of a collector that gets every body as well. What it does not
    take, the service's exporter is told, so that it tries again, or drops it, as exporters do.
    """

    def __init__(self, forward_to: str | None = None) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._forward_to = f"{forward_to.rstrip('/')}/v1/traces" if forward_to else None
        self._http = httpx.Client(trust_env=False, timeout=FORWARD_SECONDS)
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or ""
                if not (length.isascii() and length.isdigit()):
                    self.send_error(411)  # a negative one would be read until the client closes
                    return
                if int(length[:20]) > BODY_LIMIT:
                    self.send_error(413)
                    return
                sent = body = self.rfile.read(int(length))
                try:
                    if self.headers.get("Content-Encoding") == "gzip":
                        body = _unpacked(body)
                except (OSError, EOFError, zlib.error):
                    self.send_error(400)
                    return
                if len(body) > BODY_LIMIT:
                    self.send_error(413)
                    return
                sink.remember(body)
                status = sink.forward(sent, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("Content-Type", self.headers.get("Content-Type") or "text/plain")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Say nothing: every batch of every service would be a line."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Value of OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def remember(self, body: bytes) -> None:
        """Keep the trace ids of one OTLP body (protobuf, or JSON with hex ids)."""
        found = set(_TRACE_ID.findall(body))
        if body.lstrip()[:1] == b"{":
            ids = re.findall(rb'"traceId"\s*:\s*"([0-9a-fA-F]{32})"', body)
            found |= {bytes.fromhex(text.decode()) for text in ids}
        with self._lock:
            for trace in found:
                self._seen[trace] = None
            while len(self._seen) > TRACES_KEPT:
                self._seen.popitem(last=False)

    def forward(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Hand a body on as it came; the collector's status, 503 without its answer."""
        if self._forward_to is None:
            return 200
        kept = {name: value for name, value in headers.items() if name.lower() in _FORWARDED}
        try:
            return self._http.post(self._forward_to, content=body, headers=kept).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return 503

    def saw(self, trace_id: str) -> bool:
        """Whether a span of the trace (32 hex digits) arrived."""
        with self._lock:
            return bytes.fromhex(trace_id) in self._seen

    def stop(self) -> None:
        """Close the endpoint."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._http.close()
