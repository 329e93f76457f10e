"""A scrape endpoint: ``/metrics`` in the text format that the scraper asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import generate_latest

from coffee_pipeline.errors import EnvironmentFailedError, PipelineError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.reports.pipeline_metrics import PipelineCollector

_TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def exposition(history: HistoryReader) -> str:
    """All metrics as text, for a file that something else collects."""
    return generate_latest(_registry(history)).decode()


class MetricsEndpoint:
    """Serves the pipeline's metrics while it is open. One scrape at a time; others wait."""

    def __init__(
        self, history: HistoryReader, host: str, port: int, report: Callable[[str], object]
    ) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            EnvironmentFailedError: the address cannot be had.
        """
        self._answer = make_wsgi_app(_registry(history))
        self._report = report
        try:
            self._server: WSGIServer = make_server(
                host, port, self._serve, handler_class=_QuietHandler
            )
        except OSError as error:
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
            answer: Iterable[bytes] = self._answer(environment, start)
        except PipelineError as error:
            self._report(f"a scrape failed: {error}")
            start("503 Service Unavailable", _TEXT)
            return [b"the history cannot be read\n"]
        return answer


class _QuietHandler(WSGIRequestHandler):
    """Says nothing: a scrape every few seconds would be a line each."""

    timeout = 30.0

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Nothing."""


def _registry(history: HistoryReader) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(PipelineCollector(history))
    return registry
