"""What is told to people, and how each channel wants it; nothing is sent here.

A notification is a digest or a warning in the terms of no channel. Everything in it may come from
outside, so secrets and control characters are taken out and markup is escaped, once, here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.findings import clean

SLACK_SECTION_CHARACTERS = 3000
"""Longest text of one section of a Slack message."""
PAGERDUTY_SUMMARY_CHARACTERS = 1024
_HEADER_CHARACTERS = 150
_LINE_CHARACTERS = 500
_LINES = 40
_KEY_CHARACTERS = 255
_PAGERDUTY = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFO: "info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing to tell.

    ``key`` is the same for everything told of the same thing, so that channels that keep a state
    update it. ``resolved``: it is over. ``labels`` are short facts: service, environment.
    ``more`` counts lines that are not told. ``link`` leads to the report.
    """

    title: str
    severity: Severity
    key: str
    source: str
    lines: Sequence[str] = ()
    more: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None
    resolved: bool = False

    @property
    def shown_title(self) -> str:
        """The title on one line."""
        return _line(self.title, _HEADER_CHARACTERS) or "untitled"

    @property
    def shown_lines(self) -> list[str]:
        """The lines as they may be shown, and how many there are besides."""
        shown = [line for line in (_line(one, _LINE_CHARACTERS) for one in self.lines) if line]
        more = self.more + max(0, len(shown) - _LINES)
        return [*shown[:_LINES], *([f"... and {more} more"] if more else [])]

    @property
    def shown_labels(self) -> dict[str, str]:
        """Labels that have a value, by names that every channel takes."""
        shown = ((_name(name), _line(value, 200)) for name, value in self.labels.items())
        return {name: value for name, value in shown if value}


@dataclass(frozen=True, slots=True)
class Request:
    """One POST. Its address and its headers may be secret, so neither is ever shown."""

    url: str = field(repr=False)
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def plain(notification: Notification) -> str:
    """The notification as text for a terminal or a log."""
    state = "resolved" if notification.resolved else notification.severity.value
    lines = [f"[{state}] {notification.shown_title}"]
    lines += [f"  {line}" for line in notification.shown_lines]
    lines += [f"  {notification.link}"] if notification.link else []
    return "\n".join(lines)


def slack(notification: Notification, url: str) -> Request:
    """For an incoming webhook of Slack."""
    state = "resolved" if notification.resolved else notification.severity.value
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notification.shown_title}}
    ]
    blocks += [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        for text in _sections([_slack_escaped(line) for line in notification.shown_lines])
    ]
    facts = [f"severity: {state}"]
    facts += [f"{name}: {value}" for name, value in notification.shown_labels.items()]
    context = _slack_escaped(" · ".join(facts))[:SLACK_SECTION_CHARACTERS]
    elements = [{"type": "mrkdwn", "text": context}]
    if notification.link:
        elements.append({"type": "mrkdwn", "text": f"<{_slack_escaped(notification.link)}|report>"})
    blocks.append({"type": "context", "elements": elements})
    # The text is what a phone shows of the message; blocks are what the channel shows.
    return _request(url, {"text": _slack_escaped(notification.shown_title), "blocks": blocks})


def pagerduty(notification: Notification, url: str, routing_key: str, now: datetime) -> Request:
    """For PagerDuty's Events API v2: triggers an alert, or resolves it."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if notification.resolved else "trigger",
        "dedup_key": notification.key[:_KEY_CHARACTERS],
    }
    if not notification.resolved:
        event["payload"] = {
            "summary": notification.shown_title[:PAGERDUTY_SUMMARY_CHARACTERS],
            "source": notification.source,
            "severity": _PAGERDUTY[notification.severity],
            "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds"),
            "component": notification.shown_labels.get("service", notification.source),
            "custom_details": {
                **notification.shown_labels,
                "lines": notification.shown_lines,
            },
        }
        event["client"] = "coffee-pipeline"
        if notification.link:
            event["links"] = [{"href": notification.link, "text": "report"}]
    return _request(url, event)


def alertmanager(
    notification: Notification, url: str, token: str | None, now: datetime, hours: float
) -> Request:
    """For Alertmanager's API v2 (``POST /api/v2/alerts``); it ends ``hours`` from now, or now."""
    moment = now.astimezone(UTC)
    ends = moment if notification.resolved else moment + timedelta(hours=hours)
    alert: dict[str, Any] = {
        # An alert is its labels: with another severity it is another one, and the old one ends.
        "labels": {
            **notification.shown_labels,
            "alertname": "CoffeePipeline",
            "key": notification.key[:_KEY_CHARACTERS],
            "source": notification.source,
            "severity": notification.severity.value,
        },
        "annotations": {
            "summary": notification.shown_title,
            "description": "\n".join(notification.shown_lines) or notification.shown_title,
        },
        "endsAt": ends.isoformat(timespec="milliseconds"),
    }
    if not notification.resolved:
        alert["startsAt"] = moment.isoformat(timespec="milliseconds")
    if notification.link:
        alert["generatorURL"] = notification.link
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return _request(f"{url.rstrip('/')}/api/v2/alerts", [alert], headers)


def _request(url: str, value: object, headers: Mapping[str, str] | None = None) -> Request:
    content = json.dumps(value, ensure_ascii=True).encode()
    return Request(url, content, {"Content-Type": "application/json", **(headers or {})})


def _line(text: str, limit: int) -> str | None:
    """One line of at most ``limit`` characters: channels refuse what is longer."""
    found = clean(" ".join(text.split()), sys.maxsize)  # secrets go first, never cut in half
    if found is None or len(found) <= limit:
        return found
    return f"{found[: limit - 1]}…"


def _name(name: str) -> str:
    """A label's name as Prometheus takes it."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    return kept if kept and not kept[0].isdigit() else f"_{kept}"


def _slack_escaped(text: str) -> str:
    """Slack's three characters; without them nobody is mentioned and nothing is linked."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as Slack takes."""
    sections: list[str] = []
    for line in lines:
        item = f"• {line}"[:SLACK_SECTION_CHARACTERS]
        if sections and len(sections[-1]) + 1 + len(item) <= SLACK_SECTION_CHARACTERS:
            sections[-1] += f"\n{item}"
        else:
            sections.append(item)
    return sections
