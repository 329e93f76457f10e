"""``listen``: take messages of Falco, Alertmanager, PagerDuty, GitHub and others into the inbox."""

from __future__ import annotations

import ipaddress
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.platform.security import SecuritySettings
from coffee_pipeline.receiver.connection import Limits
from coffee_pipeline.receiver.endpoints import endpoints
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.receiver.receiving import Receiver
from coffee_pipeline.receiver.server import ReceiverServer


def _settings(home: Home, platform: Path | None) -> SecuritySettings:
    path = platform or remembered_platform(home)
    return load_platform(path).security if path else SecuritySettings()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 0,
    platform: Annotated[
        Path | None,
        typer.Option(help="The description that names the secrets' variables, if any."),
    ] = None,
    body_limit: Annotated[
        int, typer.Option(min=1, max=1 << 30, help="Largest message in bytes.")
    ] = Limits().body_bytes,
) -> None:
    """Receive messages over HTTP until Ctrl-C; each is on disk before it is acknowledged.

    Endpoints: /falco, /alertmanager, /pagerduty, /github, /generic (Standard Webhooks). One
    without its secret in the environment refuses everything. See docs/runtime.md.
    """
    home: Home = context.obj
    home.prepare()
    console = Console()

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    served = endpoints(_settings(home, platform).receiver)
    try:
        inbox = Inbox(home).prepare()
    except OSError as error:
        raise EnvironmentFailedError(f"{home.inbox}: {error.strerror}") from error
    stop = threading.Event()

    def asked_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    server = ReceiverServer(
        Receiver(served, inbox), host, port, Limits(body_bytes=body_limit), report=say
    )
    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    with server:
        say(f"listening on {server.url}")
        for path, endpoint in served.items():
            say(f"  {path}: {endpoint.problem or 'open to who has the secret'}")
        if not _is_loopback(host):
            say("  not only on loopback: put a proxy that does TLS in front")
        stop.wait()
        say("stopping: requests that were begun are answered first")
    say(f"stopped, {len(inbox.waiting())} messages wait in {inbox.folder}")


def register(app: typer.Typer) -> None:
    """Add ``listen`` to the console command."""
    app.command()(listen)
