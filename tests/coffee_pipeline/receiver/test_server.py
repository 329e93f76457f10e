from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.receiver.connection import DeadlineReader, Idle, Limits
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.receiver.receiving import Receiver
from coffee_pipeline.receiver.server import ReceiverServer
from tests.coffee_pipeline.receiver.conftest import (
    KEY,
    NOW,
    SECRETS,
    Start,
    hexadecimal,
    standard,
)

BODY = b'{"rule": "R"}'
BASIC = base64.b64encode(b"falco:falco-password").decode()
SIGNED = {
    "/falco": {"Authorization": f"Basic {BASIC}"},
    "/alertmanager": {"Authorization": "Bearer new-token"},
    "/pagerduty": {"X-PagerDuty-Signature": f"v1={hexadecimal(b'pager-secret', BODY)}"},
    "/github": {"X-Hub-Signature-256": f"sha256={hexadecimal(b'git-secret', BODY)}",
                "X-GitHub-Event": "issues", "X-GitHub-Delivery": "d-1"},
    "/generic": standard(KEY, "m1", int(NOW.timestamp()), BODY),
}  # fmt: skip


def raw(address: tuple[str, int], content: bytes) -> bytes:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(content)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize("path", SIGNED)
def test_a_signed_message_is_kept_before_it_is_acknowledged_and_only_once(
    path: str, start: Start, inbox: Inbox
) -> None:
    running = start()
    first = running.post(path, BODY, **SIGNED[path])
    assert (first.status_code, first.json()["reason"]) == (202, "kept")
    (name,) = inbox.waiting()
    message = inbox.read(name)
    assert (message.source, message.body, message.received_at) == (path[1:], BODY, NOW)
    assert message.event == ("issues" if path == "/github" else None)
    again = running.post(path, BODY, **{**SIGNED[path], "X-GitHub-Delivery": "d-2"})
    assert (again.status_code, again.json()["reason"]) == (200, "was received before")
    inbox.finish([name])
    assert running.post(path, BODY, **SIGNED[path]).status_code == 200
    assert inbox.waiting() == []


@pytest.mark.parametrize("path", SIGNED)
def test_strangers_are_refused(path: str, start: Start, inbox: Inbox) -> None:
    running = start()
    assert running.post(path, BODY).status_code == 401
    changed = running.post(path, BODY + b" ", **SIGNED[path])
    signed = path not in ("/falco", "/alertmanager")
    assert changed.status_code == (401 if signed else 202)
    assert len(inbox.waiting()) == (0 if signed else 1)


@pytest.mark.parametrize("path", SIGNED)
def test_without_its_secret_an_endpoint_is_closed(path: str, start: Start, inbox: Inbox) -> None:
    running = start(secrets={})
    answer = running.post(path, BODY, **SIGNED[path])
    assert (answer.status_code, answer.json()["reason"]) == (503, "no secret is configured here")
    assert inbox.waiting() == []


def test_what_cannot_be_kept_is_not_acknowledged(start: Start, inbox: Inbox) -> None:
    running = start()
    (inbox.folder / "waiting").rmdir()
    answer = running.post("/falco", BODY, **SIGNED["/falco"])
    assert answer.status_code == 507
    assert "No such file" in answer.json()["reason"]


def test_a_full_inbox_says_when_to_come_again(start: Start, home: Home) -> None:
    running = start()
    full = Inbox(home, waiting_limit=0)
    running.server.receiver = Receiver(running.server.receiver.endpoints, full)
    answer = running.post("/falco", BODY, **SIGNED["/falco"])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_other_addresses_and_methods(start: Start) -> None:
    running = start()
    url = running.server.url
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        assert http.get("/healthz").status_code == 200
        assert http.head("/healthz").status_code == 200
        assert http.get("/falco").headers["Allow"] == "POST"
        assert http.get("/").status_code == 404
        assert http.post("/other", content=b"x").status_code == 404
        assert http.put("/falco", content=b"x").status_code == 501
        assert "server" in http.get("/healthz").headers
        assert "Python" not in http.get("/healthz").headers["server"]
    assert running.post("/falco/?a=b", BODY, **SIGNED["/falco"]).status_code == 202
    assert running.post("/falco", b" \n", **SIGNED["/falco"]).status_code == 400


def test_one_connection_serves_many_messages(start: Start, inbox: Inbox) -> None:
    running = start()
    with httpx.Client(base_url=running.server.url, trust_env=False, timeout=30) as http:
        for number in range(5):
            answer = http.post("/falco", content=b"%d" % number, headers=SIGNED["/falco"])
            assert answer.status_code == 202
    assert len(inbox.waiting()) == 5


def test_a_large_body_is_refused_and_the_client_sees_why(start: Start, inbox: Inbox) -> None:
    running = start(body_bytes=1000)
    answer = running.post("/falco", b"x" * 3_000_000, **SIGNED["/falco"])
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
    assert running.post("/falco", b"x" * 1000, **SIGNED["/falco"]).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("", 411),
        ("Transfer-Encoding: chunked\r\n", 411),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", 411),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 2x\r\n", 400),
        ("Content-Length: 2\r\nContent-Length: 3\r\n", 400),
        ("Content-Length: 2\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Length: 99999999999999999999\r\n", 400),
        ("X: y\r\n" * 200, 431),
    ],
)
def test_lengths_that_are_none(headers: str, status: int, start: Start) -> None:
    running = start()
    answer = raw(running.address, f"POST /falco HTTP/1.1\r\n{headers}\r\n{{}}".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "content", [b"\r\n\r\n", b"\x16\x03\x01\x00", b"POST\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                b"POST http://[ HTTP/1.1\r\nContent-Length: 0\r\n\r\n"]
)  # fmt: skip
def test_what_is_no_http_breaks_nothing(content: bytes, start: Start) -> None:
    running = start(idle_seconds=0.2, request_seconds=0.2)
    raw(running.address, content)
    assert running.post("/falco", BODY, **SIGNED["/falco"]).status_code == 202
    assert not any("error" in line for line in running.said)


def test_a_client_that_stops_in_the_middle_is_answered_and_closed(start: Start) -> None:
    running = start(request_seconds=0.1)
    begun = b"POST /falco HTTP/1.1\r\nContent-Length: 5\r\n\r\n{"
    assert raw(running.address, begun).startswith(b"HTTP/1.1 408 ")
    assert raw(running.address, b"POST /falco HT") == b""


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(start: Start, inbox: Inbox) -> None:
    running = start()
    with socket.create_connection(running.address, timeout=30) as connection:
        connection.sendall(b"POST /falco HTTP/1.1\r\nContent-Length: 5\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert inbox.waiting() == []


def test_dripping_bytes_do_not_move_the_deadline() -> None:
    clock = iter([0.0, *range(100)])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = DeadlineReader(ours, Limits(request_seconds=5), Idle(), lambda: next(clock))
        theirs.sendall(b"x" * 50)
        with pytest.raises(TimeoutError):
            list(iter(lambda: reader.readinto(bytearray(1)), 0))
        theirs.shutdown(socket.SHUT_WR)
        assert 30 < len(ours.recv(100)) < 50, "it read some, but not all"


def test_more_connections_than_allowed_are_closed(start: Start) -> None:
    running = start(connections=1)
    with socket.create_connection(running.address, timeout=30) as first:
        first.sendall(b"GET /healthz HTTP/1.1\r\n")
        with socket.create_connection(running.address, timeout=30) as second:
            assert second.recv(1) == b""
        first.sendall(b"\r\n")
        assert first.recv(100).startswith(b"HTTP/1.1 200")


def test_stopping_ends_idle_connections_and_answers_those_at_work(start: Start) -> None:
    running = start(idle_seconds=600, request_seconds=600)
    with (
        socket.create_connection(running.address, timeout=30) as idle,
        socket.create_connection(running.address, timeout=30) as busy,
        ThreadPoolExecutor(1) as pool,
    ):
        idle.sendall(b"HEAD /nothing HTTP/1.1\r\n")
        busy.sendall(b"POST /nothing HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert busy.recv(100).startswith(b"HTTP/1.1 100"), "it is at work"
        stopped = pool.submit(running.server.__exit__, None, None, None)
        idle.sendall(b"\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 404")
        busy.sendall(b"{}")
        assert busy.recv(1000).startswith(b"HTTP/1.1 404")
        stopped.result(timeout=30)
    with pytest.raises(OSError):
        socket.create_connection(running.address, timeout=30).close()


def test_nothing_of_a_message_or_a_secret_is_told(start: Start) -> None:
    running = start()
    running.post("/github", b'{"password": "hunter2"}', **SIGNED["/github"])
    running.post("/falco", b"hunter2", authorization="Bearer hunter3")
    said = "\n".join(running.said)
    assert said
    for word in ("hunter", *SECRETS.values()):
        assert word not in said


def test_an_address_that_cannot_be_had(start: Start, inbox: Inbox) -> None:
    port = start().address[1]
    with pytest.raises(EnvironmentFailedError, match=f"127.0.0.1:{port}: cannot listen"):
        ReceiverServer(Receiver({}, inbox), port=port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_listens_and_stops_when_asked(
    tmp_path: Path, number: signal.Signals
) -> None:
    environment = {**os.environ, "COFFEE_FALCO_SECRET": "s3cret", "PYTHONUNBUFFERED": "1"}
    environment.pop("COFFEE_GITHUB_SECRET", None)
    program = [sys.executable, "-m", "coffee_pipeline.cli.main", "--data-dir", str(tmp_path)]
    with subprocess.Popen(
        [*program, "listen"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert address is not None
        answer = httpx.post(
            f"{address[0]}/falco", content=BODY, trust_env=False, timeout=30,
            headers={"Authorization": "Bearer s3cret"},
        )  # fmt: skip
        closed = httpx.post(f"{address[0]}/github", content=BODY, trust_env=False, timeout=30)
        process.send_signal(number)
        said = process.stdout.read()
        assert process.wait(timeout=30) == 0
    assert (answer.status_code, closed.status_code) == (202, 503)
    assert "/github: COFFEE_GITHUB_SECRET is not set" in said
    assert "1 messages wait" in said
    assert "s3cret" not in said
    stored = next((tmp_path / "inbox" / "waiting").glob("falco~*.message"))
    assert json.loads(stored.read_bytes().partition(b"\n")[2]) == json.loads(BODY)
