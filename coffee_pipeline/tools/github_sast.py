"""GitHub code scanning: the alerts of a repository, as its REST API lists them.

``GET /repos/{owner}/{repo}/code-scanning/alerts`` (API version 2022-11-28), one page, or several
in one list. An empty list is an answer: where nothing was analysed, the API answers 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    mapping,
    number,
    text,
    texts,
)
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "github_sast"
TITLE = "GitHub code scanning alerts (REST JSON)"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "code")
_SECURITY = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
_LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.INFO,
    "none": Severity.INFO,
}


def recognises(document: Document) -> bool:
    """Alerts with a rule, a tool and their most recent instance."""
    value = document.json_or_none()
    alerts = value if isinstance(value, list) else [value]
    while alerts and isinstance(alerts[0], list):
        alerts = alerts[0]
    first = mapping(alerts[0]) if alerts else {}
    return "most_recent_instance" in first and isinstance(first.get("rule"), dict)


def read(document: Document) -> ReadReport:
    """The alerts; those that were dismissed or fixed are marked as not counting."""
    alerts = _alerts(document)
    tools = {
        (text(tool.get("name")), text(tool.get("version")))
        for tool in (mapping(alert.get("tool")) for alert in alerts)
    }
    name, version = tools.pop() if len(tools) == 1 else (None, None)
    return ReadReport(
        findings=[_reported(alert, index, document) for index, alert in enumerate(alerts)],
        tool=name,
        tool_version=version,
    )


def _alerts(document: Document) -> list[Mapping[str, Any]]:
    value = document.json
    if isinstance(value, dict) and "message" in value and "rule" not in value:
        raise document.error(
            "line 1", f"GitHub's answer is an error: {str(value['message'])[:200]}"
        )
    pages = value if isinstance(value, list) else [value]
    found: list[Mapping[str, Any]] = []
    for index, page in enumerate(pages):
        for alert in page if isinstance(page, list) else [page]:
            if not isinstance(alert, dict):
                raise document.error(f"alert {index + 1}", "a JSON object is expected")
            found.append(alert)
    return found


def _reported(alert: Mapping[str, Any], index: int, document: Document) -> Reported:
    rule = alert.get("rule")
    name = text(mapping(rule).get("id")) or text(mapping(rule).get("name"))
    fingerprint = _fingerprint(alert)
    if not isinstance(rule, dict) or not (name or fingerprint):
        raise document.error(f"alert {index + 1}", "no code scanning alert: no number or no rule")
    name = name or "unnamed"
    instance = mapping(alert.get("most_recent_instance"))
    place = mapping(instance.get("location"))
    severity, source = _severity(rule)
    description = text(rule.get("description"))
    message = text(mapping(instance.get("message")).get("text"))
    return Reported(
        rule=name,
        title=message or description or name,
        severity=severity,
        severity_source=source,
        identifiers=advisory_names(name),
        cwes=cwe_numbers(texts(rule.get("tags"))),
        path=text(place.get("path")),
        line=number(place.get("start_line")),
        column=number(place.get("start_column")),
        fingerprint=fingerprint,
        suppressed=_suppressed(alert),
        detail=text(rule.get("full_description")) or description,
        reference=text(alert.get("html_url")),
    )


def _severity(rule: Mapping[str, Any]) -> tuple[Severity, str]:
    """The security severity; rules without one have only a level."""
    word = rule.get("security_severity_level")
    if isinstance(word, str) and word.lower() in _SECURITY:
        return _SECURITY[word.lower()], "tool"
    level = rule.get("severity")
    if isinstance(level, str) and level.lower() in _LEVELS:
        return _LEVELS[level.lower()], "level"
    return Severity.INFO, "default"


def _fingerprint(alert: Mapping[str, Any]) -> str | None:
    """Repository and number; exports of chosen fields may lack the number."""
    name = number(alert.get("number"))
    return f"{_repository(alert)}#{name}" if name is not None else None


def _repository(alert: Mapping[str, Any]) -> str:
    """``owner/name``: an organisation's list has alerts of many."""
    name = text(mapping(alert.get("repository")).get("full_name"))
    url = text(alert.get("html_url")) or ""
    parts = url.split("/")
    return name or "/".join(parts[3:5])


def _suppressed(alert: Mapping[str, Any]) -> str | None:
    state = alert.get("state")
    if state == "dismissed":
        reason = _said(alert.get("dismissed_reason")) or "no reason given"
        comment = _said(alert.get("dismissed_comment"))
        return f"dismissed: {reason}{f' ({comment})' if comment else ''}"
    return str(state) if state in ("fixed", "closed", "auto_dismissed") else None


def _said(value: object) -> str | None:
    """Exports write a missing word as ``None``."""
    found = text(value)
    return None if found == "None" else found
