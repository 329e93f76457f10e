"""What webhooks of other systems tell: recorded messages, broken ones, and any JSON at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools import alertmanager, github_events, pagerduty, standard_events
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.told import Change, Told, moment

MESSAGES = Path(__file__).parent / "messages"
READERS = {
    "alertmanager.json": (alertmanager.read, None),
    "pagerduty.json": (pagerduty.read, None),
    "github_issue.json": (github_events.reader(["incident"]), "issues"),
    "github_deployment.json": (github_events.reader(["incident"]), "deployment_status"),
    "standard.json": (standard_events.read, None),
}


def at(hour: int, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, second, micro, tzinfo=UTC)


def told(name: str, **change: Any) -> Told:
    read, event = READERS[name]
    value = json.loads((MESSAGES / name).read_text())
    for path, new in change.items():
        *way, last = path.split("__")
        inner = value
        for step in way:
            inner = inner[int(step) if step.isdigit() else step]
        inner[last] = new
    return read(Document(json.dumps(value).encode(), name), event)


def test_alertmanager_tells_when_alerts_began_and_ended() -> None:
    fires, began, ended = told("alertmanager.json").incidents
    assert (fires.change, fires.at) == (Change.OPENED, at(8, 0, 12, 123456))
    assert fires.title == "payments answers 4 % of its requests with a server error"
    assert (fires.severity, fires.services) == ("page", ("payments",))
    assert fires.environments == ("go-coffee-production",)
    assert (began.change, ended.change) == (Change.OPENED, Change.RESOLVED)
    assert (began.incident, ended.at) == (ended.incident, at(7, 4))
    assert (ended.title, ended.services) == ("ServiceDown", ("menu",))


def test_an_alert_of_generated_rules_names_its_service() -> None:
    labels = {"alertname": "Burn", "severity": "page", "sloth_service": "orders"}
    assert told("alertmanager.json", alerts__0__labels=labels).incidents[0].services == ("orders",)


def test_an_alert_that_fires_again_is_another_incident() -> None:
    first, later = (
        told("alertmanager.json", alerts__0__startsAt=time).incidents[0].incident
        for time in ("2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z")
    )
    assert first != later
    unnamed = [
        told("alertmanager.json", alerts__0__fingerprint=None, alerts__0__labels=labels)
        .incidents[0].incident
        for labels in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, {"a": "1"})
    ]  # fmt: skip
    assert unnamed[0] == unnamed[1] != unnamed[2]


def test_a_watchdog_alone_is_no_incident() -> None:
    watchdog = json.loads((MESSAGES / "alertmanager.json").read_text())["alerts"][2]
    answer = told("alertmanager.json", alerts=[watchdog])
    assert (answer.incidents, bool(answer.passed_over)) == ([], True)


def test_pagerduty_tells_who_took_it_on_when() -> None:
    (event,) = told("pagerduty.json").incidents
    assert (event.incident, event.change) == ("PINC001", Change.ACKNOWLEDGED)
    assert (event.opened_at, event.at) == (at(8), at(8, 3, 0, 250000))
    assert (event.services, event.severity) == (("go-coffee-payments",), "P1")
    assert told("pagerduty.json", event__event_type="pagey.ping").passed_over
    assert told("pagerduty.json", event__event_type="service.created").passed_over


def test_github_issues_are_incidents_by_their_label() -> None:
    (event,) = told("github_issue.json").incidents
    assert (event.incident, event.change) == ("go-coffee/go-coffee#7", Change.RESOLVED)
    assert (event.opened_at, event.at) == (at(8), at(9, 30))
    assert (event.services, event.severity) == (("payments",), "high")
    assert told("github_issue.json", action="opened").incidents[0].at == at(8)
    assert told("github_issue.json", issue__labels=[{"name": "bug"}]).passed_over
    assert told("github_issue.json", action="assigned").passed_over


def test_github_deployments_count_when_they_end() -> None:
    (end,) = told("github_deployment.json").deployments
    assert (end.deployment, end.succeeded) == ("77", True)
    assert (end.started_at, end.finished_at) == (at(10), at(10, 5))
    assert (end.services[0], end.environments[0]) == ("menu", "production")
    failed = told("github_deployment.json", deployment_status__state="error").deployments
    assert not failed[0].succeeded
    assert told("github_deployment.json", deployment_status__state="in_progress").passed_over
    by_name = told(
        "github_deployment.json", deployment__payload="", deployment__environment="staging/orders"
    ).deployments
    assert by_name[0].services == by_name[0].environments[1:] == ("staging", "orders")


def test_other_events_of_github_are_passed_over() -> None:
    read = github_events.reader(["incident"])
    for event in ("push", "ping", None):
        assert read(Document(b"{}", "m"), event).passed_over


def test_messages_of_standard_webhooks() -> None:
    (event,) = told("standard.json").incidents
    assert (event.change, event.at, event.opened_at) == (Change.RESOLVED, at(9), at(7, 30))
    assert (event.environments, event.deployment_id) == (("staging",), "d-9")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("alertmanager.json", {"alerts": None}),
        ("alertmanager.json", {"alerts": ["x"]}),
        ("alertmanager.json", {"alerts__0__status": "odd"}),
        ("alertmanager.json", {"alerts__0__startsAt": "0001-01-01T00:00:00Z"}),
        ("alertmanager.json", {"alerts__1__endsAt": "later"}),
        ("pagerduty.json", {"event": 5}),
        ("pagerduty.json", {"event__occurred_at": "2026-03-01"}),
        ("pagerduty.json", {"event__data__id": 7}),
        ("github_issue.json", {"issue__number": "many"}),
        ("github_issue.json", {"issue__closed_at": None, "issue__updated_at": None}),
        ("github_deployment.json", {"deployment__id": None}),
        ("github_deployment.json", {"deployment__id": True}),
        ("github_deployment.json", {"deployment__sha": ""}),
        ("standard.json", {"type": "incident.exploded"}),
        ("standard.json", {"timestamp": 5}),
        ("standard.json", {"data": []}),
    ],
)
def test_broken_messages_are_refused(name: str, change: dict[str, Any]) -> None:
    with pytest.raises(ParseError, match=name):
        told(name, **change)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.data(),
)
def test_any_value_anywhere_is_read_or_refused(value: object, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(READERS)))
    whole = json.loads((MESSAGES / name).read_text())
    inner: Any = whole
    while isinstance(inner, dict | list) and inner:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else
                                        range(len(inner))))  # fmt: skip
        if not isinstance(inner[key], dict | list) or data.draw(st.booleans()):
            inner[key] = value
            break
        inner = inner[key]
    read, event = READERS[name]
    try:
        answer = read(Document(json.dumps(whole).encode(), name), event)
    except ParseError:
        return
    assert answer.incidents or answer.deployments or answer.passed_over


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-03-01T08:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     5, None],
)  # fmt: skip
def test_what_is_no_time(value: object) -> None:
    assert moment(value) is None
