"""OWASP Dependency-Check: XML of all its schema versions, and JSON.

A vulnerability counts once for each dependency that has it, and for each file that Dependency-Check
bundled with it and names (since version 6): every one of them is to be replaced. Those without a
name are told in the detail. Suppressed vulnerabilities are kept and do not count as open; they are
suppressed for the dependency, so they do not count for what is bundled with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.dependency_check_report import (
    Dependency,
    Scanned,
    Vulnerability,
    of_json,
    of_xml,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import advisory_names, cwe_numbers
from coffee_pipeline.tools.package_url import package_of
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.severity import cvss3_base_score, rating
from coffee_pipeline.tools.xml_fields import child, local_name, namespace

NAME = "dependency_check"
TITLE = "OWASP Dependency-Check XML and JSON"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component", "resource")
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
}
_CPE_PARTS = re.compile(r"(?<!\\):")


def recognises(document: Document) -> bool:
    """An analysis by its namespace or its parts; JSON by the parts that only it has."""
    root = document.xml_or_none()
    if root is not None:
        named = re.sub(r"[-_]", "", namespace(root).lower())
        parts = child(root, "scanInfo") is not None and child(root, "dependencies") is not None
        return local_name(root) == "analysis" and ("dependencycheck" in named or parts)
    value = document.json_or_none()
    return isinstance(value, dict) and {"reportSchema", "scanInfo", "dependencies"} <= value.keys()


def read(document: Document) -> ReadReport:
    """The vulnerabilities of all dependencies."""
    scanned = of_json(document) if document.is_json_like else of_xml(document)
    found: dict[tuple[object, ...], Reported] = {}
    for dependency in scanned.dependencies:
        for vulnerability, place in _places(dependency):
            problem = _reported(place, vulnerability)
            weakness = problem.cwes[0] if problem.cwes else None
            key = (
                problem.component, problem.component_version, problem.rule, weakness,
                place.file_name.lower(),
            )  # fmt: skip
            found.setdefault(key, problem)
    outcome, reason = _trust(scanned, bool(found))
    return ReadReport(
        findings=list(found.values()),
        outcome=outcome,
        reason=reason,
        tool_version=scanned.version,
        packages_scanned=len(scanned.dependencies),
        database_date=scanned.database_date,
    )


def _places(dependency: Dependency) -> Iterator[tuple[Vulnerability, Dependency]]:
    """Every vulnerability with everything that has it: the dependency and what is bundled."""
    for vulnerability in dependency.vulnerabilities:
        yield vulnerability, dependency
        for one in () if vulnerability.suppressed else dependency.bundled:
            yield (
                vulnerability,
                replace(
                    dependency,
                    file_name=one.file_name,
                    file_path=one.file_path,
                    packages=one.packages or dependency.packages,
                    related=(),
                ),
            )


def _trust(scanned: Scanned, found: bool) -> tuple[Outcome, str | None]:
    if scanned.problems:
        more = f" (and {len(scanned.problems) - 1} more)" if len(scanned.problems) > 1 else ""
        return (
            Outcome.PARTIAL,
            f"the analysis had errors: {excerpt(scanned.problems[0], 300)}{more}",
        )
    if not scanned.dependencies and not found:
        return Outcome.NOT_RUN, "the report lists no dependency that was analysed"
    return Outcome.COMPLETED, None


def _reported(dependency: Dependency, vulnerability: Vulnerability) -> Reported:
    name, version = _component(dependency)
    severity, source = _severity(vulnerability)
    related = [f"also in {one}" for one in dependency.related]
    described = [vulnerability.description] if vulnerability.description else []
    return Reported(
        rule=vulnerability.name,
        title=f"{vulnerability.name} in {name}",
        severity=severity,
        severity_source=source,
        identifiers=advisory_names(vulnerability.name),
        cwes=cwe_numbers(vulnerability.weaknesses),
        cvss_vector=vulnerability.vector,
        cvss_score=vulnerability.score,
        component=name,
        component_version=version,
        path=dependency.file_path,
        resource=dependency.file_name,
        suppressed=_suppressed(vulnerability),
        detail="\n".join((*described, *related)) or None,
        reference=next(iter(vulnerability.references), None),
    )


def _suppressed(vulnerability: Vulnerability) -> str | None:
    if not vulnerability.suppressed:
        return None
    notes = " ".join((vulnerability.notes or "").split())
    return f"suppressed: {notes}" if notes else "suppressed, without a reason"


def _severity(vulnerability: Vulnerability) -> tuple[Severity, str]:
    """By the CVSS 3 (or 4) vector, as all sources have it; else the source's own word."""
    points = cvss3_base_score(vulnerability.vector) if vulnerability.vector else None
    if points is not None:
        return rating(points), "CVSS"
    for word in (vulnerability.cvss_word, vulnerability.word):
        if word and word.lower() in _SEVERITIES:
            return _SEVERITIES[word.lower()], "tool"
    if vulnerability.score is not None:
        return rating(vulnerability.score), "CVSS"
    return Severity.MEDIUM, "default"


def _component(dependency: Dependency) -> tuple[str, str | None]:
    """Name and version: of the package, else of CPE or Maven coordinates, else of the evidence."""
    packages = filter(None, map(package_of, dependency.packages))
    package = next(packages, None)
    if package is not None:
        return package.name, package.version
    named = _of_coordinates(dependency.coordinates)
    if named is not None:
        return named
    if dependency.product is not None:
        return dependency.product, dependency.product_version
    return dependency.file_name, None


def _of_coordinates(coordinates: Iterable[tuple[str, str]]) -> tuple[str, str | None] | None:
    """Of schema versions before 2: ``cpe:/a:vendor:product:1.0``, ``group:artifact:1.0``."""
    by_kind = dict(reversed(list(coordinates)))
    if "maven" in by_kind:
        parts = by_kind["maven"].strip("()").split(":")
        if len(parts) == 3:
            return f"{parts[0]}:{parts[1]}", parts[2]
    if "cpe" in by_kind:
        parts = _CPE_PARTS.split(re.sub(r"^cpe:(?:/|2\.3:)", "", by_kind["cpe"]))
        if len(parts) >= 3:
            version = parts[3] if len(parts) > 3 and parts[3] not in ("", "*", "-") else None
            return f"{parts[1]}:{parts[2]}", version
    return None
