"""Long-running processes: services, the gateway, Prometheus. Ended with their owner."""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import redact
from coffee_pipeline.process.started import Ending, StartedProcess


def free_port() -> int:
    """A loopback TCP port that is free now. The caller starts its server at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BackgroundProcess:
    """A process whose output goes to a log file; it dies with its owner, however that ends."""

    def __init__(self, command: Command, log: Path, *, grace_seconds: float = 10.0) -> None:
        """Start ``command``; stdout and stderr are appended to ``log``.

        Raises:
            ToolMissingError: the program does not exist.
            EnvironmentFailedError: the process could not be started.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        self.command = command
        self.log = log
        with log.open("ab") as stream:
            self._process = StartedProcess(
                command, stdin=None, stdout=stream, stderr=stream, grace_seconds=grace_seconds
            )
        self.pid = self._process.pid

    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.running()

    def stop(self) -> Ending:
        """SIGTERM, SIGKILL after the grace time; returns when the whole tree is gone."""
        self._process.end()
        return self._process.wait()

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of the log, redacted, for messages."""
        with self.log.open("rb") as stream:
            stream.seek(max(0, self.log.stat().st_size - 16384))
            text = redact(stream.read(), self.command.secrets)
        return "\n".join(text.decode("utf-8", "replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
