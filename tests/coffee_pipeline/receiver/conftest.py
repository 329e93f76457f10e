from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from coffee_pipeline.home import Home
from coffee_pipeline.platform.security import ReceiverSettings
from coffee_pipeline.receiver.connection import Limits
from coffee_pipeline.receiver.endpoints import endpoints
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.receiver.receiving import Receiver
from coffee_pipeline.receiver.server import ReceiverServer

NOW = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
KEY = b"a key that is long enough"
SECRETS = {
    "COFFEE_FALCO_SECRET": "falco-password",
    "COFFEE_ALERTMANAGER_SECRET": "old-token new-token",
    "COFFEE_PAGERDUTY_SECRET": "pager-secret",
    "COFFEE_GITHUB_SECRET": "git-secret",
    "COFFEE_WEBHOOK_SECRET": f"whsec_{base64.b64encode(KEY).decode()}",
}


def hexadecimal(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def standard(key: bytes, identity: str, sent: int, body: bytes) -> dict[str, str]:
    content = f"{identity}.{sent}.".encode() + body
    made = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(sent),
        "webhook-signature": f"v1,{made}",
    }


@pytest.fixture
def inbox(home: Home) -> Inbox:
    return Inbox(home).prepare()


class Running:
    """A receiver that serves, and what it said of each request."""

    def __init__(self, server: ReceiverServer, said: list[str]) -> None:
        self.server = server
        self.said = said
        self.address = server.server_address[:2]

    def post(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            f"{self.server.url}{path}", content=body, headers=named, trust_env=False, timeout=30
        )


Start = Callable[..., Running]


@pytest.fixture
def start(inbox: Inbox) -> Iterator[Start]:
    with ExitStack() as stack:

        def serve(secrets: dict[str, str] = SECRETS, **limits: float) -> Running:
            said: list[str] = []
            server = ReceiverServer(
                Receiver(endpoints(ReceiverSettings(), secrets), inbox),
                limits=Limits(**limits),
                report=said.append,
                now=lambda: NOW,
            )
            return Running(stack.enter_context(server), said)

        yield serve
