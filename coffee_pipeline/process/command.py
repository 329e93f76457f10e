"""A process to run and what it left, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to run; never through a shell.

    ``answers`` are the exit codes that are answers, not faults. ``environment`` is added to a
    minimal one (PATH, HOME, Go's variables). ``secrets`` are values to redact wherever output or
    the command line is kept. ``output_limit_bytes`` bounds each of stdout and stderr.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes | None = None
    answers: frozenset[int] = frozenset({0})
    timeout_seconds: float = 600.0
    memory_limit_bytes: int | None = None
    output_limit_bytes: int = 256 * 1024 * 1024
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a finished process left. ``exit_code`` is negative for a signal, as in POSIX waits.

    ``timed_out``: the runner ended it. ``truncated``: more was printed than the limit allows.
    """

    command: Command
    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    truncated: bool
    started_at: datetime
    duration_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None

    @property
    def answered(self) -> bool:
        """Whether the process ended by itself with an exit code that is an answer."""
        return not self.timed_out and not self.truncated and self.exit_code in self.command.answers

    def tail(self, lines: int = 5) -> str:
        """The last lines of stderr (else stdout), for messages."""
        text = (self.stderr.strip() or self.stdout.strip()).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])
