"""A running Envoy: the gateway of one environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TypeVar

import httpx

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.process.background import BackgroundProcess
from coffee_pipeline.process.command import Command
from coffee_pipeline.rollout import envoy
from coffee_pipeline.rollout.access_log import RequestSample, parse
from coffee_pipeline.rollout.waiting import until

START_SECONDS = 30.0
CHANGE_SECONDS = 15.0
LOG_FLUSH_MILLISECONDS = 50
LOG_LIMIT_BYTES = 32 * 1024 * 1024
"""An access log beyond this is started anew when no deployment reads it."""


T = TypeVar("T")


class Gateway:
    """Envoy with a stable port for every service; all calls return when the change is in force.

    Raises of every method: EnvironmentFailedError when Envoy is gone or does not take a change.
    """

    def __init__(self, name: str, program: Path, folder: Path) -> None:
        """Start Envoy; its files lie in ``folder``.

        Raises:
            ToolMissingError: the program cannot be executed.
            EnvironmentFailedError: it did not start; the message holds the end of its log.
        """
        self.name = name
        self._folder = folder
        self._ports: dict[str, int] = {}
        self._lock = RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self._write_services()
        address_file = folder / "admin-address"
        address_file.unlink(missing_ok=True)
        self._place(folder / "bootstrap.json", envoy.bootstrap(folder))
        self._process = BackgroundProcess(
            Command(argv=(
                str(program), "--config-path", str(folder / "bootstrap.json"),
                "--admin-address-path", str(address_file), "--concurrency", "1",
                "--disable-hot-restart", "--log-level", "warning",
                "--file-flush-interval-msec", str(LOG_FLUSH_MILLISECONDS),
            )),
            folder / "envoy.log",
            grace_seconds=2.0,
        )  # fmt: skip
        self._http = httpx.Client(trust_env=False, timeout=10.0)
        try:
            self.admin = f"http://{self._wait('start', lambda: _text(address_file), START_SECONDS)}"
            self._wait("be ready", self._ready, START_SECONDS)
            barrier = self._wait("listen", lambda: self._listening(envoy.BARRIER), START_SECONDS)
        except EnvironmentFailedError:
            self.stop()
            raise
        self._barrier_url = f"http://{envoy.HOST}:{barrier}/"

    def stop(self) -> None:
        """End Envoy."""
        self._http.close()
        self._process.stop()

    def running(self) -> bool:
        """Whether Envoy is there."""
        return self._process.running()

    def url(self, service: str) -> str:
        """The address of ``service``; its listener is made on first use."""
        with self._lock:
            if service not in self._ports:
                for track in envoy.TRACKS:
                    self._write_endpoint(service, track, None)
                self._ports[service] = 0
                self._write_services()
                self._ports[service] = self._wait(
                    f"listen for {service}", lambda: self._listening(service)
                )
                for track in envoy.TRACKS:
                    self._wait(
                        f"know {service} {track}",
                        partial(self._knows, service, track),
                    )
            return f"http://{envoy.HOST}:{self._ports[service]}"

    def point(self, service: str, track: str, port: int | None) -> None:
        """Let the process at ``port`` answer for a track; None: nobody does."""
        self._write_endpoint(service, track, port)
        wanted = [] if port is None else [port]
        self._wait(
            f"take the {track} endpoint of {service}",
            lambda: self._hosts(service, track) == wanted,
        )
        self.barrier()

    def weigh(self, service: str, canary_percent: int) -> None:
        """Send ``canary_percent`` of the service's requests to its canary, from now on."""
        weights = {"stable": 100 - canary_percent, "canary": canary_percent}
        query = {envoy.weight_key(service, track): str(share) for track, share in weights.items()}
        self._admin("POST", "/runtime_modify", query)
        self.barrier()

    def barrier(self) -> None:
        """Return when Envoy's worker has seen all earlier changes.

        The worker takes changes and connections from one event loop, so that an answer on a new
        connection comes after them.
        """
        try:
            with httpx.Client(trust_env=False, timeout=10.0) as fresh:
                fresh.get(self._barrier_url)
        except httpx.HTTPError as error:
            raise self._failed("answer", str(error)) from error

    def drained(self, service: str, track: str, seconds: float) -> bool:
        """Wait until no request of a track is in flight; False when ``seconds`` did not do."""
        name = envoy.cluster_name(service, track)
        keys = {f"cluster.{name}.upstream_rq_active", f"cluster.{name}.upstream_rq_pending_active"}

        def idle() -> bool:
            lines = self._admin("GET", "/stats", {"filter": "upstream_rq_(pending_)?active$"})
            pairs = (line.rpartition(": ") for line in lines.text.splitlines())
            return all(int(value) == 0 for key, _, value in pairs if key in keys)

        return until(idle, seconds) is not None

    def settle(self) -> None:
        """Return when the requests answered so far are in the access log.

        Envoy flushes it at an interval; two of them are enough for what was written before.
        """
        until(lambda: None, 2 * LOG_FLUSH_MILLISECONDS / 1000)

    def log_position(self, service: str) -> int:
        """Where the service's access log ends now, in bytes."""
        log = self._log(service)
        return log.stat().st_size if log.exists() else 0

    def samples(self, service: str, position: int) -> list[RequestSample]:
        """The requests logged since ``position``."""
        log = self._log(service)
        if not log.exists():
            return []
        with log.open("rb") as stream:
            stream.seek(position)
            return parse(stream.read().decode("utf-8", "replace").splitlines())

    def trim_log(self, service: str) -> None:
        """Start the access log anew when it is long; nobody may be reading it."""
        if self.log_position(service) > LOG_LIMIT_BYTES:
            self._log(service).unlink()
            self._admin("POST", "/reopen_logs", {})

    def statistics(self) -> str:
        """Envoy's own metrics in the Prometheus text format."""
        return self._admin("GET", "/stats/prometheus", {"filter": "upstream_rq_xx"}).text

    def _log(self, service: str) -> Path:
        return self._folder / f"access-{envoy.file_name(service)}.log"

    def _place(self, path: Path, content: envoy.Configuration) -> None:
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(path)  # Envoy watches for files moved into place

    def _write_services(self) -> None:
        logs = {service: self._log(service) for service in self._ports}
        self._place(self._folder / "clusters.json", envoy.clusters(self._ports, self._folder))
        self._place(self._folder / "listeners.json", envoy.listeners(self._ports, logs))

    def _write_endpoint(self, service: str, track: str, port: int | None) -> None:
        path = envoy.endpoints_file(self._folder, envoy.cluster_name(service, track))
        self._place(path, envoy.endpoints(service, track, port))

    def _admin(self, method: str, path: str, query: dict[str, str]) -> httpx.Response:
        try:
            answer = self._http.request(method, self.admin + path, params=query)
        except httpx.HTTPError as error:
            raise self._failed(f"answer {path}", str(error)) from error
        if answer.status_code != 200:
            raise self._failed(f"take {path}", f"{answer.status_code} {answer.text[:200]}")
        return answer

    def _ready(self) -> bool:
        try:
            return self._http.get(self.admin + "/ready").status_code == 200
        except httpx.TransportError:
            return False

    def _listening(self, name: str) -> int | None:
        told = self._admin("GET", "/listeners", {"format": "json"}).json()
        for listener in told.get("listener_statuses", ()):
            if listener["name"] == name:
                return int(listener["local_address"]["socket_address"]["port_value"]) or None
        return None

    def _hosts(self, service: str, track: str) -> list[int] | None:
        """The ports of a cluster's hosts; None when Envoy does not know the cluster."""
        name = envoy.cluster_name(service, track)
        told = self._admin("GET", "/clusters", {"format": "json"}).json()
        for cluster in told.get("cluster_statuses", ()):
            if cluster["name"] == name:
                hosts = cluster.get("host_statuses", ())
                return [int(host["address"]["socket_address"]["port_value"]) for host in hosts]
        return None

    def _knows(self, service: str, track: str) -> bool:
        return self._hosts(service, track) is not None

    def _wait(self, what: str, condition: Callable[[], T | None], seconds: float = 0) -> T:
        def alive() -> T | None:
            if not self._process.running():
                raise self._failed(what, "it ended")
            return condition()

        value = until(alive, seconds or CHANGE_SECONDS)
        if value is None:
            raise self._failed(what, "it did not in time")
        return value

    def _failed(self, what: str, why: str) -> EnvironmentFailedError:
        tail = " ".join(self._process.log_tail(2).split())
        return EnvironmentFailedError(
            f"gateway of {self.name}: Envoy could not {what} ({why}); {self._process.log}: {tail}"
        )


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8").strip() or None if path.exists() else None
