"""Run one command to its end: time limit, output limit, streaming, redaction."""

from __future__ import annotations

import io
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.started import StartedProcess

REDACTED = b"[redacted]"
GRACE_SECONDS = 3.0
"""Time between SIGTERM and SIGKILL for a tool that overran its limit."""


def redact(text: bytes, secrets: Iterable[str]) -> bytes:
    """``text`` without any of ``secrets`` (each at least four characters, to spare words)."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret.encode(), REDACTED)
    return text


def command_line(command: Command) -> str:
    """The command as one readable line, redacted."""
    return redact(" ".join(command.argv).encode(), command.secrets).decode("utf-8", "replace")


class _Capture:
    """Collects one stream up to its limit and hands whole lines to a listener."""

    def __init__(self, limit: int, listener: Callable[[bytes], None] | None) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.truncated = False
        self._limit = limit
        self._listener = listener
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        kept = chunk[: max(0, self._limit - self.size)]
        self.truncated = self.truncated or len(kept) < len(chunk)
        self.chunks.append(kept)
        self.size += len(kept)
        if self._listener is None:
            return
        *lines, self._rest = (self._rest + kept).split(b"\n")
        for line in lines:
            self._listener(line)

    def end(self) -> None:
        if self._listener is not None and self._rest:
            self._listener(self._rest)


def run(
    command: Command,
    *,
    on_stdout_line: Callable[[bytes], None] | None = None,
    on_stderr_line: Callable[[bytes], None] | None = None,
) -> Output:
    """Run ``command`` and wait; whatever ends this call, the process tree is gone after it.

    Raises:
        ToolMissingError: the program does not exist.
        EnvironmentFailedError: the process could not be started.
    """
    started_at = datetime.now(UTC)
    process = StartedProcess(
        command,
        stdin=subprocess.PIPE if command.stdin is not None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        grace_seconds=GRACE_SECONDS,
    )
    limit = command.output_limit_bytes
    captures = (_Capture(limit, on_stdout_line), _Capture(limit, on_stderr_line))
    try:
        timed_out = _pump(process, command, captures)
    finally:
        process.end()
        for stream in (process.popen.stdin, process.popen.stdout, process.popen.stderr):
            if stream is not None:
                stream.close()
        ending = process.wait()
    for capture in captures:
        capture.end()
    stdout, stderr = (redact(b"".join(c.chunks), command.secrets) for c in captures)
    return Output(
        command=command,
        exit_code=ending.exit_code,
        stdout=stdout,
        stderr=stderr,
        timed_out=timed_out,
        truncated=captures[0].truncated or captures[1].truncated,
        started_at=started_at,
        duration_seconds=ending.duration_seconds,
        cpu_seconds=ending.cpu_seconds,
        peak_memory_bytes=ending.peak_memory_bytes,
    )


def _pump(process: StartedProcess, command: Command, captures: tuple[_Capture, _Capture]) -> bool:
    """Move bytes until both streams end; True when the time limit ended the process."""
    deadline = time.monotonic() + command.timeout_seconds
    timed_out = False
    pending = command.stdin or b""
    popen = process.popen
    with selectors.DefaultSelector() as selector:
        for stream, capture in zip((popen.stdout, popen.stderr), captures, strict=True):
            assert stream is not None
            selector.register(stream, selectors.EVENT_READ, capture)
        if popen.stdin is not None:
            os.set_blocking(popen.stdin.fileno(), False)
            selector.register(popen.stdin, selectors.EVENT_WRITE, None)
        while selector.get_map():
            left = None if timed_out else max(0.0, deadline - time.monotonic())
            for key, _ in selector.select(left):
                if isinstance(key.data, _Capture):
                    _read(selector, key, key.data)
                else:
                    pending = _write(selector, key, pending)
            if not timed_out and time.monotonic() >= deadline:
                timed_out = True
                process.end()
    return timed_out


def _read(selector: selectors.BaseSelector, key: selectors.SelectorKey, capture: _Capture) -> None:
    chunk = os.read(key.fd, 1 << 16)
    if chunk:
        capture.feed(chunk)
    else:
        selector.unregister(key.fileobj)


def _write(selector: selectors.BaseSelector, key: selectors.SelectorKey, pending: bytes) -> bytes:
    try:
        pending = pending[os.write(key.fd, pending[: 1 << 16]) :] if pending else b""
    except BrokenPipeError:
        pending = b""  # the tool does not want the rest; its exit code says what that means
    if not pending:
        selector.unregister(key.fileobj)
        if isinstance(key.fileobj, io.IOBase):
            key.fileobj.close()
    return pending
