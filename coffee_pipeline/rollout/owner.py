"""The owner of the local environments: one process per data directory; everything hangs on it.

Run as ``python -m coffee_pipeline.rollout.owner DATA_DIRECTORY``. A connection that claims a
service holds it until it finishes; when such a connection goes away - the run was killed - the
owner shifts the traffic back to stable and keeps what was abandoned for the next client to record.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from coffee_pipeline.errors import EnvironmentFailedError, PipelineError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.rollout.environment import Environment
from coffee_pipeline.rollout.instance import Instance
from coffee_pipeline.rollout.prometheus_server import PrometheusServer
from coffee_pipeline.rollout.protocol import ENDPOINT_VARIABLE, LINE_LIMIT, socket_path
from coffee_pipeline.rollout.releases import Abandoned, Claim, OwnerStatus, Release
from coffee_pipeline.rollout.telemetry import Scraper, TraceSink
from coffee_pipeline.toolbox.toolbox import Toolbox

SCRAPE_SECONDS = 1.0
_CLAIM = TypeAdapter(Claim)


class Owner:
    """The environments, their telemetry, and the operations clients ask for."""

    def __init__(self, home: Home, stack: ExitStack) -> None:
        """Make an owner without environments; they are started when they are first named."""
        self._home = home
        self._stack = stack
        self._toolbox = Toolbox(home)
        self._environments: dict[str, Environment] = {}
        self._abandoned: list[Abandoned] = []
        self._lock = threading.RLock()
        self.started_at = datetime.now(UTC)
        self._traces = TraceSink(os.environ.get(ENDPOINT_VARIABLE))
        stack.callback(self._traces.stop)
        self._prometheus, self._prometheus_reason = self._start_prometheus()
        self._scraper = Scraper(self._instances, SCRAPE_SECONDS)
        stack.callback(self._scraper.stop)

    def environment(self, name: str) -> Environment:
        """The environment called ``name``; started, with its last good releases, on first use."""
        with self._lock:
            if name not in self._environments:
                variables = {
                    ENDPOINT_VARIABLE: self._traces.url,
                    "OTEL_BSP_SCHEDULE_DELAY": "200",
                }
                environment = Environment(
                    name,
                    self._toolbox.locate("envoy").path,
                    self._home.environments / name,
                    variables,
                    self._changed,
                )
                self._environments[name] = environment
                self._stack.callback(environment.stop)
                self._changed()
            return self._environments[name]

    def restore(self) -> None:
        """Start the environments that have state."""
        for file in sorted(self._home.environments.glob("*/state.json")):
            self.environment(file.parent.name)

    def operation(self, name: str) -> Callable[..., object]:
        """The function behind an operation's name.

        Raises:
            EnvironmentFailedError: there is none of that name.
        """
        operations: dict[str, Callable[..., object]] = {
            "status": self.status,
            "service": self.service,
            "start": self.start,
            "weigh": lambda environment, service, percent: self.environment(environment).weigh(
                service, percent
            ),
            "promote": lambda environment, service: self.environment(environment).promote(service),
            "abort": lambda environment, service: self.environment(environment).abort(service),
            "log_position": lambda environment, service: self.environment(
                environment
            ).gateway.log_position(service),
            "requests": self.requests,
            "samples": self.samples,
            "saw_trace": self._traces.saw,
            "abandoned": self.take_abandoned,
            "reset": self.reset,
        }
        if name not in operations:
            raise EnvironmentFailedError(f"the owner of the environments knows no {name!r}")
        return operations[name]

    def status(self) -> dict[str, Any]:
        """Everything that runs."""
        services = [
            environment.status(service)
            for environment in list(self._environments.values())
            for service in environment.services()
        ]
        return OwnerStatus(
            pid=os.getpid(),
            started_at=self.started_at,
            services=tuple(services),
            prometheus_url=self._prometheus.url if self._prometheus else None,
            prometheus_reason=self._prometheus_reason,
            traces_url=self._traces.url,
        ).model_dump(mode="json")

    def service(self, environment: str, service: str) -> dict[str, Any]:
        """One service in one environment."""
        return self.environment(environment).status(service).model_dump(mode="json")

    def start(self, environment: str, release: dict[str, Any], track: str) -> dict[str, Any]:
        """Start a release."""
        value = Release.model_validate(release)
        chosen = "canary" if track == "canary" else "stable"
        running = self.environment(environment).start(value, chosen)  # type: ignore[arg-type]
        return running.model_dump(mode="json")

    def requests(self, environment: str, service: str, position: int) -> list[list[Any]]:
        """Requests through the gateway since ``position``, once the log has been flushed."""
        gateway = self.environment(environment).gateway
        gateway.settle()
        return [
            [s.started_at, s.track, s.status, s.answered, s.duration_seconds, s.load]
            for s in gateway.samples(service, position)
        ]

    def samples(self, environment: str, service: str, start: str, end: str) -> list[dict[str, Any]]:
        """Scraped samples of a service between two times; scrapes once more before."""
        self._scraper.scrape()
        found = self._scraper.samples(
            environment, service, datetime.fromisoformat(start), datetime.fromisoformat(end)
        )
        return [
            {name: getattr(sample, name) for name in sample.__slots__}
            | {"observed_at": sample.observed_at.isoformat()}
            for sample in found
        ]

    def claim(self, claim: Claim) -> None:
        """Give a service to a deployment.

        Raises:
            EnvironmentFailedError: another deployment has it.
        """
        slot = self.environment(claim.environment).slot(claim.service)
        with slot.lock:
            if slot.deployment is not None:
                raise EnvironmentFailedError(
                    f"{claim.service} in {claim.environment} is held by deployment "
                    f"{slot.deployment}; wait until it has ended"
                )
            slot.deployment = claim.deployment_id

    def finish(self, claim: Claim) -> None:
        """The deployment is over."""
        environment = self.environment(claim.environment)
        environment.slot(claim.service).deployment = None
        environment.gateway.trim_log(claim.service)

    def abandon(self, claim: Claim) -> None:
        """The run of a deployment went away in the middle: stable gets all the traffic back."""
        environment = self.environment(claim.environment)
        try:
            environment.abort(claim.service)
        finally:
            self.finish(claim)
            with self._lock:
                self._abandoned.append(Abandoned(claim=claim, ended_at=datetime.now(UTC)))

    def take_abandoned(self) -> list[dict[str, Any]]:
        """Deployments that were abandoned since the last call; the caller records them."""
        with self._lock:
            taken, self._abandoned = self._abandoned, []
        return [one.model_dump(mode="json") for one in taken]

    def reset(self) -> None:
        """Empty every environment."""
        self.restore()
        for environment in list(self._environments.values()):
            environment.reset()

    def _instances(self) -> Iterator[tuple[str, Instance]]:
        for environment in list(self._environments.values()):
            for instance in environment.instances():
                yield environment.name, instance

    def _changed(self) -> None:
        if self._prometheus is not None:
            self._prometheus.watch(self._instances())

    def _start_prometheus(self) -> tuple[PrometheusServer | None, str | None]:
        try:
            program = self._toolbox.locate("prometheus").path
            folder = self._home.environments / "prometheus"
            server = PrometheusServer(program, folder, SCRAPE_SECONDS)
        except (ToolMissingError, EnvironmentFailedError) as error:
            return None, str(error)
        self._stack.callback(server.stop)
        return server, None


class _Handler(socketserver.StreamRequestHandler):
    """One connection: a line asks, a line answers."""

    server: _Server

    def handle(self) -> None:
        owner, claim = self.server.owner, None
        try:
            while line := self.rfile.readline(LINE_LIMIT):
                answer, claim = self._answer(owner, json.loads(line), claim)
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        except (ConnectionError, json.JSONDecodeError):
            return  # the client is gone or talks nonsense; what it claimed is given back below
        finally:
            if claim is not None:
                owner.abandon(claim)

    def _answer(
        self, owner: Owner, question: dict[str, Any], claim: Claim | None
    ) -> tuple[dict[str, Any], Claim | None]:
        name, arguments = question["operation"], question.get("arguments", {})
        try:
            if name == "claim":
                if claim is not None:
                    raise EnvironmentFailedError(f"this connection holds {claim.deployment_id}")
                owner.claim(wanted := _CLAIM.validate_python(arguments["claim"]))
                return {"value": None}, wanted
            if name == "finish":
                if claim is not None:
                    owner.finish(claim)
                return {"value": None}, None
            return {"value": owner.operation(name)(**arguments)}, claim
        except PipelineError as error:
            return {"error": str(error), "kind": type(error).__name__}, claim
        except (TypeError, ValueError, OSError) as error:
            return {"error": f"{name}: {error}", "kind": "EnvironmentFailedError"}, claim


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    owner: Owner


def serve(home: Home) -> None:
    """Own the environments of ``home`` until SIGTERM, SIGINT or the end of the parent.

    Raises:
        EnvironmentFailedError: another process owns them.
    """
    home.prepare()
    lock = FileLock(home.environments / "owner.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise EnvironmentFailedError(
            f"{home.environments}: another process owns the environments already"
        ) from error
    path = socket_path(home)
    path.unlink(missing_ok=True)  # a dead owner's
    with ExitStack() as stack:
        stack.callback(lock.release)
        owner = Owner(home, stack)
        owner.restore()
        server = stack.enter_context(_Server(str(path), _Handler))
        path.chmod(0o600)
        server.owner = owner
        stack.callback(path.unlink, missing_ok=True)

        def stop(_number: int, _frame: object) -> None:
            threading.Thread(target=server.shutdown, daemon=True).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print("ready", flush=True)  # noqa: T201 - the parent waits for this word
        with suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    serve(Home(Path(sys.argv[1])))
