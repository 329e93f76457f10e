"""Plain OSV records: advisories, alone, in a list, or as the API of osv.dev answers.

An advisory says what is affected, not what is in use: the report is ``partial``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools import osv_record
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "osv"
TITLE = "OSV JSON (advisories)"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component", "fingerprint")


def recognises(document: Document) -> bool:
    """Records with an id, a date and what they affect; or the API's ``vulns``."""
    value = document.json_or_none()
    if isinstance(value, list):
        return bool(value) and _is_record(value[0])
    return _is_record(value) or bool(_answered(value))


def read(document: Document) -> ReadReport:
    """One finding for each advisory and affected package; a withdrawn one is suppressed.

    Raises:
        ParseError: no OSV records, or one without id.
    """
    value = document.json
    records = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and ("vulns" in value or "results" in value):
        records = _answered(value)
    findings = [found for one in _findings(document, records) for found in one]
    return ReadReport(
        findings=findings,
        outcome=Outcome.PARTIAL if records else Outcome.NOT_RUN,
        reason="advisories say what is affected, not what is in use"
        if records
        else "the report has no advisories",
    )


def _is_record(value: object) -> bool:
    record = mapping(value)
    return {"id", "modified"} <= record.keys() and (
        isinstance(record.get("affected"), list) or "schema_version" in record
    )


def _answered(value: object) -> list[Any]:
    """The records of an answer to one query, or to several."""
    answer = mapping(value)
    found = list(items(answer.get("vulns")))
    for result in items(answer.get("results")):
        found.extend(items(mapping(result).get("vulns")))
    return found if all(text(mapping(one).get("id")) for one in found) else []


def _findings(document: Document, records: list[Any]) -> Iterator[list[Reported]]:
    for number, record in enumerate(records):
        if not isinstance(record, dict) or text(record.get("id")) is None:
            raise document.error(f"record {number + 1}", "no OSV record: it has no id")
        grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for ecosystem, name, entry in osv_record.affected_packages(record):
            grouped.setdefault((ecosystem, name), []).append(entry)
        pairs = grouped or {("", ""): []}
        yield [_reported(record, *package, entries) for package, entries in pairs.items()]


def _reported(
    record: Mapping[str, Any],
    ecosystem: str,
    component: str,
    entries: list[Mapping[str, Any]],
) -> Reported:
    severity, source = osv_record.severity(record)
    withdrawn = text(record.get("withdrawn"))
    details = text(record.get("details"))
    return Reported(
        rule=record["id"],
        title=text(record.get("summary")) or (details or record["id"]).splitlines()[0],
        severity=severity,
        severity_source=source,
        identifiers=osv_record.names(record),
        cwes=osv_record.weaknesses(record),
        cvss_vector=osv_record.vector(record),
        cvss_score=osv_record.base_score(record),
        component=component or None,
        fixed_version=osv_record.fixed_versions(entries),
        fingerprint=ecosystem,
        suppressed=f"withdrawn {withdrawn}" if withdrawn else None,
        detail=details,
        reference=osv_record.reference(record),
    )
