"""The receiver's HTTP server: loopback by default, without TLS, bounded in every direction.

It is HTTP/1.1 by Python's own parser, one thread a connection. A body needs a Content-Length: no
sender of these messages streams. To the outside it belongs behind a proxy that does TLS.
"""

from __future__ import annotations

import io
import json
import socket
import socketserver
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Thread
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.receiver.connection import BoundedServer, DeadlineReader, Idle, Limits
from coffee_pipeline.receiver.receiving import Answer, Receiver

HEALTH = "/healthz"
_DRAINED_BYTES = 16 << 20
"""Of a refused body so much is read, so that the client gets to see the refusal."""
_CHUNK = 1 << 16


class ReceiverServer(BoundedServer):
    """Serves a :class:`Receiver` until it is closed.

    ``report`` gets a line for each answer: endpoint, status, reason; nothing that a client wrote.
    """

    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self,
        receiver: Receiver,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits | None = None,
        report: Callable[[str], None] = lambda _line: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bind.

        Raises:
            EnvironmentFailedError: the address cannot be had.
        """
        self.receiver = receiver
        self.bound(limits or Limits(), report)
        self.now = now
        self.idle = Idle()
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self.address_family = family
            super().__init__((str(address[0]), int(address[1])), _Handler)
        except OSError as error:
            raise EnvironmentFailedError(
                f"{host}:{port}: cannot listen there: {error.strerror}"
            ) from error
        self._thread = Thread(target=self.serve_forever, name="receiver", args=(0.1,))

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if self.address_family is socket.AF_INET6 else str(host)
        return f"http://{shown}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take no more requests, answer those that were begun, then close."""
        self.shutdown()
        self._thread.join()
        self.idle.stop()
        self.server_close()

    def server_bind(self) -> None:
        """Bind without asking the name service what this host is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]


class _Refusal(Exception):  # noqa: N818  # an answer, no error of the pipeline
    def __init__(self, status: HTTPStatus, reason: str, unread: int = 0) -> None:
        super().__init__(reason)
        self.answer = Answer(status, reason)
        self.unread = unread


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "coffee-pipeline"
    sys_version = ""

    @property
    def _server(self) -> ReceiverServer:
        return cast("ReceiverServer", self.server)

    def setup(self) -> None:
        super().setup()
        self.rfile.close()  # the socket stays open
        self._reader = DeadlineReader(self.connection, self._server.limits, self._server.idle)
        self._buffered = io.BufferedReader(self._reader)
        self.rfile = self._buffered

    def handle_one_request(self) -> None:
        begun = b""
        with suppress(TimeoutError, ConnectionError):
            begun = self._buffered.peek(1)
        if not begun:  # the client is gone or has nothing to say, or the receiver stops
            self.close_connection = True
            return
        super().handle_one_request()
        if not self.rfile.closed:
            self._reader.await_request()

    def do_POST(self) -> None:  # the name that http.server calls
        try:
            body = self._body()
        except _Refusal as refusal:
            self.close_connection = True
            self._answer(refusal.answer)
            self._drain(refusal.unread)
            return
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        self._answer(self._server.receiver.receive(self._path(), headers, body, self._server.now()))

    def do_GET(self) -> None:
        self.close_connection = True  # a body of it would be taken for the next request
        if self._path() == HEALTH:
            self._answer(Answer(HTTPStatus.OK, "listening"))
        elif self._path().rstrip("/") in self._server.receiver.endpoints:
            self._answer(Answer(HTTPStatus.METHOD_NOT_ALLOWED, "POST is needed"))
        else:
            self._answer(Answer(HTTPStatus.NOT_FOUND, "there is nothing here"))

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, *_words: object) -> None:
        """What Python's parser refuses, in the same form as other answers."""
        self.close_connection = True
        with suppress(ConnectionError, TimeoutError):
            self._answer(Answer(HTTPStatus(code), HTTPStatus(code).phrase))

    def log_message(self, *_arguments: object) -> None:
        """Requests are told with their answers."""

    def _path(self) -> str:
        try:
            return urlsplit(self.path).path
        except ValueError:
            return ""

    def _body(self) -> bytes:
        """The body.

        Raises:
            _Refusal: it is too large, has no length, is compressed, or does not arrive in time.
        """
        length = self._length()
        if length > self._server.limits.body_bytes:
            limit = self._server.limits.body_bytes
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {limit} bytes", length)
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read")
        try:
            body = self.rfile.read(length)
        except TimeoutError:
            raise _Refusal(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time") from None
        if len(body) < length:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the body ends early")
        return body

    def _length(self) -> int:
        lengths = {value.strip() for value in self.headers.get_all("Content-Length", [])}
        if "Transfer-Encoding" in self.headers or not lengths:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed")
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit() and len(length) <= 15):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "the Content-Length is no number")
        return int(length)

    def _drain(self, unread: int) -> None:
        """Read what a client still sends: closing at once would take the answer away from it."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            return
        left = min(unread, _DRAINED_BYTES)
        with suppress(TimeoutError, ConnectionError):
            while left > 0 and (chunk := self._buffered.read1(min(left, _CHUNK))):
                left -= len(chunk)

    def _answer(self, answer: Answer) -> None:
        content = json.dumps({"status": int(answer.status), "reason": answer.reason}).encode()
        if self._server.idle.stopping:
            self.close_connection = True
        self.connection.settimeout(self._server.limits.request_seconds)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if answer.status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Bearer realm="coffee-pipeline"')
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if answer.status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "30")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self._server.report(f"{answer.source or '-'}: {int(answer.status)} {answer.reason}")
