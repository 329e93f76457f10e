"""From a service that fails to the history: real Prometheus, Alertmanager and receiver."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.toolbox.toolbox import Toolbox
from tests.conftest import ROOT, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end, pytest.mark.timeout(280)]
PIPELINE = Path(sys.executable).with_name("coffee-pipeline")
PLATFORM = ROOT / "examples" / "go-coffee"
MONITORING = PLATFORM / "observability" / "prometheus" / "rules" / "monitoring.yml"
SPECIFICATION = "services/orders/slo/availability.yaml"
ORDER = {"drink": "espresso", "quantity": 1, "card": "4242424242424242"}
FAILED, WELL = 5, 2_000
"""Failed requests, and good ones after them: 0.25 % is below what pages (0.56 % over six hours)."""


def program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not on PATH: make system installs it where it may")
    return found


@dataclass
class Programs:
    """Programs of this test; they end with it, the last one first."""

    folder: Path
    stack: ExitStack

    def start(self, name: str, *argv: object, **environment: str) -> BackgroundProcess:
        command = Command(argv=tuple(map(str, argv)), environment=environment)
        process = BackgroundProcess(command, self.folder / f"{name}.log", grace_seconds=5)
        return self.stack.enter_context(process)

    def configure(self, name: str, settings: object) -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return path


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with ExitStack() as stack:
        yield Programs(tmp_path, stack)


def answers(url: str) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            return httpx.get(url, trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False

    return asked


class Orders:
    """The bundled orders service; the payments service that it calls is not there."""

    def __init__(self, programs: Programs, home: Home) -> None:
        toolbox, program = Toolbox(home), programs.folder / "orders"
        built = run(
            Command(
                argv=(str(toolbox.locate("go").path), "build", "-o", str(program), "./cmd/orders"),
                cwd=PLATFORM / "services" / "orders",
                environment={**toolbox.go_environment(), "GOWORK": "off"},
                timeout_seconds=240,
            )
        )
        assert built.answered, built.tail()
        self.address = f"127.0.0.1:{free_port()}"
        nobody = f"http://127.0.0.1:{free_port()}"
        programs.start(
            "orders", program, LISTEN_ADDRESS=self.address, LOG_LEVEL="error",
            MENU_URL=nobody, PAYMENTS_URL=nobody, KITCHEN_URL=nobody,
        )  # fmt: skip
        wait_until(answers(f"http://{self.address}/readyz"))
        self._http = programs.stack.enter_context(
            httpx.Client(base_url=f"http://{self.address}", trust_env=False)
        )

    def fail(self) -> None:
        assert self._http.post("/orders", json=ORDER).status_code >= 500

    def serve(self) -> None:
        assert self._http.get("/orders").status_code == 200


def receiver(programs: Programs, home: Home, secret: str) -> str:
    """The address of ``coffee-pipeline listen``."""
    listening = programs.start(
        "receiver", PIPELINE, "--data-dir", home.root, "listen",
        COFFEE_ALERTMANAGER_SECRET=secret, PYTHONUNBUFFERED="1",
    )  # fmt: skip
    wait_until(lambda: "open to who has the secret" in listening.log_tail(20))
    found = re.search(r"listening on (http://\S+)", listening.log_tail(20))
    assert found
    return found[1]


def alertmanager(programs: Programs, target: str, secret: str) -> str:
    """The address of an Alertmanager that tells ``target`` of every alert."""
    settings = {
        "route": {"receiver": "pipeline", "group_by": ["..."], "group_wait": "0s",
                  "group_interval": "1s", "repeat_interval": "1h"},
        "receivers": [{
            "name": "pipeline",
            "webhook_configs": [{
                "url": f"{target}/alertmanager", "send_resolved": True,
                "http_config": {"authorization": {"type": "Bearer", "credentials": secret}},
            }],
        }],
    }  # fmt: skip
    address = f"127.0.0.1:{free_port()}"
    programs.start(
        "alertmanager", program("alertmanager", "prometheus-alertmanager"),
        f"--config.file={programs.configure('alertmanager.yml', settings)}",
        f"--storage.path={programs.folder / 'alertmanager'}",
        f"--web.listen-address={address}", "--cluster.listen-address=",
    )  # fmt: skip
    wait_until(answers(f"http://{address}/-/ready"))
    return address


def prometheus(programs: Programs, service: str, rules: Path, manager: str) -> str:
    """The address of a Prometheus that scrapes ``service`` every second."""
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s",
                   "external_labels": {"environment": "production"}},
        "rule_files": [str(rules), str(MONITORING)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
        "scrape_configs": [{"job_name": "services", "honor_labels": True,
                            "static_configs": [{"targets": [service]}]}],
    }  # fmt: skip
    address = f"127.0.0.1:{free_port()}"
    programs.start(
        "prometheus", program("prometheus"),
        f"--config.file={programs.configure('prometheus.yml', settings)}",
        f"--storage.tsdb.path={programs.folder / 'prometheus'}",
        f"--web.listen-address={address}", "--rules.alert.resend-delay=1s",
    )  # fmt: skip
    wait_until(answers(f"http://{address}/-/ready"))
    return f"http://{address}"


def pages(url: str) -> list[str]:
    """States of the page about the objective; pages on what is not scraped here are pending."""
    told = httpx.get(f"{url}/api/v1/alerts", trust_env=False).json()["data"]["alerts"]
    labels = {"severity": "page", "sloth_service": "orders"}
    return [one["state"] for one in told if labels.items() <= one["labels"].items()]


def broken_rules(url: str) -> list[str]:
    """Rules that Prometheus cannot evaluate."""
    told = httpx.get(f"{url}/api/v1/rules", trust_env=False).json()["data"]["groups"]
    rules = [rule for group in told for rule in group["rules"]]
    assert len(rules) > 20
    return [rule["name"] for rule in rules if rule["health"] == "err"]


def failures(url: str) -> int:
    """Failed requests, as Prometheus last scraped them."""
    query = {"query": 'sum(http_requests_total{code=~"5.."})'}
    told = httpx.get(f"{url}/api/v1/query", params=query, trust_env=False).json()
    return sum(int(float(one["value"][1])) for one in told["data"]["result"])


def arrived(home: Home) -> set[str]:
    """States of pages that wait in the inbox."""
    inbox = Inbox(home)
    told = [json.loads(inbox.read(name).body)["alerts"] for name in inbox.waiting()]
    return {one["status"] for alerts in told for one in alerts
            if one["labels"]["severity"] == "page"}  # fmt: skip


def pipeline(home: Home, *arguments: object) -> str:
    done = subprocess.run(
        [PIPELINE, "--data-dir", home.root, *map(str, arguments)],
        capture_output=True, text=True, env=os.environ, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def history_of(home: Home) -> list[Incident]:
    """Paged incidents, after what waits in the inbox was taken into the history."""
    pipeline(home, "inbox", "--consume", "--platform", PLATFORM / "platform.yaml")
    history = HistoryReader(home)
    history.refresh()
    found = history.records(Incident)
    assert {one.severity for one in found} <= {"page", "ticket"}  # the watchdog is no incident
    return [one for one in found if one.severity == "page"]


def test_a_failing_service_is_an_incident_with_its_times(programs: Programs, home: Home) -> None:
    program("prometheus")
    program("alertmanager", "prometheus-alertmanager")
    secret = secrets.token_hex(16)
    rules = programs.folder / "rules.yml"
    pipeline(home, "slo", "rules", PLATFORM / SPECIFICATION, "-o", rules)
    orders = Orders(programs, home)
    target = receiver(programs, home, secret)
    url = prometheus(programs, orders.address, rules, alertmanager(programs, target, secret))
    before = datetime.now(UTC)
    orders.fail()  # a counter that is first seen at 5 has not risen: it must be seen at 1
    wait_until(lambda: failures(url) == 1)
    for _ in range(FAILED - 1):
        orders.fail()
    wait_until(lambda: pages(url) == ["firing"])
    wait_until(lambda: "firing" in arrived(home))
    (fired,) = history_of(home)
    assert (fired.service, fired.environment) == ("orders", "production")
    assert (fired.source, fired.resolved_at) == ("alertmanager", None)
    assert before - timedelta(seconds=1) <= fired.opened_at <= datetime.now(UTC)

    for _ in range(WELL):
        orders.serve()
    wait_until(lambda: pages(url) == [])
    wait_until(lambda: "resolved" in arrived(home))
    (resolved,) = history_of(home)
    assert (resolved.incident_id, resolved.opened_at) == (fired.incident_id, fired.opened_at)
    assert resolved.resolved_at is not None
    assert fired.opened_at < resolved.resolved_at <= datetime.now(UTC)
    assert broken_rules(url) == []
    assert resolved.title.startswith("orders orders-availability SLO error budget burn rate")
