"""Clients that may be slow on purpose: every request has one deadline, connections a bound."""

from __future__ import annotations

import io
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from threading import BoundedSemaphore, Lock
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds without a request until a connection is closed, seconds that a request may take to
    arrive and its answer to leave, bytes of a body, connections at a time.
    """

    idle_seconds: float = 30.0
    request_seconds: float = 10.0
    body_bytes: int = 2 << 20
    connections: int = 32


@dataclass(slots=True)
class Idle:
    """Connections that wait for a request; when the receiver stops, they are ended at once."""

    _lock: Lock = field(default_factory=Lock)
    _sockets: set[socket.socket] = field(default_factory=set)
    _stopping: bool = False

    @property
    def stopping(self) -> bool:
        """Whether no request is to be begun any more."""
        return self._stopping

    def enter(self, connection: socket.socket) -> bool:
        """Begin to wait; False when there is nothing to wait for any more."""
        with self._lock:
            if not self._stopping:
                self._sockets.add(connection)
            return not self._stopping

    def leave(self, connection: socket.socket) -> None:
        """A request began, or the connection ended."""
        with self._lock:
            self._sockets.discard(connection)

    def stop(self) -> None:
        """End those that wait; those at a request go on until it is answered."""
        with self._lock:
            self._stopping = True
            for connection in self._sockets:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RD)


class DeadlineReader(io.RawIOBase):
    """A socket to read from. However slowly bytes drip, a request ends at its deadline.

    A time-out for each read alone would not do: a client that sends a byte a second never is late.
    """

    def __init__(
        self,
        connection: socket.socket,
        limits: Limits,
        idle: Idle,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._connection = connection
        self._limits = limits
        self._idle = idle
        self._clock = clock
        self._deadline: float | None = None

    def await_request(self) -> None:
        """The next byte begins a request."""
        self._deadline = None

    def remaining(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: it is over.
        """
        if self._deadline is None:
            self._deadline = self._clock() + self._limits.request_seconds
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the request took too long")
        return left

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, up to the size of ``buffer``; 0 at the end."""
        if self._deadline is not None:
            return self._receive(buffer, self.remaining())
        if not self._idle.enter(self._connection):
            return 0
        try:
            received = self._receive(buffer, self._limits.idle_seconds)
        finally:
            self._idle.leave(self._connection)
        self.remaining()
        return received

    def _receive(self, buffer: Any, seconds: float) -> int:
        self._connection.settimeout(seconds)
        return self._connection.recv_into(buffer)


class BoundedServer(ThreadingHTTPServer):
    """A thread for each connection, as many as its limits allow; more are closed at once.

    :meth:`bound` is to be called before it listens.
    """

    def bound(self, limits: Limits, report: Callable[[str], object]) -> None:
        """Set the limits; ``report`` gets a line for each connection that is refused or breaks."""
        self.limits = limits
        self.report = report
        self._places = BoundedSemaphore(limits.connections)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own, unless there are too many."""
        if self._places.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
            except RuntimeError:  # no more threads
                self._places.release()
                self.shutdown_request(request)
        else:
            self.report(f"refused a connection: {self.limits.connections} are open")
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """A connection's thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that goes away is no error; anything else is told in one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            self.report(f"error: {type(error).__name__}")
