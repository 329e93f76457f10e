"""Kubescape: controls of security frameworks on Kubernetes objects. Results JSON, v2 and v3.

One problem for each rule of a control that an object does not pass. In the older format a control
has no status of its own; where it has one, only a failed control counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "kubescape"
TITLE = "Kubescape JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource", "fingerprint")
_NOT_OPEN = {
    "excluded": "an exception of Kubescape",
    "warning": "an exception of Kubescape",
    "skipped": "Kubescape did not evaluate it",
    "irrelevant": "Kubescape did not evaluate it",
}
_PATH_HASH = re.compile(r"^path=\d+/")
_PLACE = re.compile(r":\d+$")


def recognises(document: Document) -> bool:
    """``summaryDetails`` beside results that are told by ``resourceID``."""
    value = mapping(document.json_or_none())
    if not isinstance(value.get("summaryDetails"), dict):
        return False
    results = value.get("results", ())
    return results is None or (
        isinstance(results, list | tuple) and all("resourceID" in mapping(one) for one in results)
    )


def read(document: Document) -> ReadReport:
    """Failed rules of all objects; of an object that is told twice, the first result counts."""
    content = document.json
    if not isinstance(content, dict) or "results" not in content:
        raise document.error("line 1", "no Kubescape report: it has no 'results'")
    summary = mapping(content.get("summaryDetails"))
    sources = {
        str(one.get("resourceID")): one
        for one in objects(content.get("resources"), "resources", document)
    }
    results: dict[str, Mapping[str, Any]] = {}
    for result in objects(content["results"], "results", document):
        results.setdefault(str(result.get("resourceID")), result)
    problems: list[Reported] = []
    checks = 0
    for identity, result in results.items():
        for control, rule in _rules(result, document):
            checks += 1
            if _counts(control, rule):
                problems.append(_reported(identity, control, rule, summary, sources))
    return ReadReport(
        findings=problems,
        outcome=Outcome.COMPLETED if checks else Outcome.NOT_RUN,
        reason=None if checks else "no rule was evaluated on any object",
        checks_run=checks,
    )


def _rules(
    result: Mapping[str, Any], document: Document
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for control in objects(result.get("controls"), "results[].controls", document):
        for rule in objects(control.get("rules"), "results[].controls[].rules", document):
            yield control, rule


def _counts(control: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    if rule.get("status") == "passed":
        return False
    status = control.get("status")
    return not isinstance(status, dict) or status.get("status", "failed") == "failed"


def _reported(
    identity: str,
    control: Mapping[str, Any],
    rule: Mapping[str, Any],
    summary: Mapping[str, Any],
    sources: Mapping[str, Mapping[str, Any]],
) -> Reported:
    number = text(control.get("controlID")) or "unnumbered"
    about = mapping(mapping(summary.get("controls")).get(number))
    severity = _severity(about.get("scoreFactor"))
    resource = _PATH_HASH.sub("", identity)
    name = text(control.get("name")) or text(about.get("name")) or number
    return Reported(
        rule=number,
        title=f"{name}: {'/'.join(resource.split('/')[-2:])}",
        severity=severity or Severity.INFO,
        severity_source="score factor" if severity else "default",
        path=_path(sources.get(identity, {})),
        resource=resource,
        fingerprint=text(rule.get("name")),
        suppressed=_NOT_OPEN.get(str(rule.get("status"))),
        reference=f"https://hub.armosec.io/docs/{number.lower()}",
        detail="\n".join(_advice(about, rule)) or None,
    )


def _severity(factor: object) -> Severity | None:
    """Kubescape's own scale of a control's score factor (1 to 10)."""
    if isinstance(factor, bool) or not isinstance(factor, int | float) or factor < 1:
        return None
    if factor >= 9:
        return Severity.CRITICAL
    if factor >= 7:
        return Severity.HIGH
    return Severity.MEDIUM if factor >= 4 else Severity.LOW


def _path(source: Mapping[str, Any]) -> str | None:
    """The file that an object was read from; objects of a live cluster have none."""
    relative = text(mapping(source.get("source")).get("relativePath"))
    found = relative or text(mapping(source.get("object")).get("sourcePath"))
    return _PLACE.sub("", found) if found else None


def _advice(about: Mapping[str, Any], rule: Mapping[str, Any]) -> Iterator[str]:
    for name in ("description", "mitigation"):
        if found := text(about.get(name)):
            yield found
    for place in items(rule.get("paths")):
        fix = mapping(mapping(place).get("fixPath"))
        if failed := text(mapping(place).get("failedPath")):
            yield f"Failed at {failed}"
        if path := text(fix.get("path")):
            yield f"Set {path} to {fix.get('value')}"
