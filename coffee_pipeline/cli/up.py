"""``up``: the Dagster UI and daemon with the local environments, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated

import httpx
import typer
from rich.console import Console
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from coffee_pipeline.cli.application import (
    application_environment,
    application_root,
    remember_platform,
)
from coffee_pipeline.cli.run import chosen_platform
from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.rollout.client import ensure_owner

START_SECONDS = 120.0
"""How long the UI may take to answer before ``up`` gives up."""


def _dagster(home: Home, platform: Path, name: str, *arguments: str) -> BackgroundProcess:
    root = application_root()
    command = Command(
        argv=(str(Path(sys.executable).parent / name), *arguments),
        cwd=root,
        environment=application_environment(home, platform),
    )
    return BackgroundProcess(command, home.dagster / f"{name}.log")


def _wait_until_served(process: BackgroundProcess, address: str) -> None:
    def served() -> bool:
        if not process.running():
            raise EnvironmentFailedError(
                f"the Dagster UI ended at start: {process.log_tail(1)} ({process.log})"
            )
        try:
            return httpx.get(f"{address}/server_info", timeout=2).is_success
        except httpx.TransportError:
            return False

    waiting = Retrying(
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(0.3),
        retry=retry_if_result(lambda ready: not ready),
        retry_error_callback=lambda _: False,
    )
    if not waiting(served):
        raise EnvironmentFailedError(
            f"the Dagster UI did not answer within {START_SECONDS:.0f} s: {process.log}"
        )


def up(
    context: typer.Context,
    platform: Annotated[
        Path | None, typer.Option("--platform", help="The platform description.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the UI on loopback. Default: a free one.")
    ] = None,
) -> None:
    """Start the Dagster UI, its daemon and the local environments; Ctrl-C stops all of it."""
    home: Home = context.obj
    home.prepare()
    console = Console()
    file = chosen_platform(home, platform).resolve()
    load_platform(file)
    remember_platform(home, file)
    HistoryReader(home).refresh()
    address = f"http://127.0.0.1:{port or free_port()}"
    stop = threading.Event()

    def asked_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    with ExitStack() as stack:
        stack.enter_context(ensure_owner(home))
        ui = stack.enter_context(
            _dagster(
                home,
                file,
                "dagster-webserver",
                "-h",
                "127.0.0.1",
                "-p",
                address.rpartition(":")[2],
                "-w",
                "workspace.yaml",
            )
        )
        daemon = stack.enter_context(
            _dagster(home, file, "dagster-daemon", "run", "-w", "workspace.yaml")
        )
        _wait_until_served(ui, address)
        console.print(f"Dagster UI: {address}\nhistory:    {home.history}\nCtrl-C stops all of it")
        while not stop.wait(1.0):
            for process, name in ((ui, "UI"), (daemon, "daemon")):
                if not process.running():
                    raise EnvironmentFailedError(
                        f"the Dagster {name} ended: {process.log_tail(1)} ({process.log})"
                    )
    console.print("stopped")


def register(app: typer.Typer) -> None:
    """Add ``up`` to the console command."""
    app.command()(up)
