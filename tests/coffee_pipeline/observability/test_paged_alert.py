"""One alert that the receiver and PagerDuty hear of: a real Alertmanager as it is generated."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from coffee_pipeline.observability import alertmanager
from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.platform.notifications import NotificationSettings
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.stages.incident_events import incident_of
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools import alertmanager as alerts
from coffee_pipeline.tools import pagerduty
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.told import IncidentEvent
from tests.conftest import wait_until

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
MESSAGES = Path(__file__).parents[1] / "tools" / "messages"
LABELS = {"alertname": "Burns", "severity": "page", "service": "menu", "environment": "production"}


class Told:
    """What was sent to which path."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[dict[str, Any]]] = {"/alertmanager": [], "/v2/enqueue": []}
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.bodies[self.path].append(json.loads(body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture
def sent(subject: Subject, told: Told, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the receiver and what PagerDuty are sent of one alert."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("alertmanager is not on PATH: make system installs it where it may")
    channel = {"kind": "pagerduty", "url": f"{told.url}/v2/enqueue"}
    people = NotificationSettings.model_validate({"channels": [channel]})
    platform = subject.platform.model_copy(update={"notifications": people})
    paged = Subject(platform, subject.services, subject.slos, subject.groups)
    settings = yaml.safe_dump(alertmanager.configuration(paged, told.url))
    for name in alertmanager.secret_files(paged):
        (tmp_path / name).write_text("secret")
    path = tmp_path / "alertmanager.yml"
    text = settings.replace(alertmanager.SECRET_FOLDER, str(tmp_path))
    path.write_text(text.replace("group_wait: 10s", "group_wait: 0s"))
    address = f"127.0.0.1:{free_port()}"
    command = Command(
        argv=(program, f"--config.file={path}", f"--storage.path={tmp_path / 'data'}",
              f"--web.listen-address={address}", "--cluster.listen-address="),
    )  # fmt: skip
    with BackgroundProcess(command, tmp_path / "log", grace_seconds=5):
        wait_until(lambda: ready(f"http://{address}/-/ready"))
        alert = {"labels": LABELS, "startsAt": BEGAN.isoformat()}
        url = f"http://{address}/api/v2/alerts"
        assert httpx.post(url, json=[alert], trust_env=False).is_success
        wait_until(lambda: all(told.bodies.values()))
    return told.bodies["/alertmanager"][0], told.bodies["/v2/enqueue"][0]


def ready(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


def paged(title: str, kind: str, minutes: float) -> list[IncidentEvent]:
    """What PagerDuty's webhook tells of an incident of this title."""
    body = json.loads((MESSAGES / "pagerduty.json").read_text())
    at = (BEGAN + timedelta(minutes=minutes)).isoformat()
    body["event"] |= {"event_type": f"incident.{kind}", "occurred_at": at}
    opened = (BEGAN + timedelta(seconds=12)).isoformat()
    body["event"]["data"] |= {"title": title, "created_at": opened, "incident_key": None}
    return list(pagerduty.read(Document(json.dumps(body).encode(), "m"), None).incidents)


def test_it_is_one_incident(sent: tuple[dict[str, Any], dict[str, Any]], subject: Subject) -> None:
    hook, page = sent
    title = page["payload"]["summary"]
    ended = json.loads(json.dumps(hook))
    ended["alerts"][0] |= {"status": "resolved",
                           "endsAt": (BEGAN + timedelta(minutes=8)).isoformat()}  # fmt: skip
    told = [
        list(alerts.read(Document(json.dumps(ended).encode(), "m"), None).incidents),
        paged(title, "triggered", 0.2),
        paged(title, "acknowledged", 3),
    ]
    assert len({(one.source, one.incident) for events in told for one in events}) == 1
    for order in permutations(told):
        events = [event for events in order for event in events]
        found = incident_of(events, Places(subject.platform), subject.platform)
        assert found.incident_id.startswith("alertmanager-")
        assert (found.service, found.severity, found.title) == ("menu", "page", "Burns")
        assert (found.source, found.opened_at) == ("pagerduty", BEGAN)
        assert found.acknowledged_at == BEGAN + timedelta(minutes=3)
        assert found.resolved_at == BEGAN + timedelta(minutes=8)


@pytest.mark.parametrize("title", ["menu is down", "[a1b2c3d4e5f60718-1772352012] is first",
                                   "x [a1b2c3d4e5f60718]", "x [G1b2c3d4e5f60718-1]"])  # fmt: skip
def test_no_other_title_is_taken_for_an_alert(title: str) -> None:
    (event,) = paged(title, "triggered", 1)
    assert (event.source, event.incident, event.told_by) == ("pagerduty", "PINC001", None)
    assert event.title == title


def test_without_the_alert_the_page_is_the_incident(subject: Subject) -> None:
    told = paged("menu is down [a1b2c3d4e5f60718-1772352012]", "triggered", 1)
    found = incident_of(told, Places(subject.platform), subject.platform)
    assert found.incident_id == "alertmanager-a1b2c3d4e5f60718-1772352012"
    assert (found.title, found.service, found.severity) == ("menu is down", "payments", "P1")
