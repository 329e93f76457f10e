"""Incidents as paging services, alerts, issues and plain files report them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.incidents.reading import (
    BadRowsError,
    Defaults,
    IncidentReport,
    read_incidents,
)


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{time}").replace(tzinfo=UTC)


def read(content: Any, source: str | None = None, **defaults: Any) -> IncidentReport:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    return read_incidents(Document(text.encode(), "export"), Defaults(**defaults), source)


def only(content: Any, **defaults: Any) -> Incident:
    (found,) = read(content, **defaults).incidents
    return found


PAGERDUTY: dict[str, Any] = {
    "id": "PT4KHLK", "type": "incident", "incident_number": 1234, "title": "menu does not answer",
    "created_at": "2026-03-01T08:00:00Z", "updated_at": "2026-03-01T08:40:00Z",
    "status": "resolved", "last_status_change_at": "2026-03-01T08:40:00Z",
    "resolved_at": "2026-03-01T08:39:00Z", "acknowledgements": [],
    "service": {"id": "PIJ90N7", "type": "service_reference", "summary": "menu"},
    "priority": {"id": "P53ZZH5", "type": "priority_reference", "summary": "P1"},
    "urgency": "high",
    "body": {"type": "incident_body", "details": {"environment": "staging", "deployment_id": "d7"}},
}  # fmt: skip


def test_a_list_of_pagerduty() -> None:
    found = only({"incidents": [PAGERDUTY], "limit": 25, "offset": 0, "more": False})
    assert found == Incident(
        incident_id="pagerduty-PT4KHLK", service="menu", environment="staging", revision=None,
        deployment_id="d7", title="menu does not answer", severity="P1", source="pagerduty",
        opened_at=at("08:00:00"), resolved_at=at("08:39:00"), acknowledged_at=None,
    )  # fmt: skip


def test_pagerduty_tells_who_took_it_on_while_it_is_open() -> None:
    taken = [{"at": "2026-03-01T08:09:00Z", "acknowledger": {"id": "A"}},
             {"at": "2026-03-01T08:04:00Z", "acknowledger": {"id": "B"}}]  # fmt: skip
    values = {**PAGERDUTY, "status": "acknowledged", "acknowledgements": taken, "resolved_at": None}
    found = only({"incident": values})
    assert (found.acknowledged_at, found.resolved_at) == (at("08:04:00"), None)


def test_a_webhook_of_pagerduty() -> None:
    data = {"id": "P1", "type": "incident", "number": 2, "status": "acknowledged",
            "created_at": "2026-03-01T08:00:00Z", "title": "slow", "urgency": "low",
            "service": {"id": "S", "summary": "orders"}}  # fmt: skip
    event = {"id": "E", "event_type": "incident.acknowledged", "resource_type": "incident",
             "occurred_at": "2026-03-01T08:03:00.250Z", "data": data}  # fmt: skip
    found = only({"event": event})
    assert (found.incident_id, found.severity) == ("pagerduty-P1", "low")
    assert found.acknowledged_at == at("08:03:00.250")
    ended = {**event, "event_type": "incident.resolved", "occurred_at": "2026-03-01T09:00:00Z",
             "data": {**data, "status": "resolved"}}  # fmt: skip
    assert only({"event": ended}).resolved_at == at("09:00:00")


def test_alerts_of_opsgenie() -> None:
    alert = {
        "id": "70413a06-38d6-4c85-92b8-5ebc900d42e2", "tinyId": "1791", "message": "menu is down",
        "status": "closed", "acknowledged": True, "createdAt": "2026-03-01T08:00:00Z",
        "updatedAt": "2026-03-01T10:00:00Z", "priority": "P2", "tags": ["service:menu", "team"],
        "report": {"ackTime": 240_000, "closeTime": 1_800_000, "acknowledgedBy": "ada@example.com"},
    }  # fmt: skip
    found = only({"data": [alert], "took": 0.1})
    assert (found.service, found.severity, found.title) == ("menu", "P2", "menu is down")
    assert (found.acknowledged_at, found.resolved_at) == (at("08:04:00"), at("08:30:00"))
    still = {**alert, "status": "open", "report": {}}
    assert only([still]).resolved_at is None
    without_report = {**alert, "report": {}}
    assert only([without_report]).resolved_at == at("10:00:00")


def test_a_webhook_of_opsgenie_and_an_incident_with_its_impact() -> None:
    hook = {"action": "Close", "alert": {
        "alertId": "a1", "message": "slow", "createdAt": 1_772_352_000_000, "tags": [],
        "updatedAt": 1_772_352_600_000_000_000, "entity": "orders", "priority": "P3"}}  # fmt: skip
    found = only(hook)
    assert (found.opened_at, found.resolved_at) == (at("08:00:00"), at("08:10:00"))
    assert (found.incident_id, found.service) == ("opsgenie-a1", "orders")
    incident = {"id": "i", "tinyId": "3", "message": "m", "status": "resolved",
                "createdAt": "2026-03-01T09:00:00Z", "impactStartDate": "2026-03-01T08:30:00Z",
                "impactEndDate": "2026-03-01T08:45:00Z",
                "extraProperties": {"service": "menu", "environment": "staging"}}  # fmt: skip
    found = only({"data": [incident]})
    assert (found.opened_at, found.resolved_at) == (at("08:30:00"), at("08:45:00"))
    assert (found.service, found.environment) == ("menu", "staging")


def alert(**changed: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": "MenuDown", "service": "menu",
            "severity": "page"}, "annotations": {"summary": "menu is down"},
            "startsAt": "2026-03-01T08:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "c0ffee", **changed}  # fmt: skip


def test_a_webhook_of_alertmanager() -> None:
    again = alert(startsAt="2026-03-01T09:00:00Z")
    ended = alert(status="resolved", endsAt="2026-03-01T08:20:00Z")
    found = read({"version": "4", "receiver": "r", "alerts": [alert(), ended, alert(), again]})
    assert (found.source, found.repeated) == ("alertmanager", 2)
    assert [(one.opened_at, one.resolved_at) for one in found.incidents] == [
        (at("08:00:00"), at("08:20:00")),  # a repeated message does not open it again
        (at("09:00:00"), None),
    ]
    assert len({one.incident_id for one in found.incidents}) == 2


def test_alerts_of_alertmanagers_api_are_open_whatever_end_they_guess() -> None:
    state = {"state": "active", "silencedBy": [], "inhibitedBy": []}
    found = only([alert(status=state, endsAt="2026-03-01T08:05:00Z")])
    assert (found.resolved_at, found.severity, found.title) == (None, "page", "menu is down")


def issue(number: int, **changed: Any) -> dict[str, Any]:
    return {"number": number, "title": f"issue {number}", "state": "closed",
            "html_url": f"https://github.com/beans/shop/issues/{number}",
            "labels": [{"name": "Incident"}, {"name": "service:menu"}, {"name": "sev1"}],
            "created_at": "2026-03-01T08:00:00Z", "closed_at": "2026-03-01T09:00:00Z",
            "updated_at": "2026-03-01T09:00:00Z",
            "body": "It broke.\n**Deployment**: `d42`\n", **changed}  # fmt: skip


def test_issues_of_github() -> None:
    found = read([issue(1), issue(2, pull_request={}), issue(3, labels=[{"name": "bug"}])])
    assert found.skipped == 2
    assert found.incidents == (
        Incident(
            incident_id="github-beans/shop#1", service="menu", environment="production",
            revision=None, deployment_id="d42", title="issue 1", severity="sev1", source="github",
            opened_at=at("08:00:00"), resolved_at=at("09:00:00"),
        ),
    )  # fmt: skip
    assert len(read([issue(1), issue(3, labels=["bug"])], label="", service="menu").incidents) == 2


def test_issues_of_its_command_line() -> None:
    values = {"number": 7, "title": "t", "state": "OPEN", "labels": [{"name": "incident"}],
              "url": "https://github.com/beans/shop/issues/7", "createdAt": "2026-03-01T08:00:00Z",
              "closedAt": None, "body": "service: orders"}  # fmt: skip
    found = only([values])
    assert (found.incident_id, found.service) == ("github-beans/shop#7", "orders")
    assert found.resolved_at is None


def test_plain_files() -> None:
    table = (
        "id,title,service,started_at,acknowledged_at,ended_at,severity\n"
        'a,"down, twice",menu,2026-03-01T08:00:00+01:00,2026-03-01 07:02:00,1772350200,high\n'
        "b,slow,,2026-03-01,,,\n"
    )
    slow, down = read(table, service="orders").incidents
    assert (down.incident_id, down.title) == ("a", "down, twice")
    assert (down.opened_at, down.acknowledged_at, down.resolved_at) == (
        at("07:00:00"), at("07:02:00"), at("07:30:00"),
    )  # fmt: skip
    assert (slow.service, slow.severity, slow.opened_at) == ("orders", "unknown", at("00:00:00"))
    lines = '{"id": 1, "service": "menu", "opened_at": "2026-03-01T08:00:00Z"}\n'
    assert only(lines + lines.replace("08", "09")).opened_at == at("09:00:00")
    assert read("[]").incidents == ()


def test_nobody_takes_it_on_before_it_began() -> None:
    row = {"id": "a", "service": "menu", "opened_at": "2026-03-01T08:00:00Z",
           "acknowledged_at": "2026-03-01T07:59:58Z"}  # fmt: skip
    assert only([row]).acknowledged_at == at("08:00:00")


@pytest.mark.parametrize("reverse", [False, True])
def test_the_newest_row_of_an_incident_counts_in_any_order(reverse: bool) -> None:
    rows = [{"id": "a", "service": "menu", "opened_at": "2026-03-01T08:00:00Z",
             "updated_at": f"2026-03-01T0{hour}:00:00Z", "title": f"at {hour}"}
            for hour in (8, 9)]  # fmt: skip
    found = read(rows[::-1] if reverse else rows)
    assert ([one.title for one in found.incidents], found.repeated) == (["at 9"], 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"id": "a",\n"opened_at": "yesterday", "service": "m"}]', "line 1: opened_at: 'yester"),
        ('[\n{"id": "a", "service": "m"}]', "line 2: opened_at is missing"),
        ('[{"id": "a", "opened_at": "2026-03-01"}]', "it names no service; give --service"),
        ("id,opened_at,resolved_at,service\na,2026-03-02,2026-03-01,m\n",
         "line 2: it ends (2026-03-01 00:00:00+00:00) before it begins"),
        ('{"incidents": [{"type": "incident", "id": "P", "created_at": "2026-03-01", "status":'
         ' "resolved", "service": {"summary": "m"}}]}',
         "status is resolved, but no time says when"),
        ('[{"number": 1, "title": "t", "labels": ["incident"], "state": "closed", "created_at":'
         ' "2026-03-01", "body": "service: m"}]', "it is closed, but closed_at is missing"),
        ("id,service\n", None),
    ],
)  # fmt: skip
def test_a_broken_row_is_named_and_nothing_is_read(content: str, said: str | None) -> None:
    if said is None:
        assert read(content).incidents == ()
        return
    with pytest.raises(BadRowsError) as caught:
        read(content)
    assert said in str(caught.value)
    assert "nothing was stored" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: the report is empty"),
        ("colour\nred\n", "line 1: neither JSON nor CSV"),
        ("[1]", "line 1: an object is expected here"),
        ('[\n{"id": }]', "line 2: not JSON"),
        ('{"colour": "red"}', "an incident of none of pagerduty, alertmanager, opsgenie"),
        ("id,opened_at\na,b,c\n", "line 2: more values than columns"),
        ("[" * 100_000, "line 1: n"),
    ],
)
def test_what_is_no_export_is_refused(content: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(content)
    assert said in str(caught.value)


def test_a_source_is_asked_for_by_its_name() -> None:
    with pytest.raises(UsageError, match="one of pagerduty, alertmanager, opsgenie, github, file"):
        read([], source="statuspage")
    with pytest.raises(BadRowsError, match="no row of PagerDuty"):
        read([{"id": "a", "opened_at": "2026-03-01"}], source="pagerduty")
