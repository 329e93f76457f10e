"""From messages to rows of the history: each once, in any order, through crashes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import filelock
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import EnvironmentFailedError, TransientError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.stages import inbox as consumer
from coffee_pipeline.stages.inbox import Consumption, consume
from coffee_pipeline.stages.incident_events import incident_of
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools.told import Change, IncidentEvent
from tests.conftest import ROOT

NOW = datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
MESSAGES = ROOT / "tests" / "coffee_pipeline" / "tools" / "messages"
PLATFORM = Platform.model_validate({
    "name": "go-coffee",
    "modules": [{"path": "."}],
    "services": [{"name": name, "module": "."} for name in ("menu", "payments")],
    "security": {"runtime": {"falco_file": "falco.jsonl"}, "namespaces": {"shop": "staging"}},
})  # fmt: skip


def event(rule: str = "Shell", pod: str = "menu-7d9c5b6f8d-x2x4z", **more: Any) -> bytes:
    fields = {
        "k8s.ns.name": "go-coffee-production",
        "k8s.pod.name": pod,
        "k8s.pod.label[app.kubernetes.io/name]": "menu",
        "container.name": "menu",
    }
    said = {
        "rule": rule, "priority": "Warning", "time": "2026-03-01T08:00:00Z", "output": "seen",
        "output_fields": fields, **more,
    }  # fmt: skip
    return json.dumps(said).encode()


class Desk:
    """An inbox, its consumer and the history."""

    def __init__(self, home: Home, base: Path) -> None:
        self.home = home
        self.base = base
        self.inbox = Inbox(home).prepare()
        self.numbers = itertools.count()

    def put(self, body: bytes, source: str = "falco", kind: str | None = None,
            at: datetime = NOW) -> None:  # fmt: skip
        assert self.inbox.store(source, f"{next(self.numbers)}", body, kind, at)

    def consume(
        self,
        write: Callable[[Evidence], object] | None = None,
        platform: Platform = PLATFORM,
        **more: Any,
    ) -> Consumption:
        return consume(
            self.home, platform, self.base, write or HistoryWriter(self.home).write,
            lambda service, _: ("abc123", "sha256:1") if service == "menu" else None, NOW, **more,
        )  # fmt: skip

    def records(self, kind: type) -> list[Any]:
        reader = HistoryReader(self.home)
        reader.refresh()
        return reader.records(kind)


@pytest.fixture
def desk(home: Home, tmp_path: Path) -> Desk:
    return Desk(home, tmp_path)


def test_events_of_a_window_are_one_finding_with_its_service(desk: Desk) -> None:
    desk.put(event())
    desk.put(event(pod="menu-5f6b7c8d9b-b5b6c", time="2026-03-01T08:01:00Z", priority="Error"))
    made = desk.consume()
    assert dict(made.messages) == {"falco": 2}
    assert "falco.jsonl: is not there" in (made.problem or "")
    (finding,), (scan,) = desk.records(Finding), desk.records(Scan)
    assert (finding.service, finding.revision, finding.environment) == (
        "menu", "abc123", "production",
    )  # fmt: skip
    assert (finding.kind, finding.severity, finding.scope) == (
        "runtime", "high", "runtime:production",
    )  # fmt: skip
    assert "2 events from 2026-03-01T08:00:00" in finding.detail
    assert (scan.outcome, scan.findings, scan.service) == ("partial", 1, None)
    assert desk.inbox.waiting() == []


def test_a_later_message_of_the_window_adds_to_the_count(desk: Desk) -> None:
    for minute in (1, 2, 3):
        desk.put(event(time=f"2026-03-01T08:0{minute}:00Z"), at=NOW + timedelta(minutes=minute))
        desk.consume()
    (finding,) = desk.records(Finding)
    assert "3 events from 2026-03-01T08:01:00" in finding.detail
    desk.put(event(time="2026-03-01T09:30:00Z"), at=NOW + timedelta(hours=1, minutes=30))
    desk.consume()
    assert len(desk.records(Finding)) == 2, "another window"
    assert len({one.identity for one in desk.records(Finding)}) == 1, "the same problem"
    reader = HistoryReader(desk.home)
    (row,) = reader.query("SELECT state, scans FROM finding_lifecycle")
    assert row == {"state": "untouched", "scans": 2}


def test_other_events_close_nothing(desk: Desk) -> None:
    desk.put(event())
    desk.consume()
    desk.put(event(rule="Other"), at=NOW + timedelta(hours=5))
    desk.consume()
    reader = HistoryReader(desk.home)
    reader.refresh()
    states = reader.query("SELECT rule, state FROM finding_lifecycle ORDER BY rule")
    assert [row["state"] for row in states] == ["new", "new"]


class CrashError(Exception):
    """The machine went down."""


@pytest.mark.parametrize("before", [True, False])
def test_a_crash_while_storing_doubles_nothing(desk: Desk, before: bool) -> None:
    desk.put(event())
    desk.put((MESSAGES / "alertmanager.json").read_bytes(), "alertmanager")
    writer = HistoryWriter(desk.home)

    def write(evidence: Evidence) -> None:
        if not before:
            writer.write(evidence)
        raise CrashError

    with pytest.raises(CrashError):
        desk.consume(write)
    assert len(desk.inbox.waiting()) == 2, "nothing is forgotten that may not be stored"
    desk.consume()
    desk.put(event(time="2026-03-01T08:02:00Z"))
    desk.consume()
    (finding,) = desk.records(Finding)
    assert "2 events from" in finding.detail
    assert len(desk.records(Incident)) == 2


def test_a_crash_between_storing_and_removing_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(event())

    def crash(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(Inbox, "finish", crash)
        with pytest.raises(CrashError):
            desk.consume()
    desk.put(event(time="2026-03-01T08:02:00Z"))
    desk.consume(limit=1)
    desk.consume(limit=1)
    (finding,) = desk.records(Finding)
    assert "2 events from" in finding.detail


def test_of_too_many_workloads_the_severe_ones_are_kept_and_the_rest_is_counted(
    desk: Desk,
) -> None:
    limited = PLATFORM.model_copy(
        update={"security": PLATFORM.security.model_copy(
            update={"runtime": PLATFORM.security.runtime.model_copy(
                update={"findings_limit": 2})})}
    )  # fmt: skip
    for number in range(4):
        desk.put(event(rule=f"Rule {number}", priority="Notice"))
    desk.put(event(rule="Severe", priority="Critical"))
    desk.consume(platform=limited)
    assert {one.severity for one in desk.records(Finding)} == {"critical", "low"}
    (scan,) = desk.records(Scan)
    assert "3 events beyond 2 findings were left out" in scan.reason


def test_one_broken_line_does_not_spoil_the_others(desk: Desk) -> None:
    desk.put(event() + b"\nFalco: started\n" + event(rule="Other") + b"\n{}")
    made = desk.consume()
    assert (made.rejected, len(desk.records(Finding))) == ({}, 2)
    rejected = desk.inbox.rejected()
    assert len(rejected) == 2
    reasons = [
        (desk.inbox.folder / "rejected" / f"{name}.reason.txt").read_text() for name in rejected
    ]
    assert any("line 2" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (b"{", "falco"), (b"\xff\x00", "falco"), (b"{}", "falco"), (b"a\nb\nc", "falco"),
        (b"[]", "alertmanager"), (b"{}", "pagerduty"), (b"[" * 5000, "github"),
        (b'{"type": "x"}', "generic"), (b"{}", "unheard-of"),
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_rejected_with_its_reason(
    desk: Desk, body: bytes, source: str
) -> None:
    desk.put(body, source)
    desk.put(event())
    made = desk.consume()
    (name,) = desk.inbox.rejected()
    assert list(made.rejected) == [name]
    assert (desk.inbox.folder / "rejected" / f"{name}.reason.txt").read_text().strip()
    assert (desk.inbox.folder / "rejected" / f"{name}.message").read_bytes().endswith(body)
    assert desk.inbox.waiting() == []
    assert len(desk.records(Finding)) == 1
    assert made.outcome == "partial"


def test_a_damaged_file_is_rejected_too(desk: Desk) -> None:
    (desk.inbox.folder / "waiting" / "falco~9.message").write_bytes(b"torn")
    assert list(desk.consume().rejected) == ["falco~9"]
    assert desk.inbox.rejected() == ["falco~9"]


def test_what_falco_says_of_itself_is_no_finding(desk: Desk) -> None:
    desk.put(event(rule="Falco internal: metrics snapshot", priority="Informational"))
    assert desk.consume().rejected == {}
    assert desk.records(Finding) == []


def test_secrets_in_events_are_kept_nowhere(desk: Desk) -> None:
    secret = "ghp_" + "a1B2" * 10
    desk.put(event(output=f"curl -H token={secret}"))
    body = {"type": "incident.opened", "timestamp": "2026-03-01T08:00:00Z",
            "data": {"id": "1", "title": f"leaked {secret}"}}  # fmt: skip
    desk.put(json.dumps(body).encode(), "generic")
    desk.consume()
    assert "[redacted]" in desk.records(Finding)[0].detail
    assert "[redacted]" in desk.records(Incident)[0].title
    for file in desk.home.root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()


def test_what_belongs_to_no_environment_is_of_the_platform(desk: Desk) -> None:
    desk.put(event(output_fields={"container.image.repository": "registry/x/payments"}))
    desk.put(event(output_fields={"k8s.ns.name": "shop", "container.name": "envoy"}))
    desk.consume()
    found = {(one.scope, one.service, one.revision) for one in desk.records(Finding)}
    assert found == {
        ("runtime:go-coffee", "payments", "unknown"), ("runtime:staging", None, "unknown"),
    }  # fmt: skip


def test_alerts_become_incidents_that_end(desk: Desk) -> None:
    desk.put((MESSAGES / "alertmanager.json").read_bytes(), "alertmanager")
    desk.consume()
    first = {one.service: one for one in desk.records(Incident)}
    assert first["payments"].resolved_at is None
    assert first["payments"].environment == "production"
    assert first["menu"].resolved_at - first["menu"].opened_at == timedelta(minutes=4)
    message = json.loads((MESSAGES / "alertmanager.json").read_text())
    message["alerts"][0] |= {"status": "resolved", "endsAt": "2026-03-01T08:20:12Z"}
    desk.put(json.dumps(message).encode(), "alertmanager")
    desk.consume()
    assert len(desk.records(Incident)) == 2
    assert all(one.resolved_at for one in desk.records(Incident))


def test_deployments_of_others_are_of_a_known_service_or_passed_over(desk: Desk) -> None:
    body = (MESSAGES / "github_deployment.json").read_bytes()
    desk.put(body, "github", "deployment_status")
    other = body.replace(b'"menu"', b'"tea"').replace(b'"id": 77', b'"id": 78')
    desk.put(other, "github", "deployment_status")
    desk.put(b'{"zen": "."}', "github", "ping")
    made = desk.consume()
    (found,) = desk.records(Deployment)
    assert (found.service, found.environment, found.outcome, found.cause) == (
        "menu", "production", "succeeded", "github",
    )  # fmt: skip
    assert sum(made.passed_over.values()) == 2
    assert "2 passed over" in str(made)


STORY = [
    IncidentEvent(source="p", incident="1", change=change, at=NOW + timedelta(minutes=minute),
                  opened_at=NOW if minute else None, services=services, title=title)
    for change, minute, services, title in [
        (Change.OPENED, 0, (), "first"),
        (Change.ACKNOWLEDGED, 3, ("payments",), None),
        (Change.RESOLVED, 10, (), None),
        (Change.REOPENED, 20, (), None),
        (Change.ACKNOWLEDGED, 25, (), None),
        (Change.RESOLVED, 30, (), "last"),
    ]
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=4))
def test_order_and_repetition_of_events_do_not_matter(
    order: list[IncidentEvent], again: list[IncidentEvent]
) -> None:
    found = incident_of([*order, *again], Places(PLATFORM), PLATFORM)
    assert (found.opened_at, found.acknowledged_at) == (NOW, NOW + timedelta(minutes=3))
    assert found.resolved_at == NOW + timedelta(minutes=30)
    assert (found.service, found.title, found.environment) == ("payments", "last", "production")


def test_incidents_reopen_and_clocks_differ() -> None:
    places = Places(PLATFORM)
    assert incident_of(STORY[:4], places, PLATFORM).resolved_at is None
    assert incident_of(STORY[:1], places, PLATFORM).service == "go-coffee", "of no service"
    early = IncidentEvent(source="p", incident="1", change=Change.RESOLVED,
                          at=NOW - timedelta(minutes=1), opened_at=NOW)  # fmt: skip
    assert incident_of([early], places, PLATFORM).resolved_at == NOW, "never before it began"


def test_events_that_come_one_by_one_make_one_record(desk: Desk) -> None:
    body = json.loads((MESSAGES / "pagerduty.json").read_text())
    for kind, time in (
        ("resolved", "2026-03-01T08:30:00Z"),
        ("acknowledged", "2026-03-01T08:03:00Z"),
        ("triggered", "2026-03-01T08:00:00Z"),
    ):
        body["event"] |= {"event_type": f"incident.{kind}", "occurred_at": time}
        desk.put(json.dumps(body).encode(), "pagerduty")
        desk.consume()
    (found,) = desk.records(Incident)
    assert found.incident_id == "pagerduty-PINC001"
    assert found.acknowledged_at - found.opened_at == timedelta(minutes=3)
    assert found.resolved_at - found.opened_at == timedelta(minutes=30)


def test_only_one_consumes_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "LOCK_SECONDS", 0.0)
    with (
        filelock.FileLock(desk.home.inbox / "consumer.lock"),
        pytest.raises(TransientError, match="consumed already"),
    ):
        desk.consume()


def test_kept_state_that_is_damaged_is_named(desk: Desk) -> None:
    desk.put(event())
    desk.consume()
    (file,) = (desk.home.inbox / "windows").glob("*.json")
    file.write_bytes(b"{")
    desk.put(event(time="2026-03-01T08:02:00Z"))
    with pytest.raises(EnvironmentFailedError, match=file.name):
        desk.consume()
    assert len(desk.inbox.waiting()) == 1
