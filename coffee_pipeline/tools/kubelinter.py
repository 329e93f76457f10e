"""KubeLinter: checks of Kubernetes manifests. Report format: ``kube-linter lint --format json``.

Its checks have no severity, so all are medium. There is no line in the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "kubelinter"
TITLE = "KubeLinter JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource", "fingerprint")
_QUOTED = re.compile(r'"([^"]{1,253})"')


def recognises(document: Document) -> bool:
    """Reports with a check and an object; where there are none, ``Checks`` beside them."""
    value = mapping(document.json_or_none())
    if not all(isinstance(value.get(name), list | None) for name in ("Reports", "Checks")):
        return False
    reports = items(value.get("Reports"))
    if reports:
        return {"Check", "Diagnostic", "Object"} <= mapping(reports[0]).keys()
    return {"Reports", "Checks"} <= value.keys()


def read(document: Document) -> ReadReport:
    """All reports of all checks."""
    content = document.json
    if not isinstance(content, dict) or "Reports" not in content:
        raise document.error("line 1", "no KubeLinter report: it has no 'Reports'")
    reports = objects(content["Reports"], "Reports", document)
    checks = len(items(content.get("Checks")))
    return ReadReport(
        findings=[_reported(item) for item in reports],
        outcome=Outcome.COMPLETED if checks or reports else Outcome.NOT_RUN,
        reason=None if checks or reports else "the report names no check that was made",
        tool_version=text(mapping(content.get("Summary")).get("KubeLinterVersion")),
        checks_run=checks or None,
    )


def _reported(item: Mapping[str, Any]) -> Reported:
    subject = mapping(item.get("Object"))
    found = mapping(subject.get("K8sObject"))
    kind = mapping(found.get("GroupVersionKind")).get("Kind")
    parts = (text(kind), text(found.get("Namespace")), text(found.get("Name")))
    rule = text(item.get("Check")) or "unnamed"
    message = text(mapping(item.get("Diagnostic")).get("Message")) or rule
    return Reported(
        rule=rule,
        title=message,
        severity=Severity.MEDIUM,
        severity_source="default",
        path=text(mapping(subject.get("Metadata")).get("FilePath")),
        resource="/".join(part for part in parts if part) or None,
        # Two containers of one object differ only in the name that the message quotes.
        fingerprint=",".join(_QUOTED.findall(message)) or None,
        detail=text(item.get("Remediation")),
    )
