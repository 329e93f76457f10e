"""What each channel is asked, without sending anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.reports import notification as channels
from coffee_pipeline.reports.digest import DigestEntry, security_digest
from coffee_pipeline.reports.notification import SLACK_SECTION_CHARACTERS, Notification

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
TOLD = Notification(
    title="shop security: 1 new (1 critical)",
    severity=Severity.CRITICAL,
    key="coffee-pipeline/shop/security",
    source="shop",
    lines=["new: critical: SQL injection <a> & more in orders"],
    labels={"service": "orders", "app.kubernetes.io/name": "orders", "empty": " "},
    link="https://ci.example.com/security.html",
)
OVER = Notification(title="over", severity=Severity.HIGH, key="k", source="shop", resolved=True)


def content(request: channels.Request) -> Any:
    return json.loads(request.content)


def test_slack_sees_no_markup_of_others() -> None:
    request = channels.slack(TOLD, "https://hooks.example.com/secret")
    value = content(request)
    section = value["blocks"][1]["text"]["text"]
    assert "SQL injection &lt;a&gt; &amp; more" in section
    assert value["text"].startswith("shop security")
    assert value["blocks"][2]["elements"][1]["text"] == (
        "<https://ci.example.com/security.html|report>"
    )
    assert "secret" not in repr(request)


def test_pagerduty_triggers_and_resolves_the_same_alert() -> None:
    value = content(channels.pagerduty(TOLD, "https://x", "key", NOW))
    assert (value["event_action"], value["dedup_key"]) == ("trigger", TOLD.key)
    assert value["payload"]["severity"] == "critical"
    assert value["payload"]["timestamp"] == "2026-03-01T02:00:00.000+00:00"
    assert value["payload"]["component"] == "orders"
    assert value["links"][0]["href"] == TOLD.link
    assert content(channels.pagerduty(OVER, "https://x", "key", NOW)) == {
        "routing_key": "key", "event_action": "resolve", "dedup_key": "k",
    }  # fmt: skip


@pytest.mark.parametrize("severity", list(Severity))
def test_severities_are_words_of_pagerduty(severity: Severity) -> None:
    told = Notification(title="t", severity=severity, key="k", source="s")
    value = content(channels.pagerduty(told, "https://x", "key", NOW))
    assert value["payload"]["severity"] in {"critical", "error", "warning", "info"}


def test_alertmanager_takes_the_alert_and_its_end() -> None:
    request = channels.alertmanager(TOLD, "http://am.example.com/", "token", NOW, 24)
    (alert,) = content(request)
    assert request.url == "http://am.example.com/api/v2/alerts"
    assert request.headers["Authorization"] == "Bearer token"
    assert alert["labels"]["app_kubernetes_io_name"] == "orders"
    assert "empty" not in alert["labels"]
    assert alert["endsAt"] == "2026-03-02T02:00:00.000+00:00"
    (ended,) = content(channels.alertmanager(OVER, "http://am", None, NOW, 24))
    assert ended["endsAt"] == "2026-03-01T02:00:00.000+00:00"
    assert "Authorization" not in channels.alertmanager(OVER, "http://am", None, NOW, 1).headers


def test_a_terminal_gets_lines() -> None:
    assert channels.plain(TOLD).splitlines() == [
        "[critical] shop security: 1 new (1 critical)",
        "  new: critical: SQL injection <a> & more in orders",
        "  https://ci.example.com/security.html",
    ]
    assert channels.plain(OVER) == "[resolved] over"


TEXTS = st.text(max_size=700)


@given(
    st.builds(
        Notification, title=TEXTS, severity=st.sampled_from(Severity), key=st.text(max_size=400),
        source=st.text(min_size=1, max_size=20), lines=st.lists(TEXTS, max_size=60),
        labels=st.dictionaries(st.text(max_size=20), TEXTS, max_size=5),
        resolved=st.booleans(),
    )
)  # fmt: skip
def test_any_text_keeps_within_what_the_channels_take(told: Notification) -> None:
    value = content(channels.slack(told, "https://x"))
    assert len(value["blocks"]) <= 50
    assert 0 < len(value["blocks"][0]["text"]["text"]) <= 150
    for block in value["blocks"][1:-1]:
        assert 0 < len(block["text"]["text"]) <= SLACK_SECTION_CHARACTERS
        assert "<" not in block["text"]["text"]
    event = content(channels.pagerduty(told, "https://x", "key", NOW))
    assert len(event["dedup_key"]) <= 255
    assert told.resolved or 0 < len(event["payload"]["summary"]) <= 1024
    (alert,) = content(channels.alertmanager(told, "http://x", None, NOW, 1))
    for name in alert["labels"]:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    assert "\x1b" not in channels.plain(told)


@pytest.mark.parametrize("length", [150, 151, 10_000])
def test_a_long_title_is_one_line_within_the_limit(length: int) -> None:
    told = Notification(title="x" * length, severity=Severity.HIGH, key="k", source="s")
    assert told.shown_title == ("x" * 150 if length == 150 else "x" * 149 + "…")


def test_secrets_are_told_to_nobody() -> None:
    secret = "AKIA" + "ABCDEFGH12345678"
    told = Notification(
        title=f"key {secret}", severity=Severity.HIGH, key="k", source="s", lines=[f"in {secret}"],
        labels={"a": secret},
    )  # fmt: skip
    asked = [
        channels.slack(told, "https://x").content,
        channels.pagerduty(told, "https://x", "key", NOW).content,
        channels.alertmanager(told, "http://x", None, NOW, 1).content,
        channels.plain(told).encode(),
    ]
    assert not any(secret.encode() in one for one in asked)


def test_without_anything_new_there_is_no_digest() -> None:
    assert security_digest("shop", [], []) is None


def test_a_digest_names_the_worst_and_counts_the_rest() -> None:
    new = [DigestEntry(Severity.LOW, f"low {n}") for n in range(20)]
    new.append(DigestEntry(Severity.CRITICAL, "worst", service="orders", reference="CVE-2026-1"))
    late = [DigestEntry(Severity.HIGH, "late", days_over=3.4)]
    told = security_digest("shop", new, late, ["trivy: no database"], link="https://x")
    assert told is not None
    assert told.title == "shop security: 21 new (1 critical, 20 low), 1 past due (1 high)"
    assert told.severity is Severity.CRITICAL
    assert told.lines[:3] == [
        "not checked: trivy: no database",
        "past due by 3 days: high: late",
        "new: critical: worst in orders (CVE-2026-1)",
    ]
    assert told.more == 6
    assert told.shown_lines[-1] == "... and 6 more"


def test_that_less_was_checked_is_told_by_itself() -> None:
    told = security_digest("shop", [], [], ["gosec: did not end in time"])
    assert told is not None
    assert told.severity is Severity.MEDIUM
