"""A started process: pipes, lifeline and end. Both the runner and background processes use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from coffee_pipeline.errors import EnvironmentFailedError, ToolMissingError
from coffee_pipeline.process.command import Command

LAUNCHER = Path(__file__).with_name("launcher.py")

INHERITED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GONOPROXY",
    "GOPRIVATE", "GOSUMDB", "GOFLAGS", "GOTOOLCHAIN", "GOROOT", "GOENV", "GOMAXPROCS", "GOMEMLIMIT",
)  # fmt: skip
"""Variables a tool may see; everything else of the pipeline's environment (tokens!) is withheld."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: POSIX-style exit code, and what its whole tree used."""

    exit_code: int
    ended_by_lifeline: bool
    duration_seconds: float
    cpu_seconds: float | None
    peak_memory_bytes: int | None


def environment_of(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a tool: the inherited minimum plus ``extra``."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, **extra}


class StartedProcess:
    """A process under its launcher. Closing the lifeline ends it and all it started."""

    def __init__(
        self,
        command: Command,
        *,
        stdin: int | None,
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
        grace_seconds: float,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start ``command``; it inherits ``descriptors`` under their numbers.

        Raises:
            ToolMissingError: the program does not exist or cannot be executed.
            EnvironmentFailedError: the machine cannot start a process (limits, memory).
        """
        lifeline_reader, self._lifeline = os.pipe()
        status_reader, status_writer = os.pipe()
        try:
            self.popen: subprocess.Popen[bytes] = subprocess.Popen(
                self._argv(command, lifeline_reader, status_writer, grace_seconds),
                cwd=command.cwd,
                env=environment_of(command.environment),
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(lifeline_reader, status_writer, *descriptors),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._lifeline)
            os.close(status_reader)
            raise EnvironmentFailedError(
                f"{command.argv[0]}: cannot be started in {command.cwd or Path.cwd()} "
                f"({error.strerror}); check that the folder exists and the process limit"
            ) from error
        finally:
            os.close(lifeline_reader)
            os.close(status_writer)
        self._status: IO[bytes] = os.fdopen(status_reader, "rb")
        self._ending: Ending | None = None
        self.pid = 0
        self.pid = self._first_word(command)

    @staticmethod
    def _argv(command: Command, lifeline: int, status: int, grace: float) -> Sequence[str]:
        limit = str(command.memory_limit_bytes or 0)
        return [
            sys.executable, "-I", "-S", str(LAUNCHER), str(lifeline), str(status), str(grace),
            limit, "--", *command.argv,
        ]  # fmt: skip

    def _first_word(self, command: Command) -> int:
        line = self._status.readline()
        if not line:
            self._abandon()
            raise EnvironmentFailedError(f"{command.argv[0]}: its launcher died at start")
        first = json.loads(line)
        if first["errno"] is not None:
            self._abandon()
            raise ToolMissingError(
                f"{command.argv[0]}: cannot be executed ({os.strerror(first['errno'])})"
            )
        return int(first["pid"])

    def _abandon(self) -> None:
        """Let go of a process that did not start."""
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def end(self) -> None:
        """Close the lifeline: SIGTERM to the whole tree, SIGKILL after the grace time."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def running(self) -> bool:
        """Whether the process (with its launcher) is still there."""
        return self.popen.poll() is None

    def wait(self) -> Ending:
        """Wait until the process and all it started are gone."""
        if self._ending is None:
            line = self._status.readline()
            self._status.close()
            self.popen.wait()
            self.end()
            if not line:
                self._end_orphans()
            self._ending = _ending(line)
        return self._ending

    def _end_orphans(self) -> None:
        """End the group of a process whose launcher was killed before it could do so."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


def _ending(line: bytes) -> Ending:
    if not line:  # the launcher itself was killed: nothing can be said but that it ended
        return Ending(-9, True, 0.0, None, None)
    told = json.loads(line)
    return Ending(
        exit_code=os.waitstatus_to_exitcode(told["status"]),
        ended_by_lifeline=told["ended_by_lifeline"],
        duration_seconds=told["duration"],
        cpu_seconds=told["cpu"],
        peak_memory_bytes=told["peak"],
    )
