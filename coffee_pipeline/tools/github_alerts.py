"""One alert of GitHub as a problem: of its GraphQL API, of its REST API, of code scanning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.redaction import without_secrets
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
from coffee_pipeline.tools.severity import rating

_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "error": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "warning": Severity.MEDIUM,
    "low": Severity.LOW,
    "note": Severity.LOW,
}
_EXACT = re.compile(r"=+ ?([^\s,<>=]+)")
Alert = tuple[object, Reported]
"""What tells an alert from others of the same answer (None: nothing does), and the problem."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A ``vulnerabilityAlerts`` connection of GraphQL: its alerts, and whether there are more."""

    nodes: Sequence[Any]
    has_more: bool
    repository: str | None

    @classmethod
    def of(cls, value: Mapping[str, Any], repository: str | None) -> Connection:
        """The connection that ``value`` is; its alerts are nodes, or nodes of edges."""
        nodes = items(value.get("nodes"))
        nodes = nodes or [mapping(edge).get("node") for edge in items(value.get("edges"))]
        has_more = mapping(value.get("pageInfo")).get("hasNextPage") is True
        return cls(nodes, has_more, repository)


def of_graphql(node: object, repository: str | None, position: str, document: Document) -> Alert:
    """A ``RepositoryVulnerabilityAlert``.

    Raises:
        ParseError: it has no vulnerability with its advisory.
    """
    alert = mapping(node)
    vulnerability = mapping(alert.get("securityVulnerability"))
    advisory = vulnerability.get("advisory") or alert.get("securityAdvisory")
    if not isinstance(advisory, dict):
        raise document.error(position, "no alert: it has no security vulnerability with advisory")
    required = _EXACT.fullmatch(text(alert.get("vulnerableRequirements")) or "")
    scores = mapping(advisory.get("cvssSeverities"))
    problem = _problem(
        advisory,
        vulnerability,
        position,
        document,
        rule=text(advisory.get("ghsaId")),
        cvss=[advisory.get("cvss"), scores.get("cvssV4"), scores.get("cvssV3")],
        cwes=texts([mapping(one).get("cweId") for one in _nodes(advisory.get("cwes"))]),
        fixed=mapping(vulnerability.get("firstPatchedVersion")).get("identifier"),
        version=required[1] if required else None,
        path=text(alert.get("vulnerableManifestPath"))
        or text(alert.get("vulnerableManifestFilename")),
        resource=repository,
        suppressed=_suppressed(
            alert.get("state") or ("DISMISSED" if alert.get("dismissedAt") else None),
            alert.get("dismissReason"),
            alert.get("dismissComment"),
        ),
    )
    return text(alert.get("id")), problem


def of_rest(value: object, position: str, document: Document) -> Alert:
    """An alert of the REST API.

    Raises:
        ParseError: it has no advisory or no vulnerability.
    """
    alert = mapping(value)
    advisory, vulnerability = alert.get("security_advisory"), alert.get("security_vulnerability")
    if not isinstance(advisory, dict) or not isinstance(vulnerability, dict):
        raise document.error(position, "no Dependabot alert: it has no advisory or vulnerability")
    dependency = mapping(alert.get("dependency"))
    scores = mapping(advisory.get("cvss_severities"))
    problem = _problem(
        advisory,
        {"package": dependency.get("package"), **vulnerability},
        position,
        document,
        rule=text(advisory.get("ghsa_id")),
        cvss=[advisory.get("cvss"), scores.get("cvss_v4"), scores.get("cvss_v3")],
        cwes=texts([mapping(one).get("cwe_id") for one in items(advisory.get("cwes"))]),
        fixed=mapping(vulnerability.get("first_patched_version")).get("identifier"),
        version=None,
        path=text(dependency.get("manifest_path")),
        resource=_repository(alert),
        suppressed=_suppressed(
            alert.get("state"), alert.get("dismissed_reason"), alert.get("dismissed_comment")
        ),
        reference=text(alert.get("html_url")),
    )
    return text(alert.get("url")) or alert.get("number"), problem


def of_code_scanning(alert: Mapping[str, Any], position: str, document: Document) -> Alert:
    """An alert of code scanning, which the same export may have among the others.

    Raises:
        ParseError: it has no rule.
    """
    rule, instance = mapping(alert.get("rule")), mapping(alert.get("most_recent_instance"))
    place, name = mapping(instance.get("location")), text(rule.get("id"))
    if name is None:
        raise document.error(position, "no code scanning alert: its rule has no id")
    level = text(rule.get("security_severity_level"))
    severity, source = _severity(level or rule.get("severity"), None)
    problem = Reported(
        rule=name,
        title=text(mapping(instance.get("message")).get("text"))
        or text(rule.get("description"))
        or name,
        severity=severity,
        severity_source=source if level or source == "default" else "level",
        kind=FindingKind.SAST,
        cwes=cwe_numbers(texts(rule.get("tags"))),
        path=text(place.get("path")),
        line=number(place.get("start_line")),
        column=number(place.get("start_column")),
        resource=_repository(alert),
        suppressed=_suppressed(
            alert.get("state"), alert.get("dismissed_reason"), alert.get("dismissed_comment")
        ),
        detail=text(rule.get("description")),
        reference=text(alert.get("html_url")),
    )
    return text(alert.get("url")) or alert.get("number"), problem


def _problem(
    advisory: Mapping[str, Any],
    vulnerability: Mapping[str, Any],
    position: str,
    document: Document,
    *,
    rule: str | None,
    cvss: Sequence[object],
    cwes: Sequence[str],
    fixed: object,
    version: str | None,
    path: str | None,
    resource: str | None,
    suppressed: str | None,
    reference: str | None = None,
) -> Reported:
    listed = [text(mapping(one).get("value")) for one in items(advisory.get("identifiers"))]
    names = [name for name in listed if name]
    own = [one for one in names if one.startswith("GHSA-")]
    name = rule or next(iter([*own, *names]), None) or text(advisory.get("summary"))
    if name is None:
        raise document.error(position, "the advisory has no identifier and no summary")
    points, vector = _cvss(cvss)
    severity, source = _severity(vulnerability.get("severity") or advisory.get("severity"), points)
    component = text(mapping(vulnerability.get("package")).get("name"))
    links = [mapping(one).get("url") for one in items(advisory.get("references"))]
    return Reported(
        rule=name,
        title=text(advisory.get("summary")) or f"{name} in {component or 'a dependency'}",
        severity=severity,
        severity_source=source,
        identifiers=tuple(dict.fromkeys((*names, *advisory_names(name)))),
        cwes=cwe_numbers(cwes),
        cvss_vector=vector,
        cvss_score=points,
        component=component,
        component_version=version,
        fixed_version=text(fixed),
        path=path,
        resource=resource,
        suppressed=suppressed,
        detail=text(advisory.get("description")),
        reference=reference or text(advisory.get("permalink")) or next(iter(texts(links)), None),
    )


def _nodes(value: object) -> Sequence[Any]:
    return items(mapping(value).get("nodes"))


def _cvss(candidates: Sequence[object]) -> tuple[float | None, str | None]:
    """(score, vector) of the first that has any; GitHub writes 0 for "none"."""
    for candidate in map(mapping, candidates):
        points = score(candidate.get("score")) or None
        vector = text(candidate.get("vectorString")) or text(candidate.get("vector_string"))
        if points is not None or vector is not None:
            return points, vector
    return None, None


def _severity(word: object, points: float | None) -> tuple[Severity, str]:
    if isinstance(word, str) and word.lower() in _SEVERITIES:
        return _SEVERITIES[word.lower()], "tool"
    return (rating(points), "CVSS") if points is not None else (Severity.MEDIUM, "default")


def _suppressed(state: object, reason: object, comment: object) -> str | None:
    """Why an alert does not count; ``None`` is how some exports write that there is no reason."""
    word = without_secrets(state).lower() if isinstance(state, str) else "open"
    if word == "open":
        return None
    said = [one for one in (text(reason), text(comment)) if one and one != "None"]
    return f"{word}: {', '.join(said)}" if said else word


def _repository(alert: Mapping[str, Any]) -> str | None:
    """``owner/name``: a list of an organisation has alerts of many repositories."""
    name = text(mapping(alert.get("repository")).get("full_name"))
    parts = (text(alert.get("html_url")) or "").split("/")
    return name or "/".join(parts[3:5]) or None
