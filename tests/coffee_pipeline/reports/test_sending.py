"""Notifications over real sockets to a server that replays what the channels answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.platform.notifications import NotificationSettings
from coffee_pipeline.reports.notification import Notification
from coffee_pipeline.reports.sending import Notifier, Sent

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
TOLD = Notification(title="told", severity=Severity.HIGH, key="k", source="shop", lines=["a"])

Answer = tuple[int, dict[str, str], str]


class Stub:
    """A server that gives prepared answers in turn, then 200, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.asked.append((self.path, dict(self.headers), json.loads(body)))
                status, headers, text = stub.answers.pop(0) if stub.answers else (200, {}, "ok")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    stub = Stub()
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.05,))
    thread.start()
    yield stub
    stub.server.shutdown()
    thread.join()
    stub.server.server_close()


class Desk:
    """A notifier of all channels at the stub, and how long it waited."""

    def __init__(self, url: str, *channels: dict[str, Any]) -> None:
        self.waited: list[float] = []
        self.said: list[str] = []
        self.environment = {
            "COFFEE_SLACK_URL": f"{url}/services/T0/B0/very-secret",
            "COFFEE_PAGERDUTY_ROUTING_KEY": "routing-key",
            "AM_TOKEN": "am-token",
        }
        self.notifier = Notifier(
            NotificationSettings.model_validate({"channels": channels}), self.environment,
            self.said.append, lambda: NOW, self.waited.append,
        )  # fmt: skip

    def send(self) -> list[Sent]:
        return list(self.notifier.send(TOLD))


def test_every_channel_is_asked_as_it_documents(stub: Stub) -> None:
    desk = Desk(
        stub.url, {"kind": "stdout"}, {"kind": "slack"},
        {"kind": "pagerduty", "url": f"{stub.url}/v2/enqueue"},
        {"kind": "alertmanager", "url": stub.url, "token_variable": "AM_TOKEN"},
    )  # fmt: skip
    stub.answers = [(200, {}, "ok"), (202, {}, '{"status": "success"}'), (200, {}, "")]
    assert [one.outcome for one in desk.send()] == [Outcome.COMPLETED] * 4
    assert desk.said == ["[high] told\n  a"]
    slack, pager, alerts = stub.asked
    assert (slack[0], slack[2]["text"]) == ("/services/T0/B0/very-secret", "told")
    assert (pager[0], pager[2]["routing_key"]) == ("/v2/enqueue", "routing-key")
    assert (alerts[0], alerts[2][0]["labels"]["source"]) == ("/api/v2/alerts", "shop")
    assert alerts[1]["Authorization"] == "Bearer am-token"
    assert all(headers["Content-Type"] == "application/json" for _, headers, _ in stub.asked)


def test_what_is_busy_is_tried_again_when_it_says(stub: Stub) -> None:
    desk = Desk(stub.url, {"kind": "slack"})
    stub.answers = [
        (429, {"Retry-After": "7"}, "rate_limited"),
        (503, {"Retry-After": "Sun, 01 Mar 2026 02:00:05 GMT"}, ""),
        (500, {}, ""),
    ]
    assert desk.send() == [Sent("slack", Outcome.COMPLETED)]
    assert desk.waited == [7.0, 5.0, 4.0]
    assert len(stub.asked) == 4


def test_it_gives_up_in_the_end_and_says_why(stub: Stub) -> None:
    desk = Desk(stub.url, {"kind": "slack"})
    stub.answers = [(502, {}, "bad <gateway>")] * 9
    assert desk.send() == [Sent("slack", Outcome.FAILED, "answered 502 bad <gateway>")]
    assert (len(stub.asked), desk.waited) == (4, [1.0, 2.0, 4.0])


def test_a_wait_that_is_too_long_is_not_waited_for(stub: Stub) -> None:
    desk = Desk(stub.url, {"kind": "slack"})
    stub.answers = [(429, {"Retry-After": "3600"}, "rate_limited")]
    (sent,) = desk.send()
    assert (sent.outcome, desk.waited) == (Outcome.FAILED, [])
    assert "asks to wait 3600 s" in (sent.reason or "")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
def test_a_no_is_not_asked_again_and_the_others_are_told(stub: Stub, status: int) -> None:
    desk = Desk(stub.url, {"kind": "slack"}, {"kind": "stdout"})
    stub.answers = [(status, {"Location": "http://127.0.0.1:1/"}, "no_service very-secret")]
    stub.answers[0] = (status, stub.answers[0][1], f"no {stub.url}/services/T0/B0/very-secret")
    slack, printed = desk.send()
    assert slack.outcome is Outcome.FAILED
    assert "very-secret" not in (slack.reason or "")
    assert str(status) in (slack.reason or "")
    assert (len(stub.asked), printed.outcome) == (1, Outcome.COMPLETED)


def test_without_its_secret_a_channel_is_not_run(stub: Stub) -> None:
    desk = Desk(
        stub.url, {"kind": "slack"}, {"kind": "pagerduty", "url": stub.url},
        {"kind": "alertmanager", "url": stub.url, "token_variable": "AM_TOKEN"},
        {"kind": "alertmanager", "url": stub.url},
    )  # fmt: skip
    desk.environment.clear()
    assert desk.send() == [
        Sent("slack", Outcome.NOT_RUN, "COFFEE_SLACK_URL is not set"),
        Sent("pagerduty", Outcome.NOT_RUN, "COFFEE_PAGERDUTY_ROUTING_KEY is not set"),
        Sent("alertmanager", Outcome.NOT_RUN, "AM_TOKEN is not set"),
        Sent("alertmanager", Outcome.COMPLETED),
    ]


@pytest.mark.parametrize(
    ("url", "tries"), [("http://127.0.0.1:1/very-secret", 4), ("very-secret", 1),
                       ("http://x/\x00very-secret", 1), ("ftp://very-secret", 1)]
)  # fmt: skip
def test_an_address_that_answers_nothing_is_not_shown(stub: Stub, url: str, tries: int) -> None:
    desk = Desk(stub.url, {"kind": "slack"})
    desk.environment["COFFEE_SLACK_URL"] = url
    (sent,) = desk.send()
    assert sent.outcome is Outcome.FAILED
    assert "very-secret" not in (sent.reason or "")
    assert len(desk.waited) == tries - 1


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("{kind: telegram}", "notifications.channels[0]"),
        ("{kind: slack, url: 'https://x'}", "notifications.channels[0].slack.url: unknown key"),
        ("{kind: alertmanager, url: 'https://me:secret@x'}", "url"),
        ("{kind: slack, url_variable: 'https://hooks.example.com'}", "url_variable"),
    ],
)
def test_settings_that_are_wrong_name_their_line(tmp_path: Any, channel: str, words: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(f"name: shop\nnotifications:\n  channels:\n    - {channel}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_platform(file)
    assert words in str(caught.value)
    assert f"{file}:4" in str(caught.value)
