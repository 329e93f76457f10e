"""Sysdig's command-line scanner: vulnerable packages of one image, as CSV or JSON.

JSON has the vulnerabilities in their packages; newer versions have both in tables, with
references. The report's own totals are checked against what it lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.sysdig_packages import vulnerable_package

NAME = "sysdig_cli"
TITLE = "Sysdig CLI scanner (CSV and JSON)"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "resource")
_COLUMNS = {
    "vulnerability": "cve id",
    "severity": "cve severity",
    "score": "cvss score",
    "vector": "cvss vector",
    "package": "package name",
    "version": "package version",
    "type": "package type",
    "path": "package path",
    "fixed": "fix version",
    "link": "cve url",
    "image": "image",
    "accepted": "risk accepted",
    "exploit": "public exploit",
    "in_use": "in use",
}


def recognises(document: Document) -> bool:
    """The scanner's columns, or its result with packages."""
    if {"cve id", "cve severity", "package name"} <= document.csv_header:
        return True
    value = document.json_or_none()
    result = value.get("result") if isinstance(value, dict) else None
    return isinstance(result, dict) and "packages" in result and _is_sysdig(value)


def read(document: Document) -> ReadReport:
    """One finding for each package and vulnerability."""
    if document.is_json_like:
        return _read_json(document)
    if not {"cve id", "package name"} <= document.csv_header:
        raise document.error("line 1", "no report of Sysdig's scanner: no columns of that name")
    found = []
    for index, named in enumerate(document.csv_rows):
        row = {name.strip().lower(): value for name, value in named.items()}
        fields = {field: row.get(column, "") for field, column in _COLUMNS.items()}
        found.append(vulnerable_package(fields, {}, f"row {index + 2}", document))
    return ReadReport(findings=found)


def _is_sysdig(value: Mapping[str, Any]) -> bool:
    scanner = text(mapping(value.get("scanner")).get("name")) or ""
    return "sysdig" in scanner or "vulnTotalBySeverity" in value["result"]


def _read_json(document: Document) -> ReadReport:
    value = document.json
    result = value.get("result") if isinstance(value, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("packages"), list | dict):
        raise document.error("line 1", "no report of Sysdig's scanner: no result with packages")
    packages = result["packages"]
    listed = list(packages.values()) if isinstance(packages, dict) else packages
    image = text(mapping(result.get("metadata")).get("pullString")) or ""
    found: list[Reported] = []
    for index, package in enumerate(listed):
        position = f"package {index + 1}"
        if not isinstance(package, dict):
            raise document.error(position, "a JSON object is expected")
        for vulnerability in _vulnerabilities(package, result, position, document):
            fields = _fields(package, vulnerability, image)
            found.append(vulnerable_package(fields, {}, position, document))
    outcome, reason = _trust(result, len(found), len(listed))
    return ReadReport(
        findings=found,
        outcome=outcome,
        reason=reason,
        tool_version=text(mapping(value.get("scanner")).get("version")),
        packages_scanned=len(listed),
    )


def _vulnerabilities(
    package: Mapping[str, Any], result: Mapping[str, Any], position: str, document: Document
) -> Iterator[Mapping[str, Any]]:
    for one in items(package.get("vulns")):
        if not isinstance(one, dict):
            raise document.error(position, "a vulnerability is no JSON object")
        yield one
    table = mapping(result.get("vulnerabilities"))
    for reference in items(package.get("vulnerabilitiesRefs")):
        one = table.get(reference) if isinstance(reference, str) else None
        if not isinstance(one, dict):
            raise document.error(position, "a reference to a vulnerability leads nowhere")
        yield one


def _trust(result: Mapping[str, Any], found: int, packages: int) -> tuple[Outcome, str | None]:
    totals = mapping(result.get("vulnTotalBySeverity")).values()
    total = sum(count for count in totals if isinstance(count, int))
    if total > found:
        return Outcome.PARTIAL, f"the report counts {total} vulnerabilities and lists {found}"
    if not packages:
        return Outcome.NOT_RUN, "the scanner found no package in the image"
    return Outcome.COMPLETED, None


def _fields(
    package: Mapping[str, Any], vulnerability: Mapping[str, Any], image: str
) -> dict[str, str]:
    said = vulnerability.get("severity")
    scored = mapping(vulnerability.get("cvssScore"))
    scored = mapping(scored.get("value")) or scored
    accepted = vulnerability.get("acceptedRisks") or vulnerability.get("riskAcceptRefs")
    return {
        "vulnerability": _word(vulnerability.get("name")),
        "severity": _word(said if isinstance(said, str) else mapping(said).get("value")),
        "score": _word(scored.get("score")),
        "vector": _word(scored.get("vector")),
        "package": _word(package.get("name")),
        "version": _word(package.get("version")),
        "type": _word(package.get("type")),
        "path": _word(package.get("path")),
        "fixed": _word(vulnerability.get("fixedInVersion") or vulnerability.get("fixVersion")),
        "link": "",
        "image": image,
        "accepted": "true" if accepted else "",
        "exploit": "true" if vulnerability.get("exploitable") is True else "",
        "in_use": "true" if package.get("isRunning") is True else "",
    }


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
