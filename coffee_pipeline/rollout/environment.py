"""One local environment: a gateway, and the tracks of every service behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from coffee_pipeline.errors import EnvironmentFailedError, PipelineError
from coffee_pipeline.rollout.gateway import Gateway
from coffee_pipeline.rollout.instance import Instance
from coffee_pipeline.rollout.releases import Release, Running, ServiceStatus, Track
from coffee_pipeline.rollout.waiting import until

PREVIOUS_KEPT = 10
DRAIN_SECONDS = 10.0
LAST_SCRAPE_SECONDS = 1.5
"""A scrape interval and a half."""

_STATE = TypeAdapter(dict[str, tuple[Release, ...]])
"""Per service its releases: the one that is stable, then those before, newest first."""


@dataclass
class _Slot:
    """One service here."""

    stable: Instance | None = None
    canary: Instance | None = None
    weight_percent: int = 0
    previous: tuple[Release, ...] = ()
    deployment: str | None = None
    problem: str | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


class Environment:
    """Services behind one gateway. Operations on one service never overlap."""

    def __init__(
        self,
        name: str,
        program: Path,
        folder: Path,
        variables: Mapping[str, str],
        changed: Callable[[], None],
    ) -> None:
        """Start the gateway and the last good releases.

        Args:
            name: staging, production ...
            program: Envoy.
            folder: state, logs and the gateway's files.
            variables: environment variables of every service.
            changed: called when instances came or went.
        """
        self.name = name
        self._folder = folder
        self._variables = variables
        self._changed = changed
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.RLock()
        self._unrestored: dict[str, tuple[Release, ...]] = {}
        self.gateway = Gateway(name, program, folder / "gateway")
        self._restore()

    def slot(self, service: str) -> _Slot:
        """The service's place; made on first use."""
        with self._lock:
            return self._slots.setdefault(service, _Slot())

    def instances(self) -> Iterator[Instance]:
        """Every instance that was started and not stopped."""
        for slot in list(self._slots.values()):
            yield from (instance for instance in (slot.stable, slot.canary) if instance)

    def status(self, service: str) -> ServiceStatus:
        """What runs of a service."""
        slot = self.slot(service)
        return ServiceStatus(
            environment=self.name,
            service=service,
            url=self.gateway.url(service),
            stable=_running(slot.stable),
            canary=_running(slot.canary),
            weight_percent=slot.weight_percent,
            previous=slot.previous,
            deployment=slot.deployment,
            problem=slot.problem,
        )

    def services(self) -> list[str]:
        """Names of the services seen here."""
        return sorted(self._slots)

    def start(self, release: Release, track: Track) -> Running:
        """Start a release on a track, without traffic for a canary; wait until it is ready.

        Raises:
            EnvironmentFailedError: it did not get ready; nothing else changed.
        """
        slot = self.slot(release.service)
        with slot.lock:
            log = self._folder / "logs" / f"{release.service.replace('/', '-')}-{track}.log"
            instance = Instance(release, track, self.gateway.url, self._variables, log)
            self.gateway.url(release.service)
            self.gateway.point(release.service, track, instance.port)
            old = slot.stable if track == "stable" else slot.canary
            if track == "stable":
                slot.stable, slot.problem = instance, None
                self.gateway.weigh(release.service, 0)
                self._remember(slot, old)
            else:
                slot.canary = instance
            if old is not None:
                old.stop()
        self._changed()
        return instance.running

    def weigh(self, service: str, percent: int) -> None:
        """Send ``percent`` of the traffic to the canary."""
        slot = self.slot(service)
        with slot.lock:
            if percent and slot.canary is None:
                raise EnvironmentFailedError(f"{service}: no canary runs in {self.name}")
            self.gateway.weigh(service, percent)
            slot.weight_percent = percent

    def promote(self, service: str) -> None:
        """The canary becomes stable; the old stable is drained and stopped; no request is lost."""
        slot = self.slot(service)
        with slot.lock:
            canary, old = slot.canary, slot.stable
            if canary is None:
                raise EnvironmentFailedError(f"{service}: no canary runs in {self.name}")
            self.weigh(service, 100)
            if old is not None:
                self.gateway.drained(service, "stable", DRAIN_SECONDS)
            # The same process answers for both tracks while the traffic goes over.
            self.gateway.point(service, "stable", canary.port)
            self.weigh(service, 0)
            self.gateway.drained(service, "canary", DRAIN_SECONDS)
            self.gateway.point(service, "canary", None)
            canary.track = "stable"
            slot.stable, slot.canary = canary, None
            self._remember(slot, old)
            if old is not None:
                _let_go(old)
        self._changed()

    def abort(self, service: str) -> None:
        """All traffic back to stable at once; the canary is drained and stopped."""
        slot = self.slot(service)
        with slot.lock:
            self.weigh(service, 0)
            if slot.canary is not None:
                self.gateway.drained(service, "canary", DRAIN_SECONDS)
                self.gateway.point(service, "canary", None)
                _let_go(slot.canary)
                slot.canary = None
        self._changed()

    def stop(self) -> None:
        """Stop everything; the state stays for the next start."""
        for instance in self.instances():
            instance.stop()
        self.gateway.stop()

    def reset(self) -> None:
        """Stop and forget every service."""
        with self._lock:
            for service, slot in self._slots.items():
                with slot.lock:
                    for track in ("stable", "canary"):
                        self.gateway.point(service, track, None)
                    for instance in (slot.stable, slot.canary):
                        if instance is not None:
                            instance.stop()
                    slot.stable = slot.canary = None
                    slot.previous = ()
            self._slots.clear()
            self._unrestored.clear()
            self._save()
        self._changed()

    def _remember(self, slot: _Slot, old: Instance | None) -> None:
        """Keep the release that was replaced to go back to, unless this was the way back.

        What a rollback left behind is no release to return to: the next one goes further back.
        """
        now = slot.stable.release if slot.stable else None
        if now in slot.previous:
            slot.previous = slot.previous[slot.previous.index(now) + 1 :]
        elif old is not None and old.release != now:
            slot.previous = (old.release, *slot.previous)[:PREVIOUS_KEPT]
        self._save()

    @property
    def _state_file(self) -> Path:
        return self._folder / "state.json"

    def _save(self) -> None:
        with self._lock:
            state = self._unrestored | {
                service: (slot.stable.release, *slot.previous)
                for service, slot in self._slots.items()
                if slot.stable is not None
            }
            temporary = self._state_file.with_suffix(".new")
            temporary.write_bytes(_STATE.dump_json(state))
            temporary.replace(self._state_file)

    def _restore(self) -> None:
        if not self._state_file.is_file():
            return
        try:
            state = _STATE.validate_json(self._state_file.read_bytes())
        except (ValidationError, json.JSONDecodeError) as error:
            raise EnvironmentFailedError(
                f"{self._state_file}: cannot be read; move it away to start with an empty "
                f"environment ({str(error).splitlines()[0]})"
            ) from error
        # What cannot be started now stays in the file: its binary may come back.
        self._unrestored = dict(state)
        for service in state:
            self.gateway.url(service)
        for service, (release, *previous) in state.items():
            slot = self.slot(service)
            slot.previous = tuple(previous)
            try:
                self.start(release, "stable")
            except PipelineError as error:
                slot.problem = str(error)
            else:
                self._unrestored.pop(service)


def _let_go(instance: Instance) -> None:
    """Stop a drained instance, after one more scrape has seen its last requests."""
    until(lambda: None, LAST_SCRAPE_SECONDS)
    instance.stop()


def _running(instance: Instance | None) -> Running | None:
    return instance.running if instance is not None else None


@contextmanager
def stopping(environments: list[Environment]) -> Iterator[None]:
    """Stop all environments at the end, whatever happened."""
    try:
        yield
    finally:
        for environment in environments:
            environment.stop()
