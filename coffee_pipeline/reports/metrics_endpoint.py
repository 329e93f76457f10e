"""A scrape endpoint: ``/metrics`` in the text format that the scraper asks for."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import generate_latest

from coffee_pipeline.errors import EnvironmentFailedError, PipelineError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.receiver.connection import BoundedServer, DeadlineReader, Idle, Limits
from coffee_pipeline.reports.pipeline_metrics import PipelineCollector

LIMITS = Limits(idle_seconds=10.0, request_seconds=10.0, connections=16)
"""Of clients: Prometheus waits ten seconds for a whole scrape by default."""
_TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def _now() -> datetime:
    return datetime.now(UTC)


def exposition(history: HistoryReader, clock: Callable[[], datetime] = _now) -> str:
    """All metrics as text, for a file that something else collects."""
    return generate_latest(_registry(history, clock)).decode()


class _Server(BoundedServer, WSGIServer):
    """A thread for each connection, so that a slow client holds up nobody else."""

    daemon_threads = True


class MetricsEndpoint:
    """Serves the pipeline's metrics while it is open.

    The history is asked for one scrape at a time. Clients have a deadline to ask and one to read.
    """

    def __init__(
        self,
        history: HistoryReader,
        host: str,
        port: int,
        report: Callable[[str], object],
        limits: Limits = LIMITS,
    ) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            EnvironmentFailedError: the address cannot be had.
        """
        self._answer = make_wsgi_app(_registry(history, _now))
        self._report = report
        self._one_scrape = threading.Lock()
        try:
            self._server = _Server((host, port), _Handler, bind_and_activate=False)
            self._server.bound(limits, report)
            self._server.set_app(self._serve)
            self._server.server_bind()
            self._server.server_activate()
        except OSError as error:
            self._server.server_close()
            raise EnvironmentFailedError(f"{host}:{port}: {error.strerror or error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_port}/metrics"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        """The answer; 503 where the history cannot be read, which Prometheus sees as down."""
        if environment.get("PATH_INFO") != "/metrics":
            start("404 Not Found", _TEXT)
            return [b"only /metrics is here\n"]
        try:
            with (
                self._one_scrape
            ):  # the answer is whole when this returns: sending it needs no lock
                answer: Iterable[bytes] = self._answer(environment, start)
        except PipelineError as error:
            self._report(f"a scrape failed: {error}")
            start("503 Service Unavailable", _TEXT)
            return [b"the history cannot be read\n"]
        return answer


class _Handler(WSGIRequestHandler):
    """Reads by the deadline. Says nothing: a scrape every few seconds would be a line each."""

    def setup(self) -> None:
        super().setup()
        self._limits = cast("_Server", self.server).limits
        self.rfile.close()  # the socket stays open
        self.rfile = io.BufferedReader(DeadlineReader(self.connection, self._limits, Idle()))

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        self.connection.settimeout(self._limits.request_seconds)  # of the answer
        return parsed

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Nothing."""


def _registry(history: HistoryReader, clock: Callable[[], datetime]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(PipelineCollector(history, clock))
    return registry
