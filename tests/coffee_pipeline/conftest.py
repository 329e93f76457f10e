"""An HTTP API on loopback that replays answers, for every test that asks one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential

TOKEN = "s3cr3t-value-of-no-known-shape"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeTime:
    """Time that passes by sleeping only."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


class ApiStub:
    """Answers by path: a list is replayed one by one, the last stays; a function is asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.time = FakeTime()
        self._routes: dict[str, list[Reply] | Callable[[Asked], Reply]] = {}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stub._serve(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path: str, *replies: Reply | Callable[[Asked], Reply]) -> None:
        first = replies[0]
        self._routes[path] = list(replies) if isinstance(first, Reply) else first  # type: ignore

    def client(self, credential: Credential | None = None, **more: Any) -> HttpClient:
        secret = credential.read({credential.variable: TOKEN}) if credential else None
        return HttpClient(self.url, secret, sleep=self.time.sleep, clock=self.time.clock, **more)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("content-length") or 0)
        content = handler.rfile.read(length)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(
            handler.command, parts.path, dict(parse_qsl(parts.query)), headers,
            json.loads(content) if content else None,
        )  # fmt: skip
        self.asked.append(asked)
        route = self._routes.get(parts.path)
        if route is None:
            reply = Reply({"message": f"no route {parts.path}"}, 404)
        elif callable(route):
            reply = route(asked)
        else:
            reply = route.pop(0) if len(route) > 1 else route[0]
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body)),
                "Connection": "close"}  # fmt: skip
        for name, value in {**sent, **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True


@pytest.fixture
def api() -> Iterator[ApiStub]:
    stub = ApiStub()
    yield stub
    stub.close()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
