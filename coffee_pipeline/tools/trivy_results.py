"""The results of a Trivy report: vulnerabilities, misconfigurations, secrets and licences.

Schema: https://trivy.dev/latest/docs/configuration/reporting/#json (version 2); the list of results
alone is the report of versions before 0.20. Trivy masks secrets; what it shows of them is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coffee_pipeline.model.outcome import FindingKind
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined, place_in_image, rated
from coffee_pipeline.tools.json_fields import (
    cwe_numbers,
    mapping,
    number,
    score,
    text,
    texts,
)
from coffee_pipeline.tools.reported import Reported

_SOURCES = ("nvd", "ghsa", "redhat", "bitnami")
"""Whose CVSS is taken where the source of the severity has none, in this order."""
_NOT_AFFECTED = frozenset({"not_affected", "fixed_by_vendor", "false_positive"})
_PASSED = frozenset({"PASS", "EXCEPTION"})
_QUOTED = re.compile(r"'([^']{1,200})'|\"([^\"]{1,200})\"")


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """What the results are of: an image or folder, or a workload of a cluster.

    ``key`` is the stable part for identities: nothing for an image, whose name changes with every
    build and is the scope of the scan anyway.
    """

    resource: str | None = None
    key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def read_results(
    document: Document, results: object, position: str, scanned: Scanned
) -> Iterator[Reported]:
    """The problems of a list of results; null is an empty list.

    Raises:
        ParseError: a result or an entry of one has not the expected shape.
    """
    for number_, result in enumerate(_objects(document, results, position)):
        here = f"{position}[{number_}]"
        yield from _result(document, result, here, scanned)


def _result(
    document: Document, result: Mapping[str, Any], position: str, scanned: Scanned
) -> Iterator[Reported]:
    readers = {
        "Vulnerabilities": _vulnerability,
        "Misconfigurations": _misconfiguration,
        "Secrets": _secret,
        "Licenses": _licence,
    }
    for name, reader in readers.items():
        for entry in _objects(document, result.get(name), f"{position}.{name}"):
            if reader is not _vulnerability or tells_of_a_vulnerability(entry):
                yield reader(entry, result, scanned)
    hidden = _objects(document, result.get("ExperimentalModifiedFindings"), position)
    for entry in hidden:
        found = readers.get(_FINDING_KINDS.get(str(entry.get("Type")), "Vulnerabilities"))
        if found is not None and isinstance(entry.get("Finding"), dict):
            yield replace(found(entry["Finding"], result, scanned), suppressed=_statement(entry))


def tells_of_a_vulnerability(entry: Mapping[str, Any]) -> bool:
    """Whether an entry has more than its package: old versions left names of packages behind."""
    return "VulnerabilityID" in entry or "Severity" in entry


_FINDING_KINDS = {
    "vulnerability": "Vulnerabilities",
    "misconfiguration": "Misconfigurations",
    "secret": "Secrets",
    "license": "Licenses",
}


def _objects(document: Document, value: object, position: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise document.error(position, "a list is expected")
    for number_, item in enumerate(value):
        if not isinstance(item, dict):
            raise document.error(f"{position}[{number_}]", "a JSON object is expected")
    return value


def _statement(entry: Mapping[str, Any]) -> str:
    """Why a VEX document or an ignore file says that it does not count."""
    said = (text(entry.get(name)) for name in ("Status", "Statement", "Source"))
    return ": ".join(part for part in said if part) or "suppressed"


def _vulnerability(
    entry: Mapping[str, Any], result: Mapping[str, Any], scanned: Scanned
) -> Reported:
    cvss_score, vector = _cvss(entry)
    severity, source = rated(entry.get("Severity"), cvss_score, vector)
    version, component = text(entry.get("InstalledVersion")), text(entry.get("PkgName"))
    advisory = text(entry.get("VulnerabilityID")) or "unnamed"
    path, is_os = _package_path(entry, result), result.get("Class") == "os-pkgs"
    status = text(entry.get("Status"))
    return Reported(
        rule=advisory,
        title=text(entry.get("Title")) or f"{advisory} in {component or 'a package'}",
        severity=severity,
        severity_source=source,
        kind=FindingKind.CONTAINER if is_os or scanned.resource else FindingKind.DEPENDENCY,
        identifiers=texts(entry.get("VendorIDs")),
        cwes=cwe_numbers(texts(entry.get("CweIDs"))),
        cvss_vector=vector,
        cvss_score=cvss_score,
        component=component,
        component_version=version,
        fixed_version=text(entry.get("FixedVersion")),
        path=path,
        resource=scanned.resource or text(result.get("Target")),
        fingerprint=joined((scanned.key, place_in_image(path, version))),
        suppressed=status if status in _NOT_AFFECTED else None,
        labels=scanned.labels,
        detail=text(entry.get("Description")),
        reference=text(entry.get("PrimaryURL")),
    )


def _package_path(entry: Mapping[str, Any], result: Mapping[str, Any]) -> str | None:
    """Where the package is; a target is a lock file or binary unless it only names a kind."""
    path = text(entry.get("PkgPath"))
    if path is not None or result.get("Class") == "os-pkgs":
        return path
    target = text(result.get("Target")) or ""
    is_file = result.get("Class") == "lang-pkgs" and ("/" in target or "." in target)
    return target if is_file and not target.startswith("Node.js") else None


def _cvss(entry: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """(base score, vector) of the severity's source, else of the first that is known."""
    ratings = mapping(entry.get("CVSS"))
    wanted = (text(entry.get("SeveritySource")) or "", *_SOURCES, *sorted(ratings))
    for version in ("V3", "V40", "V2"):
        for source in wanted:
            rating = mapping(ratings.get(source))
            base, vector = (
                score(rating.get(f"{version}Score")),
                text(rating.get(f"{version}Vector")),
            )
            if base is not None or vector is not None:
                return base, vector
    return None, None


def _misconfiguration(
    entry: Mapping[str, Any], result: Mapping[str, Any], scanned: Scanned
) -> Reported:
    rule = text(entry.get("ID")) or text(entry.get("AVDID")) or "unnamed"
    cause, message = mapping(entry.get("CauseMetadata")), text(entry.get("Message"))
    severity, source = rated(entry.get("Severity"), None, None)
    status = text(entry.get("Status")) or ""
    target = text(result.get("Target"))
    return Reported(
        rule=rule,
        title=text(entry.get("Title")) or message or rule,
        severity=severity,
        severity_source=source,
        kind=FindingKind.INFRASTRUCTURE,
        identifiers=[name for name in (text(entry.get("AVDID")),) if name],
        path=None if scanned.key else target,
        line=number(cause.get("StartLine")),
        resource=scanned.resource or text(cause.get("Resource")),
        fingerprint=joined((scanned.key or target, _cause(cause, message))),
        suppressed="the check passed" if status.upper() in _PASSED else None,
        labels=scanned.labels,
        detail="\n".join(
            part for part in (message, text(entry.get("Resolution"))) if part
        ) or None,
        reference=text(entry.get("PrimaryURL")),
    )  # fmt: skip


def _cause(cause: Mapping[str, Any], message: str | None) -> str:
    """What in the file is wrong: the resource, else the names that the message quotes."""
    named = text(cause.get("Resource"))
    return named or ",".join("".join(pair) for pair in _QUOTED.findall(message or ""))


def _secret(entry: Mapping[str, Any], result: Mapping[str, Any], scanned: Scanned) -> Reported:
    rule = text(entry.get("RuleID")) or "unnamed"
    severity, source = rated(entry.get("Severity"), None, None)
    target = text(result.get("Target"))
    return Reported(
        rule=rule,
        title=text(entry.get("Title")) or rule,
        severity=severity,
        severity_source=source,
        kind=FindingKind.SECRET,
        path=target,
        line=number(entry.get("StartLine")),
        resource=scanned.resource,
        fingerprint=joined((scanned.key, target)),
        labels=scanned.labels,
        detail=text(entry.get("Category")),
    )


def _licence(entry: Mapping[str, Any], result: Mapping[str, Any], scanned: Scanned) -> Reported:
    name = text(entry.get("Name")) or "unnamed"
    component = text(entry.get("PkgName"))
    path = text(entry.get("FilePath"))
    severity, source = rated(entry.get("Severity"), None, None)
    confidence = score(entry.get("Confidence"))
    category = text(entry.get("Category")) or "unknown"
    return Reported(
        rule=name,
        title=f"licence {name} ({category}) of {component or path or result.get('Target')}",
        severity=severity,
        severity_source=source,
        kind=FindingKind.COMPLIANCE,
        component=component,
        path=path,
        resource=scanned.resource,
        fingerprint=joined((scanned.key, path)),
        confidence=f"{confidence:g}" if confidence is not None else None,
        labels=scanned.labels,
        reference=text(entry.get("Link")),
    )
