"""Findings as SARIF 2.1.0: one run for each tool, with what could not be checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from coffee_pipeline.reports.security_facts import FindingsReport, Row

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "coffeePipelineIdentity/v1"
"""The key of identities among the partial fingerprints."""

_LEVELS = {"critical": "error", "high": "error", "medium": "warning"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}
"""Numbers for readers that sort by security-severity, within CVSS's range of each word."""
_BASELINE = {"new": "new", "reactivated": "new", "untouched": "unchanged", "fixed": "absent"}


def sarif_document(report: FindingsReport) -> dict[str, Any]:
    """The report as a SARIF log. A tool that never answered has a run that says so."""
    found: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for issue in report.issues:
        for witness in report.witnesses[issue["issue"], issue["service"]]:
            found[witness["tool"]].append((issue, witness))
    scans: dict[str, list[Row]] = defaultdict(list)
    for scan in report.coverage:
        scans[scan["tool"]].append(scan)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(tool, found[tool], scans[tool]) for tool in sorted({*found, *scans})],
    }


def _run(tool: str, found: Sequence[tuple[Row, Row]], scans: Sequence[Row]) -> dict[str, Any]:
    rules: dict[str, int] = {}
    titles: dict[str, Row] = {}
    for _issue, witness in found:
        rules.setdefault(witness["rule"], len(rules))
        titles.setdefault(witness["rule"], witness)
    versions = [one["tool_version"] for one in scans if one["tool_version"]]
    driver = {
        "name": tool,
        **({"version": versions[-1]} if versions else {}),
        "rules": [_rule(rule, titles[rule]) for rule in rules],
    }
    return {
        "tool": {"driver": driver},
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The repository's root."}}},
        "invocations": [_invocation(scan) for scan in scans],
        "results": [_result(issue, one, rules[one["rule"]]) for issue, one in found],
    }


def _rule(rule: str, witness: Row) -> dict[str, Any]:
    tags = ["security", witness["kind"], *(witness["cwe"] or "").split(",")]
    score = witness["cvss_score"]
    severity = f"{score:.1f}" if score is not None else _SCORES.get(witness["severity"], "0.0")
    properties = {"tags": [tag.strip() for tag in tags if tag.strip()]}
    return {
        "id": rule,
        "shortDescription": {"text": witness["title"] or rule},
        **({"helpUri": quote(witness["reference"], safe=":/?#[]@!$&'()*+,;=%~")}
           if (witness["reference"] or "").startswith(("https://", "http://")) else {}),
        "properties": {**properties, "security-severity": severity},
    }  # fmt: skip


def _invocation(scan: Row) -> dict[str, Any]:
    words = f"{scan['scope']}: {scan['outcome']}" + (
        f": {scan['reason']}" if scan["reason"] else ""
    )
    return {
        "executionSuccessful": bool(scan["checked"]),
        "endTimeUtc": _time(scan["finished_at"]),
        "toolExecutionNotifications": [
            {"level": "note" if scan["checked"] else "error", "message": {"text": words}}
        ],
    }


def _result(issue: Row, witness: Row, index: int) -> dict[str, Any]:
    kept = ("severity", "service", "scope", "environment", "component", "component_version",
            "fixed_version", "reachable", "aliases", "cvss_vector", "state")  # fmt: skip
    properties = {name: witness[name] for name in kept if witness[name] is not None}
    properties |= {"issue": issue["issue"], "firstSeen": _time(witness["first_seen"])}
    if issue["due_at"] is not None:
        properties |= {"dueAt": _time(issue["due_at"]), "pastDue": issue["past_due"]}
    return {
        "ruleId": witness["rule"],
        "ruleIndex": index,
        "level": _LEVELS.get(witness["severity"], "note"),
        "message": {"text": witness["title"] or witness["rule"]},
        "locations": [_location(witness)],
        "partialFingerprints": {FINGERPRINT: witness["identity"]},
        "baselineState": _BASELINE[witness["state"]],
        "suppressions": list(_suppressions(witness)),
        "properties": properties,
    }


def _location(witness: Row) -> dict[str, Any]:
    names = [witness["resource"], witness["component"] or witness["scope"]]
    logical = [{"fullyQualifiedName": name} for name in names if name]
    if not witness["path"]:
        return {"logicalLocations": logical}
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(witness["path"]), "uriBaseId": "SRCROOT"}
    }
    if witness["line"] and witness["line"] > 0:
        place["region"] = {"startLine": witness["line"]}
    return {"physicalLocation": place, "logicalLocations": logical}


def _suppressions(witness: Row) -> Iterable[dict[str, Any]]:
    if witness["suppressed"] is not None:
        yield {"kind": "inSource", "status": "accepted", "justification": witness["suppressed"]}
    if witness["decision"] is not None:
        words = f"{witness['decision']}: {witness['reason']} ({witness['author']})"
        yield {"kind": "external", "status": "accepted", "justification": words}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
