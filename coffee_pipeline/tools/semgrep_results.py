"""What Semgrep's JSON says: findings of code, findings of dependencies, its own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    items,
    mapping,
    number,
    text,
    texts,
)
from coffee_pipeline.tools.reported import Reported

_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "ERROR": Severity.HIGH,
    "HIGH": Severity.HIGH,
    "WARNING": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "INFO": Severity.INFO,
    "INVENTORY": Severity.INFO,
    "EXPERIMENT": Severity.INFO,
}
_WITHHELD = "requires login"
"""What Semgrep writes in place of a fingerprint and of source lines."""


def code_findings(results: object, document: Document) -> list[Reported]:
    """The results of a scan; several of one rule on one line are one."""
    found: dict[tuple[str, str, int | None], Reported] = {}
    for index, result in enumerate(_objects(results, "results", document)):
        one = _code_finding(result, f"results[{index}]", document)
        found.setdefault((one.rule, one.path or "", one.line), one)
    return list(found.values())


def dependency_findings(vulnerabilities: object, document: Document) -> list[Reported]:
    """The entries of a Supply Chain export; several of one title on one line are one."""
    found: dict[tuple[str, str, int | None], Reported] = {}
    for index, entry in enumerate(_objects(vulnerabilities, "vulns", document)):
        one = _dependency_finding(entry, f"vulns[{index}]", document)
        found.setdefault((one.title, one.path or "", one.line), one)
    return list(found.values())


def platform_findings(findings: object, document: Document) -> list[Reported]:
    """The findings of Semgrep's platform; several with one fingerprint are one."""
    found: dict[tuple[object, ...], Reported] = {}
    for index, finding in enumerate(_objects(findings, "findings", document)):
        one = _platform_finding(finding, f"findings[{index}]", document)
        place = (one.rule, one.path, one.line)
        found.setdefault((one.fingerprint,) if one.fingerprint else place, one)
    return list(found.values())


def complaints(errors: object) -> list[str]:
    """What Semgrep could not do - parse a file or a rule, stay within a limit - a line each."""
    said = []
    for error in map(mapping, items(errors)):
        words = text(error.get("message")) or text(error.get("long_msg")) or "an error"
        path = text(error.get("path"))
        where = f"{path}: " if path and path not in words else ""
        said.append(excerpt(f"{where}{' '.join(words.split())}", 300))
    return said


def _objects(value: object, name: str, document: Document) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise document.error(name, "a list of JSON objects is expected")
    return value


def _code_finding(result: Mapping[str, Any], position: str, document: Document) -> Reported:
    rule, path, extra = result.get("check_id"), result.get("path"), result.get("extra")
    if not isinstance(rule, str) or not rule or not isinstance(path, str):
        raise document.error(position, "'check_id' or 'path' is missing")
    if not isinstance(extra, dict):
        raise document.error(position, "'extra' is missing")
    start = mapping(result.get("start"))
    metadata = mapping(extra.get("metadata"))
    severity, source = _severity(extra.get("severity"))
    package = mapping(mapping(extra.get("sca_info")).get("dependency_match"))
    dependency = mapping(package.get("found_dependency"))
    lines = text(extra.get("lines"))
    return Reported(
        rule=rule,
        title=text(extra.get("message")) or rule,
        severity=severity,
        severity_source=source,
        kind=_kind(metadata, bool(dependency)),
        identifiers=advisory_names(
            f"{rule} {text(metadata.get('sca-vuln-database-identifier')) or ''}"
        ),
        cwes=cwe_numbers(texts(metadata.get("cwe"))),
        component=text(dependency.get("package")),
        component_version=text(dependency.get("version")),
        path=path,
        line=number(start.get("line")),
        column=number(start.get("col")),
        code=None if lines == _WITHHELD else lines,
        fingerprint=_fingerprint(extra),
        confidence=str(metadata["confidence"]).lower() if metadata.get("confidence") else None,
        suppressed="nosemgrep" if extra.get("is_ignored") is True else None,
        detail=_detail(extra, metadata),
        reference=_reference(metadata),
    )


def _dependency_finding(entry: Mapping[str, Any], position: str, document: Document) -> Reported:
    advisory = entry.get("advisory")
    if not isinstance(advisory, dict):
        raise document.error(position, "'advisory' is missing")
    names = mapping(advisory.get("references"))
    place = mapping(entry.get("dependencyFileLocation"))
    package = mapping(entry.get("matchedDependency"))
    severity, source = _severity(advisory.get("severity"))
    cves = texts(names.get("cveIds"))
    title = text(entry.get("title")) or text(advisory.get("title"))
    rule = text(advisory.get("ruleId")) or (cves[0] if cves else title)
    if rule is None:
        raise document.error(position, "no rule, no CVE and no title")
    reached = entry.get("exposureType")
    urls = texts(names.get("urls"))
    return Reported(
        rule=rule,
        title=title or rule,
        severity=severity,
        severity_source=source,
        kind=FindingKind.DEPENDENCY,
        identifiers=tuple(dict.fromkeys((*cves, *advisory_names(" ".join(urls))))),
        cwes=cwe_numbers(texts(names.get("cweIds"))),
        component=text(package.get("name")),
        component_version=text(package.get("versionSpecifier")),
        fixed_version=text(mapping(entry.get("closestSafeDependency")).get("versionSpecifier")),
        path=text(place.get("path")),
        line=number(place.get("startLine")),
        resource=text(entry.get("repositoryName")),
        reachable=True if reached == "REACHABLE" else None,
        suppressed=_triaged(mapping(entry.get("triage"))),
        detail=text(advisory.get("description")),
        reference=urls[0] if urls else None,
    )


def _platform_finding(item: Mapping[str, Any], position: str, document: Document) -> Reported:
    about, place = mapping(item.get("rule")), mapping(item.get("location"))
    rule = text(item.get("rule_name")) or text(about.get("name"))
    if rule is None:
        raise document.error(position, "'rule_name' is missing")
    severity, source = _severity(item.get("severity"))
    confidence = text(item.get("confidence")) or text(about.get("confidence"))
    fix = text(mapping(mapping(item.get("assistant")).get("autofix")).get("fix_code"))
    return Reported(
        rule=rule,
        title=text(item.get("rule_message")) or text(about.get("message")) or rule,
        severity=severity,
        severity_source=source,
        cwes=cwe_numbers(texts(about.get("cwe_names"))),
        path=text(place.get("file_path")),
        line=number(place.get("line")),
        column=number(place.get("column")),
        resource=text(mapping(item.get("repository")).get("name")),
        fingerprint=text(item.get("match_based_id")),
        confidence=confidence.lower() if confidence else None,
        suppressed=_triaged(item),
        detail=f"suggested: {fix}" if fix else None,
        reference=text(item.get("line_of_code_url")),
    )


def _severity(word: object) -> tuple[Severity, str]:
    known = _SEVERITIES.get(word.upper()) if isinstance(word, str) else None
    return (known, "tool") if known else (Severity.MEDIUM, "default")


def _kind(metadata: Mapping[str, Any], is_dependency: bool) -> FindingKind | None:
    if is_dependency:
        return FindingKind.DEPENDENCY
    category = {word.lower() for word in texts(metadata.get("technology"))}
    if "secrets" in category:
        return FindingKind.SECRET
    declared = {"kubernetes", "dockerfile", "docker", "terraform"}
    return FindingKind.INFRASTRUCTURE if category & declared else None


def _fingerprint(extra: Mapping[str, Any]) -> str | None:
    found = text(extra.get("fingerprint"))
    return None if found == _WITHHELD else found


def _detail(extra: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    parts = [text(metadata.get("rationale"))]
    fix = text(extra.get("fix"))
    parts.append(f"suggested: {fix}" if fix else None)
    return "\n".join(part for part in parts if part) or None


def _reference(metadata: Mapping[str, Any]) -> str | None:
    urls = [*texts(metadata.get("references")), *texts(metadata.get("source"))]
    return next((url for url in urls if url.startswith("http")), None)


def _triaged(triage: Mapping[str, Any]) -> str | None:
    status = str(triage.get("status")).lower()
    return status if status in ("ignored", "fixed", "removed", "closed") else None
