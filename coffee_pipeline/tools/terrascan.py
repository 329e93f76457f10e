"""Terrascan: policies on infrastructure as code. Report format: ``terrascan scan -o json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import shortened
from coffee_pipeline.tools.json_fields import count, mapping, number, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "terrascan"
TITLE = "Terrascan JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource")
_SEVERITIES = {"HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW}
_SAME = ("rule_id", "rule_name", "resource_name", "resource_type", "file", "line")
_NOTHING_OF_A_SORT = ("not found in the directory", "no helm charts found")
"""Errors that only say that a sort of files is not there, when all sorts are looked for."""


def recognises(document: Document) -> bool:
    """``results.violations`` with Terrascan's fields, or with its summary."""
    results = mapping(mapping(document.json_or_none()).get("results"))
    if "violations" not in results:
        return False
    violations = results["violations"]
    if not violations:
        return "scan_summary" in results
    return isinstance(violations, list) and all(
        isinstance(item, dict) and {"rule_id", "rule_name"} <= item.keys() for item in violations
    )


def read(document: Document) -> ReadReport:
    """The violations; those of one rule at one place are one."""
    content = document.json
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, dict):
        raise document.error("line 1", "no Terrascan report: it has no 'results'")
    problems: dict[tuple[str, ...], Reported] = {}
    for index, item in enumerate(objects(results.get("violations"), "violations", document)):
        same = tuple(str(item.get(name)) for name in _SAME)
        problems.setdefault(same, _reported(item, f"violations[{index}]", document))
    checks = count(mapping(results.get("scan_summary")).get("policies_validated"))
    reason = _reason(results, checks, bool(problems), document)
    return ReadReport(
        findings=list(problems.values()),
        outcome=Outcome.PARTIAL if reason else Outcome.COMPLETED,
        reason=reason,
        checks_run=checks,
    )


def _reason(
    results: Mapping[str, Any], checks: int | None, found: bool, document: Document
) -> str | None:
    """Why the report is not whole."""
    for error in objects(results.get("scan_errors"), "scan_errors", document):
        words = text(error.get("errMsg")) or "an error without words"
        if not any(part in words for part in _NOTHING_OF_A_SORT):
            return f"not all was scanned: {shortened(' '.join(words.split()), 300)}"
    if not found and not checks:
        return "the report does not say that any policy was validated"
    return None


def _reported(item: Mapping[str, Any], position: str, document: Document) -> Reported:
    rule = text(item.get("rule_id")) or text(item.get("rule_name"))
    if rule is None:
        raise document.error(position, "'rule_id' is missing or no text")
    severity = _SEVERITIES.get(str(item.get("severity")).upper())
    parts = (text(item.get("resource_type")), text(item.get("resource_name")))
    return Reported(
        rule=rule,
        title=text(item.get("description")) or text(item.get("rule_name")) or rule,
        severity=severity or Severity.INFO,
        severity_source="tool" if severity else "default",
        identifiers=[name for name in (text(item.get("rule_name")),) if name],
        path=text(item.get("file")),
        line=number(item.get("line")),
        resource="/".join(part for part in parts if part) or None,
        detail=text(item.get("category")),
    )
