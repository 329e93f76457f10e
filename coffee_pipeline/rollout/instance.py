"""One process of a service on this machine: started, waited for, stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.rollout.releases import Release, Running, Track
from coffee_pipeline.rollout.waiting import until

ATTEMPTS = 3
"""Starts tried when the process ends at once: another one may have taken its port."""

_PLACEHOLDER = re.compile(r"\{(address|host|port|url:([^}]+))\}")


class Instance:
    """A service's process and where it answers."""

    def __init__(
        self,
        release: Release,
        track: Track,
        url_of: Callable[[str], str],
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        """Start the release and wait until it is ready.

        Args:
            release: what to run.
            track: stable or canary.
            url_of: the gateway's address of a service, for ``{url:NAME}``.
            environment: variables every service gets (telemetry).
            log: file for its output.

        Raises:
            ToolMissingError: the binary cannot be executed.
            EnvironmentFailedError: it ended, or did not get ready in time; the message holds the
                end of its log. Or the binary is not the one that was built.
        """
        _verify(release)
        self.release = release
        self.track: Track = track
        self.started_at = datetime.now(UTC)
        self._http = httpx.Client(trust_env=False, timeout=2.0)
        for attempt in range(1, ATTEMPTS + 1):
            self.port = free_port()
            self._log_offset = log.stat().st_size if log.exists() else 0
            self._process = BackgroundProcess(
                self._command(url_of, environment),
                log,
                grace_seconds=release.run.stop_timeout_seconds,
            )
            problem = self._problem_at_start()
            if problem is None:
                return
            self._process.stop()
            taken = "address already in use" in self._process.log_tail(20)
            if not taken or attempt == ATTEMPTS:
                self._http.close()
                raise EnvironmentFailedError(
                    f"{release.service} {release.revision[:12]}: {problem}; {log}: "
                    f"{' '.join(self._process.log_tail(2).split())[:300]}"
                )

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> Running:
        """What runs here, as a value."""
        problem = None if self._process.running() else "the process ended by itself"
        return Running(
            release=self.release,
            track=self.track,
            pid=self._process.pid,
            address=self.address,
            started_at=self.started_at,
            log=self._process.log,
            log_offset=self._log_offset,
            problem=problem,
        )

    def stop(self) -> None:
        """SIGTERM, SIGKILL after the service's grace time."""
        self._http.close()
        self._process.stop()

    def get(self, path: str) -> httpx.Response | None:
        """The answer to GET ``path``; None when there is none."""
        try:
            return self._http.get(f"http://{self.address}{path}")
        except httpx.HTTPError:
            return None

    def _command(self, url_of: Callable[[str], str], environment: Mapping[str, str]) -> Command:
        def value(match: re.Match[str]) -> str:
            if match[2]:
                return url_of(match[2])
            words = {"address": self.address, "host": "127.0.0.1", "port": str(self.port)}
            return words[match[1]]

        run = self.release.run
        own = {name: _PLACEHOLDER.sub(value, text) for name, text in run.environment.items()}
        return Command(
            argv=(
                str(self.release.binary),
                *(_PLACEHOLDER.sub(value, word) for word in run.arguments),
            ),
            environment={**environment, **own},
        )

    def _problem_at_start(self) -> str | None:
        run = self.release.run
        path = run.ready or run.health

        def answered() -> str | None:
            if not self._process.running():
                return "ended"
            if path is None:
                return "ready" if self._accepts() else None
            answer = self.get(path)
            return "ready" if answer is not None and answer.is_success else None

        match until(answered, run.start_timeout_seconds, every=0.05):
            case "ready":
                return None
            case "ended":
                return "it ended while starting"
            case _:
                return f"not ready within {run.start_timeout_seconds:g} s (GET {path or 'any'})"

    def _accepts(self) -> bool:
        return self.get("/") is not None


def _verify(release: Release) -> None:
    """Refuse a binary whose content is not what was built, tested and scanned."""
    try:
        with release.binary.open("rb") as stream:
            digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as error:
        raise EnvironmentFailedError(
            f"{release.binary}: the binary of {release.service} cannot be read "
            f"({error.strerror}); build {release.revision[:12]} again"
        ) from error
    if digest != release.digest:
        raise EnvironmentFailedError(
            f"{release.binary}: its content is {digest}, but {release.digest} was built for "
            f"{release.service}; build {release.revision[:12]} again"
        )
