"""Single issues of SonarQube: of its web API, of sonar-report, of the generic import format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    items,
    mapping,
    number,
    score,
    text,
    texts,
)
from coffee_pipeline.tools.reported import Reported

SEVERITIES = {
    "BLOCKER": Severity.CRITICAL,
    "CRITICAL": Severity.HIGH,
    "HIGH": Severity.HIGH,
    "MAJOR": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "MINOR": Severity.LOW,
    "LOW": Severity.LOW,
    "INFO": Severity.INFO,
}
"""SonarQube's words: of issues, of impacts on software quality, of hotspots' probability."""
_ORDER = list(Severity)
_CLOSED = {"FALSE-POSITIVE", "WONTFIX", "FIXED", "REMOVED", "SAFE", "FALSE_POSITIVE", "ACCEPTED"}
_COMPONENT = re.compile(r"Filename: ([^|]{1,300})")
_CVSS = re.compile(r"CVSS Score: (\d{1,2}(?:\.\d)?)")


class Known:
    """What a report says beside its issues: files by their component, rules by their key."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        self.paths = {
            str(one.get("key")): str(one["path"])
            for one in map(mapping, items(report.get("components")))
            if text(one.get("path"))
        }
        rules = report.get("rules")
        self.rules: dict[str, Mapping[str, Any]] = (
            {name: mapping(rule) for name, rule in rules.items()}
            if isinstance(rules, dict)
            else {str(one.get("id") or one.get("key")): one for one in map(mapping, items(rules))}
        )


def listed(value: Mapping[str, Any], name: str, document: Document) -> list[dict[str, Any]]:
    """The objects under ``name``; none where it is missing.

    Raises:
        ParseError: something else stands there.
    """
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise document.error(name, "a list of JSON objects is expected")
    return found


def api_issue(
    issue: Mapping[str, Any], known: Known, position: str, document: Document
) -> Reported:
    """An issue of ``api/issues/search`` or of sonar-report."""
    rule = text(issue.get("rule"))
    if rule is None:
        raise document.error(position, "'rule' is missing")
    message = text(issue.get("message")) or text(issue.get("description")) or rule
    described = known.rules.get(rule, {})
    severity, source = issue_severity(issue)
    path, resource = _place(issue, known)
    component, version = _dependency(message)
    cvss = _CVSS.search(message)
    identifiers = advisory_names(message)
    return Reported(
        rule=rule,
        title=message,
        severity=severity,
        severity_source=source,
        kind=FindingKind.DEPENDENCY if component and identifiers else None,
        identifiers=identifiers,
        cwes=cwe_numbers(
            [*texts(issue.get("tags")), message, text(described.get("htmlDesc")) or ""]
        ),
        cvss_score=score(cvss[1]) if cvss else None,
        component=component,
        component_version=version,
        path=path,
        line=number(issue.get("line")) or _start(issue),
        resource=resource,
        fingerprint=text(issue.get("key")),
        suppressed=_suppressed(issue),
        detail=text(issue.get("description")) or text(described.get("name")),
    )


def api_hotspot(
    hotspot: Mapping[str, Any], known: Known, position: str, document: Document
) -> Reported:
    """A security hotspot of ``api/hotspots/search``."""
    rule = text(hotspot.get("ruleKey")) or text(hotspot.get("securityCategory"))
    if rule is None:
        raise document.error(position, "'ruleKey' is missing")
    word = str(hotspot.get("vulnerabilityProbability")).upper()
    path, resource = _place(hotspot, known)
    return Reported(
        rule=rule,
        title=text(hotspot.get("message")) or rule,
        severity=SEVERITIES.get(word, Severity.MEDIUM),
        severity_source="tool" if word in SEVERITIES else "default",
        path=path,
        line=number(hotspot.get("line")) or _start(hotspot),
        resource=resource,
        fingerprint=text(hotspot.get("key")),
        confidence="hotspot",
        suppressed=_suppressed(hotspot),
        detail=text(hotspot.get("securityCategory")),
    )


def generic_issue(
    issue: Mapping[str, Any], known: Known, position: str, document: Document
) -> Reported:
    """An issue of the generic format; since version 10.3 its severity stands at its rule."""
    rule = text(issue.get("ruleId"))
    place = issue.get("primaryLocation")
    if rule is None or not isinstance(place, dict):
        raise document.error(position, "'ruleId' or 'primaryLocation' is missing")
    described = known.rules.get(rule, {})
    severity, source = issue_severity(issue)
    if source == "default":
        severity, source = issue_severity(described)
    extent = mapping(place.get("textRange"))
    column = extent.get("startColumn")
    return Reported(
        rule=rule,
        title=text(place.get("message")) or text(described.get("name")) or rule,
        severity=severity,
        severity_source=source,
        identifiers=advisory_names(rule),
        cwes=cwe_numbers([rule, text(described.get("description")) or ""]),
        path=text(place.get("filePath")),
        line=number(extent.get("startLine")),
        column=column + 1 if isinstance(column, int) and 0 <= column < 1 << 20 else None,
        detail=text(described.get("description")) or text(described.get("name")),
    )


def issue_severity(issue: Mapping[str, Any]) -> tuple[Severity, str]:
    """The issue's word, else its impact on security, else its worst impact."""
    word = str(issue.get("severity")).upper()
    if word in SEVERITIES:
        return SEVERITIES[word], "tool"
    impacts = {
        str(impact.get("softwareQuality")): SEVERITIES[str(impact.get("severity")).upper()]
        for impact in map(mapping, items(issue.get("impacts")))
        if str(impact.get("severity")).upper() in SEVERITIES
    }
    if impacts:
        return impacts.get("SECURITY") or min(impacts.values(), key=_ORDER.index), "tool"
    return Severity.MEDIUM, "default"


def _place(issue: Mapping[str, Any], known: Known) -> tuple[str | None, str | None]:
    """(file, else what it is about) of a component's key, ``project:path``."""
    key, project = text(issue.get("component")), text(issue.get("project"))
    if key is None:
        return None, project
    if key in known.paths:
        return known.paths[key], None
    if key == project:
        return None, key
    if project and key.startswith(f"{project}:"):
        return key.removeprefix(f"{project}:"), None
    return key.rpartition(":")[2] or None, None


def _start(issue: Mapping[str, Any]) -> int | None:
    return number(mapping(issue.get("textRange")).get("startLine"))


def _suppressed(issue: Mapping[str, Any]) -> str | None:
    """Closed issues and hotspots that were found safe; an acknowledged risk is still one."""
    for name in ("resolution", "issueStatus", "status"):
        word = str(issue.get(name)).upper()
        if word in _CLOSED or (name == "status" and word in ("CLOSED", "RESOLVED")):
            return word.lower()
    return None


def _dependency(message: str) -> tuple[str | None, str | None]:
    """(package, version) of the messages of SonarQube's Dependency-Check plugin."""
    found = _COMPONENT.search(message)
    if not found:
        return None, None
    name, _, version = found[1].strip().partition(":")
    return name or None, version or None
