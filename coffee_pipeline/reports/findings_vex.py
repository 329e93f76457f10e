"""Vulnerabilities and what was decided about them, as a CycloneDX 1.6 document (VEX)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from coffee_pipeline.reports.security_facts import FindingsReport, Row

_KINDS = ("dependency", "container")
_STATES = {"false_positive": "false_positive", "not_affected": "not_affected"}
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""OpenVEX's justifications as CycloneDX words them."""
_METHODS = (
    ("CVSS:4.0/", "CVSSv4"), ("CVSS:3.1/", "CVSSv31"), ("CVSS:3.0/", "CVSSv3"), ("AV:", "CVSSv2"),
)  # fmt: skip


def vex_document(report: FindingsReport) -> dict[str, Any]:
    """The vulnerabilities of the report; other findings have no place in such a document.

    What could not be checked stands among the document's properties.
    """
    issues = [one for one in report.issues if one["kind"] in _KINDS and one["component"]]
    components: dict[tuple[str, str], str] = {}
    for issue in issues:
        for witness in report.witnesses[issue["issue"], issue["service"]]:
            key = witness["component"] or "", witness["component_version"] or ""
            components.setdefault(key, f"component-{len(components) + 1}")
    vulnerabilities = [
        _vulnerability(issue, report.witnesses[issue["issue"], issue["service"]], components)
        for issue in issues
    ]
    content = f"{report.platform} {report.made_at.isoformat()}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "timestamp": _time(report.made_at),
            "component": {"type": "application", "name": report.platform, "bom-ref": "platform"},
            "properties": [
                {"name": "coffee-pipeline:not-checked",
                 "value": f"{one['tool']} of {one['scope']}: {one['outcome']}: {one['reason']}"}
                for one in report.not_checked
            ],
        },
        "components": [
            {"type": "library", "bom-ref": reference, "name": name,
             **({"version": version} if version else {})}
            for (name, version), reference in components.items()
        ],
        "vulnerabilities": vulnerabilities,
    }  # fmt: skip


def _vulnerability(
    issue: Row, witnesses: Sequence[Row], components: dict[tuple[str, str], str]
) -> dict[str, Any]:
    name = str(issue["issue"]).partition(" in ")[0]
    rating: dict[str, Any] = {"severity": issue["severity"], "method": "other"}
    scored = [one for one in witnesses if one["cvss_score"] is not None]
    if scored:
        vector = scored[0]["cvss_vector"]
        rating |= {"score": scored[0]["cvss_score"]}
        if vector:
            method = next((m for start, m in _METHODS if vector.startswith(start)), "other")
            rating |= {"vector": vector, "method": method}
    weaknesses = {
        int(number) for one in witnesses for number in re.findall(r"\d{1,6}", one["cwe"] or "")
    }
    others = sorted(_names(witnesses) - {name})
    affected = {components[one["component"] or "", one["component_version"] or ""]
                for one in witnesses}  # fmt: skip
    fixed = issue["fixed_version"]
    return {
        "bom-ref": f"{issue['issue']} / {issue['service'] or ''}",
        "id": name,
        "references": [{"id": one, "source": {"name": one.partition("-")[0]}} for one in others],
        "ratings": [rating],
        "cwes": sorted(number for number in weaknesses if number >= 1),
        "description": issue["title"] or name,
        **({"recommendation": f"Update to {fixed}."} if fixed else {}),
        "analysis": _analysis(issue, witnesses),
        "affects": [{"ref": one} for one in sorted(affected)],
        "properties": [
            {"name": f"coffee-pipeline:{key}", "value": str(value)}
            for key, value in (
                ("service", issue["service"]), ("witnesses", issue["tools"]),
                ("state", issue["state"]), ("first-seen", _time(issue["first_seen"])),
                ("due", _time(issue["due_at"]) if issue["due_at"] else None),
            )
            if value is not None
        ],
    }  # fmt: skip


def _names(witnesses: Sequence[Row]) -> set[str]:
    words = {one["rule"] for one in witnesses}
    for one in witnesses:
        words |= {word.strip() for word in (one["aliases"] or "").split(",")}
    return {word for word in words if word and not word.upper().startswith(("CWE-", "CAPEC-"))}


def _analysis(issue: Row, witnesses: Sequence[Row]) -> dict[str, Any]:
    """Where it stands: fixed, decided by people, proven to be called, or still to be looked at."""
    if issue["state"] == "fixed":
        return {"state": "resolved", "detail": f"Gone since {_time(issue['fixed_at'])}."}
    decided = next((one for one in witnesses if one["decision"]), None)
    if not issue["is_open"] and decided is not None:
        detail = f"{decided['reason']} ({decided['author']})"
        state = _STATES.get(decided["decision"])
        if state is None:  # a risk that was accepted is one
            until = decided["expires_at"]
            detail += f"; accepted until {_time(until)}" if until else "; accepted"
            return {"state": "exploitable", "response": ["will_not_fix"], "detail": detail}
        found = [word for start, word in _JUSTIFICATIONS.items() if start in decided["reason"]]
        extra = {"justification": found[0]} if found and state == "not_affected" else {}
        return {"state": state, **extra, "detail": detail}
    if not issue["is_open"] and issue["suppressed"]:
        words = next((one["suppressed"] for one in witnesses if one["suppressed"]), "")
        return {"state": "not_affected", "detail": f"The tool does not count it: {words}"}
    if issue["reachable"]:
        return {"state": "exploitable", "detail": "The vulnerable code is called."}
    return {"state": "in_triage"}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
