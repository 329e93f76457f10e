"""kube-bench: the CIS benchmark of Kubernetes nodes. Report format: ``kube-bench --json``.

One group of controls for each sort of node: in ``Controls``, in an array, or one object after the
other. kube-bench grades nothing: a failed check is medium, one that it warns of is informational.
Checks that only a person can do ("manual") are no findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "kubebench"
TITLE = "kube-bench JSON"
KIND = FindingKind.COMPLIANCE
IDENTITY = ("rule", "resource")
_SEVERITIES = {"FAIL": Severity.MEDIUM, "WARN": Severity.INFO}
_MANUAL = "Test marked as a manual test"


def recognises(document: Document) -> bool:
    """Groups of tests with results that have a test number."""
    value = document.json_or_none()
    if value is None:
        value = list(document.objects_or_none() or ())
    controls = mapping(value).get("Controls", value)
    groups = [controls] if isinstance(controls, dict) else items(controls)
    if not groups:  # no group of controls applied to the node
        return {"Controls", "Totals"} <= mapping(value).keys()
    return all(_is_group(group) for group in groups)


def _is_group(value: object) -> bool:
    group = mapping(value)
    tests = group.get("tests", ())
    if not isinstance(tests, list | None) or not {"id", "text"} & group.keys():
        return False
    return all(isinstance(test, dict) and "results" in test for test in tests or ())


def read(document: Document) -> ReadReport:
    """Checks that failed or warn, of all groups."""
    problems: list[Reported] = []
    checks = 0
    for number, group in enumerate(_groups(document)):
        if "tests" not in group:
            raise document.error(f"Controls[{number}]", "no kube-bench report: 'tests' is missing")
        for test in objects(group["tests"], f"Controls[{number}].tests", document):
            results = objects(test.get("results"), f"Controls[{number}].results", document)
            checks += len(results)
            problems.extend(_reported(result, test, group) for result in results if _counts(result))
    return ReadReport(
        findings=problems,
        outcome=Outcome.COMPLETED if checks else Outcome.NOT_RUN,
        reason=None if checks else "the report has no result of any check",
        checks_run=checks,
    )


def _groups(document: Document) -> Sequence[Mapping[str, Any]]:
    content = document.json_or_none()
    if content is None:
        content = list(document.objects_or_none() or ()) or document.json
    if isinstance(content, dict):
        content = content.get("Controls", [content])
        content = [] if content is None else content
    if not isinstance(content, list):
        raise document.error("line 1", "no kube-bench report: an array of controls is expected")
    return objects(content, "Controls", document)


def _counts(result: Mapping[str, Any]) -> bool:
    status = str(result.get("status")).upper()
    return status == "FAIL" or (status == "WARN" and result.get("reason") != _MANUAL)


def _reported(
    result: Mapping[str, Any], test: Mapping[str, Any], group: Mapping[str, Any]
) -> Reported:
    rule = text(result.get("test_number")) or "unnumbered"
    lines = [
        f"{label}: {found.strip()}"
        for label, name in (
            ("Audit", "audit"), ("Expected", "expected_result"), ("Found", "actual_value"),
            ("Reason", "reason"), ("Remediation", "remediation"),
        )
        if (found := text(result.get(name)))
    ]  # fmt: skip
    return Reported(
        rule=rule,
        title=text(result.get("test_desc")) or text(test.get("desc")) or rule,
        severity=_SEVERITIES[str(result.get("status")).upper()],
        severity_source="status",
        resource=text(group.get("node_type")) or text(group.get("text")),
        detail="\n".join(lines) or None,
    )
