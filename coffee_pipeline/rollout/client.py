"""Clients of the owner of the local environments."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from coffee_pipeline.errors import EnvironmentFailedError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.process.background import BackgroundProcess
from coffee_pipeline.process.command import Command
from coffee_pipeline.rollout.access_log import RequestSample
from coffee_pipeline.rollout.protocol import ENDPOINT_VARIABLE, socket_path
from coffee_pipeline.rollout.releases import (
    Abandoned,
    Claim,
    OwnerStatus,
    Release,
    Running,
    ServiceStatus,
    Track,
)
from coffee_pipeline.rollout.waiting import until

START_SECONDS = 90.0
ANSWER_SECONDS = 180.0


class EnvironmentClient:
    """A connection to the owner. Claims made through it end with it.

    Raises of every method: EnvironmentFailedError when the owner is gone or refuses.
    """

    def __init__(self, home: Home) -> None:
        """Connect.

        Raises:
            EnvironmentFailedError: no owner runs for this data directory.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(str(socket_path(home)))
        except OSError as error:
            self._socket.close()
            raise EnvironmentFailedError(
                f"{home.environments}: no local environment runs here; start it with "
                "'coffee-pipeline up', or use 'coffee-pipeline run'"
            ) from error
        self._lines = self._socket.makefile("rb")

    def close(self) -> None:
        """Disconnect; an unfinished claim is abandoned."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def status(self) -> OwnerStatus:
        """Everything that runs."""
        return OwnerStatus.model_validate(self._ask("status"))

    def service(self, environment: str, service: str) -> ServiceStatus:
        """What runs of a service."""
        return ServiceStatus.model_validate(
            self._ask("service", environment=environment, service=service)
        )

    def claim(self, claim: Claim) -> None:
        """Take a service for a deployment; one at a time."""
        self._ask("claim", claim=claim.model_dump(mode="json"))

    def finish(self) -> None:
        """The claimed deployment is over."""
        self._ask("finish")

    def start(self, environment: str, release: Release, track: Track) -> Running:
        """Start a release on a track and wait until it is ready."""
        told = release.model_dump(mode="json")
        return Running.model_validate(
            self._ask("start", environment=environment, release=told, track=track)
        )

    def weigh(self, environment: str, service: str, percent: int) -> None:
        """Send ``percent`` of the traffic to the canary."""
        self._ask("weigh", environment=environment, service=service, percent=percent)

    def promote(self, environment: str, service: str) -> None:
        """Make the canary stable."""
        self._ask("promote", environment=environment, service=service)

    def abort(self, environment: str, service: str) -> None:
        """All traffic back to stable; stop the canary."""
        self._ask("abort", environment=environment, service=service)

    def log_position(self, environment: str, service: str) -> int:
        """Where the service's access log ends now."""
        return int(self._ask("log_position", environment=environment, service=service))

    def requests(self, environment: str, service: str, position: int) -> list[RequestSample]:
        """Requests through the gateway since ``position``."""
        rows = self._ask("requests", environment=environment, service=service, position=position)
        return [RequestSample(*row) for row in rows]

    def samples(
        self, environment: str, service: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Scraped samples of a service."""
        rows = self._ask(
            "samples",
            environment=environment,
            service=service,
            start=start.isoformat(),
            end=end.isoformat(),
        )
        return [
            Sample(**{**row, "observed_at": datetime.fromisoformat(row["observed_at"])})
            for row in rows
        ]

    def saw_trace(self, trace_id: str) -> bool:
        """Whether a span of the trace came back."""
        return bool(self._ask("saw_trace", trace_id=trace_id))

    def abandoned(self) -> list[Abandoned]:
        """Deployments whose run went away; they are told once, so record them."""
        return [Abandoned.model_validate(one) for one in self._ask("abandoned")]

    def reset(self) -> None:
        """Empty every environment."""
        self._ask("reset")

    def _ask(self, operation: str, **arguments: object) -> Any:
        question = json.dumps({"operation": operation, "arguments": arguments})
        try:
            self._socket.sendall(question.encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise EnvironmentFailedError(
                f"{operation}: the owner of the environments does not answer ({error})"
            ) from error
        if not line:
            raise EnvironmentFailedError(f"{operation}: the owner of the environments is gone")
        answer = json.loads(line)
        if "error" in answer:
            missing = answer["kind"] == ToolMissingError.__name__
            raise (ToolMissingError if missing else EnvironmentFailedError)(answer["error"])
        return answer["value"]


@contextmanager
def ensure_owner(home: Home) -> Iterator[None]:
    """Use the owner that runs, or run one for as long as this context lasts.

    Raises:
        EnvironmentFailedError: it did not start.
    """
    if _answers(home):
        yield
        return
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    command = Command(
        argv=(sys.executable, "-m", "coffee_pipeline.rollout.owner", str(home.root)),
        environment={ENDPOINT_VARIABLE: endpoint} if endpoint else {},
    )
    log = home.environments / "owner.log"
    log.unlink(missing_ok=True)
    with BackgroundProcess(command, log, grace_seconds=45.0) as owner:

        def ready() -> bool:
            return not owner.running() or _answers(home)

        until(ready, START_SECONDS, every=0.05)
        if not owner.running() or not _answers(home):
            tail = " ".join(owner.log_tail(3).split())
            raise EnvironmentFailedError(f"the local environments did not start: {tail} ({log})")
        yield


def _answers(home: Home) -> bool:
    with suppress(EnvironmentFailedError), EnvironmentClient(home) as client:
        client.status()
        return True
    return False
