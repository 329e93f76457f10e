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
LOOK_SECONDS = 1.0
"""How often a silent process is looked at: is its launcher still there?"""
GRACE_SECONDS = 3.0
"""Time between SIGTERM and SIGKILL for a tool that overran its limit."""


SHORTEST_SECRET = 4
"""Secrets shorter than this are not redacted: they would eat words."""


def _bytes(text: str) -> bytes:
    return text.encode(
        "utf-8", "surrogateescape"
    )  # as Python gives odd bytes of names and variables


def redact(text: bytes, secrets: Iterable[str]) -> bytes:
    """``text`` without any of ``secrets``, nor any line of them (each of four characters up)."""
    parts = {part for secret in secrets for part in (secret, *secret.splitlines())}
    for secret in sorted(parts, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(_bytes(secret), REDACTED)
    return text


def _without_cut_secret(text: bytes, secrets: Iterable[str]) -> bytes:
    """Truncated ``text`` without the first part of a secret that the limit cut in two."""
    for secret in map(_bytes, secrets):
        for length in range(len(secret) - 1, SHORTEST_SECRET - 1, -1):
            if text.endswith(secret[:length]):
                return text[:-length] + REDACTED
    return text


def command_line(command: Command) -> str:
    """The command as one readable line, redacted."""
    line = redact(_bytes(" ".join(command.argv)), command.secrets)
    return line.decode("utf-8", "backslashreplace")


class _Capture:
    """Collects one stream up to its limit and hands whole lines, redacted, to a listener."""

    def __init__(self, command: Command, listener: Callable[[bytes], None] | None) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.truncated = False
        self._limit = command.output_limit_bytes
        self._secrets = command.secrets
        self._listener = listener
        self._line: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        kept = chunk[: max(0, self._limit - self.size)]
        self.truncated = self.truncated or len(kept) < len(chunk)
        self.chunks.append(kept)
        self.size += len(kept)
        if self._listener is None:
            return
        *ended, rest = kept.split(b"\n")
        for part in ended:
            self._line.append(part)
            self._say()
        if rest:
            self._line.append(rest)

    def _say(self) -> None:
        line = b"".join(self._line)
        self._line = []
        if self._listener is not None:
            self._listener(redact(line, self._secrets))

    def end(self) -> bytes:
        """Hand over the last line; everything that was kept, redacted."""
        if self._line and not self.truncated:  # a line that the limit cut is none
            self._say()
        text = b"".join(self.chunks)
        if self.truncated:
            text = _without_cut_secret(text, self._secrets)
        return redact(text, self._secrets)


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
    captures = (_Capture(command, on_stdout_line), _Capture(command, on_stderr_line))
    try:
        timed_out = _pump(process, command, captures)
    finally:
        process.end()
        for stream in (process.popen.stdin, process.popen.stdout, process.popen.stderr):
            if stream is not None:
                stream.close()
        ending = process.wait()
    stdout, stderr = (capture.end() for capture in captures)
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
    timed_out = gone = False
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
            left = LOOK_SECONDS if timed_out else deadline - time.monotonic()
            ready = selector.select(min(LOOK_SECONDS, max(0.0, left)))
            if not ready and gone:
                break  # its launcher was killed: what still holds the streams is an orphan
            gone = gone or (not ready and not process.running())
            for key, _ in ready:
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
