"""Grype: vulnerable packages of an image, folder or bill of materials. Format: ``grype -o json``.

A package that was found in several places, in one version, is one finding: Grype lists a match for
each of them. Ignored matches are not part of the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined, place_in_image, rated
from coffee_pipeline.tools.json_fields import cwe_numbers, items, mapping, score, text, texts
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "grype"
TITLE = "Grype JSON"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "fingerprint")


def recognises(document: Document) -> bool:
    """Matches beside the description of the tool, or of matches with an artifact."""
    value = document.json_or_none()
    if not isinstance(value, dict) or not isinstance(value.get("matches"), list):
        return False
    first = mapping(value["matches"][0]) if value["matches"] else {}
    return mapping(value.get("descriptor")).get("name") == "grype" or (
        {"vulnerability", "artifact"} <= first.keys()
    )


def read(document: Document) -> ReadReport:
    """One finding for each advisory, package and version.

    Raises:
        ParseError: no Grype report, or a match without advisory or package.
    """
    value = document.json
    if not isinstance(value, dict) or not isinstance(value.get("matches"), list | None):
        raise document.error("line 1", "no Grype report: it has no list 'matches'")
    if "matches" not in value:
        raise document.error("line 1", "no Grype report: it has no 'matches'")
    descriptor = mapping(value.get("descriptor"))
    merged: dict[tuple[str, str, str], Reported] = {}
    image = _image(mapping(value.get("source")))
    for found in _matches(document, value["matches"] or [], image):
        key = (found.rule, found.component or "", found.component_version or "")
        # Whatever the order of matches, the first place speaks for all of them.
        merged[key] = min(merged.get(key, found), found, key=lambda one: one.path or "")
    built = _built(mapping(descriptor.get("db")))
    return ReadReport(
        findings=list(merged.values()),
        outcome=Outcome.COMPLETED if built else Outcome.PARTIAL,
        reason=None if built else "the report does not say how old the vulnerability database is",
        tool_version=text(descriptor.get("version")),
        database_date=built,
    )


def _image(source: Mapping[str, Any]) -> str | None:
    """What was scanned, where it is an image."""
    target = source.get("target")
    return text(mapping(target).get("userInput")) if source.get("type") == "image" else None


def _built(database: Mapping[str, Any]) -> datetime | None:
    """When the database was built; new versions keep that below ``status``."""
    said = database.get("built") or mapping(database.get("status")).get("built")
    try:
        date = datetime.fromisoformat(text(said) or "")
    except ValueError:
        return None
    return date.astimezone(UTC) if date.year > 1 and date.tzinfo else None


def _matches(document: Document, matches: list[Any], image: str | None) -> Iterator[Reported]:
    for number, match in enumerate(matches):
        vulnerability = mapping(mapping(match).get("vulnerability"))
        artifact = mapping(mapping(match).get("artifact"))
        if text(vulnerability.get("id")) is None:
            raise document.error(f"matches[{number}]", "'vulnerability' has no id")
        if text(artifact.get("name")) is None:
            raise document.error(f"matches[{number}]", "'artifact' has no name")
        yield _reported(vulnerability, artifact, items(match.get("relatedVulnerabilities")), image)


def _reported(
    vulnerability: Mapping[str, Any],
    artifact: Mapping[str, Any],
    related: Any,
    image: str | None,
) -> Reported:
    advisory, component = str(vulnerability["id"]), str(artifact["name"])
    others = [mapping(other) for other in related]
    base, vector = _cvss([vulnerability, *others])
    severity, source = rated(vulnerability.get("severity"), base, vector)
    described = (text(one.get("description")) for one in (vulnerability, *others))
    detail = next((words for words in described if words), None)
    weaknesses = (one.get("cwe") for one in items(vulnerability.get("cwes")) if mapping(one))
    places = sorted(
        path for one in items(artifact.get("locations")) if (path := text(mapping(one).get("path")))
    )
    version, path = text(artifact.get("version")), places[0] if places else None
    return Reported(
        rule=advisory,
        title=f"{advisory} in {component} {version or ''}".rstrip(),
        severity=severity,
        severity_source=source,
        identifiers=[name for one in others if (name := text(one.get("id")))],
        cwes=cwe_numbers(texts(list(weaknesses))),
        cvss_vector=vector,
        cvss_score=base,
        component=component,
        component_version=version,
        fixed_version=", ".join(texts(mapping(vulnerability.get("fix")).get("versions"))) or None,
        path=path,
        resource=image,
        fingerprint=joined((text(artifact.get("type")), place_in_image(path, version))),
        detail=detail,
        reference=text(vulnerability.get("dataSource")),
    )


def _cvss(records: list[Mapping[str, Any]]) -> tuple[float | None, str | None]:
    """(base score, vector) of the first record with a rating; CVSS 3 before others."""
    entries = [mapping(entry) for record in records for entry in items(record.get("cvss"))]
    entries.sort(key=lambda entry: not (text(entry.get("version")) or "").startswith("3"))
    for entry in entries:
        base = score(mapping(entry.get("metrics")).get("baseScore"))
        vector = text(entry.get("vector"))
        if base is not None or vector is not None:
            return base, vector
    return None, None
