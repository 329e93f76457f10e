"""Servers that drip, hang up or are not there: how long is waited, and how often it is tried."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from tenacity import RetryCallState
from tenacity.wait import wait_base

from coffee_pipeline.stages import series_connection
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import Fetched, SeriesSource
from tests.coffee_pipeline.stages.test_series_source import (
    START,
    Stub,
    either,
    series,
    slo,
    stub,  # noqa: F401 - a fixture
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FOUR_WEEKS = 28 * 86_400


class Tries(wait_base):
    """Waits for nothing, and remembers which try each failure was: 1 is the first of a request."""

    def __init__(self) -> None:
        self.failed: list[int] = []

    def __call__(self, retry_state: RetryCallState) -> float:
        self.failed.append(retry_state.attempt_number)
        return 0.0


@contextmanager
def server(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[tuple[str, list]]:
    """The URL of a server that does as ``serve`` says, and its connections so far."""
    ended, threads, connections = threading.Event(), [], []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def one(connection: socket.socket) -> None:
            with connection:
                connection.recv(65_536)
                with suppress(OSError):  # the client gave up, as it should
                    serve(connection, ended)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connections.append(connection)
                threads.append(threading.Thread(target=one, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", connections
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join()


def dripping(begin: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(begin)
        while not ended.wait(0.01):
            connection.sendall(drop)

    return serve


def ask(connection: SeriesConnection, seconds: int = FOUR_WEEKS) -> Fetched:
    return SeriesSource(connection).events(slo(), START, START + seconds, 60)


@pytest.mark.parametrize(
    ("begin", "drop"),
    [(HEAD + b"Content-Length: 9000000\r\n\r\n", b" "), (HEAD, b"X: y\r\n"), (b"", b"H")],
    ids=["body", "headers", "status line"],
)
@pytest.mark.timeout(30)
def test_an_answer_that_drips_ends_at_the_deadline(begin: bytes, drop: bytes) -> None:
    with server(dripping(begin, drop)) as (url, connections):
        fetched = ask(SeriesConnection(url, attempts=1, timeout_seconds=0.2))
    assert fetched.reasons == ("prometheus: no answer within 0.2 s",)
    assert not fetched.events.known.any()
    assert len(connections) == 1, "after a time-out nothing else is asked for the same SLO"


def test_a_closed_port_is_waited_for_once_in_a_run() -> None:
    with socket.socket() as taken:  # bound, never listening
        taken.bind(("127.0.0.1", 0))
        tries = Tries()
        connection = SeriesConnection(f"http://127.0.0.1:{taken.getsockname()[1]}", wait=tries)
        found = [ask(connection) for _ in range(20)]
    assert {one.reasons for one in found} == {("prometheus: ConnectError",)}
    assert not any(one.events.known.any() for one in found)
    assert tries.failed == [1, 2, 3, 4] + [1] * 19


def test_a_server_that_did_not_answer_is_given_less_time_and_all_tries_once_it_does(
    stub: Stub, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(series_connection, "PROBE_SECONDS", 0.1)
    release, calm = threading.Event(), either(series(lambda _: 9), series(lambda _: 10))

    def never(sent: dict[str, str]) -> tuple[int, object]:
        release.wait(20)
        return calm(sent)

    stub.answer = never
    tries = Tries()
    connection = SeriesConnection(stub.url, attempts=2, timeout_seconds=0.2, wait=tries)
    reasons = [ask(connection, 600).reasons for _ in range(2)]
    assert reasons == [
        ("prometheus: no answer within 0.2 s",),
        ("prometheus: no answer within 0.1 s",),
    ]
    release.set()
    stub.answer = calm
    fetched = ask(connection, 600)
    assert (fetched.events.sums(slice(0, 10)), fetched.reasons) == ((90, 100, 10), ())
    assert tries.failed == [1, 2, 1]
    tries.failed.clear()
    stub.answer = lambda _: (503, b"busy")
    ask(connection, 600)
    assert tries.failed == [1, 2, 1], "after an answer all tries are made again"


def test_a_server_that_answers_busy_is_still_asked_for_every_part(stub: Stub) -> None:  # noqa: F811
    tries = Tries()
    stub.answer = lambda _: (503, b"busy")
    fetched = ask(SeriesConnection(stub.url, wait=tries))
    assert fetched.reasons == ("prometheus answered 503",)
    assert tries.failed == [1, 2, 3, 4] + [1] * 7, "four parts of a week, two queries"
