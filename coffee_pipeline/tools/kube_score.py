"""kube-score: recommendations for Kubernetes objects. Report format: ``score -o json`` (v2).

It prints ``null`` with exit code 0 when it knows none of the objects, and gives up on all files
when one of them is broken.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import file_scan, manifests, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, number, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "kube_score"
TITLE = "kube-score JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource")
_GRADES = {1: Severity.HIGH, 5: Severity.MEDIUM}
"""kube-score's critical and warning; 7 and 10 are passed."""
_SCORED = frozenset({
    "CronJob", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job",
    "NetworkPolicy", "Pod", "PodDisruptionBudget", "Service", "StatefulSet",
})  # fmt: skip


def obstacle(target: Target) -> str | None:
    """No manifest."""
    return file_scan.obstacle(target, NAME, manifests.manifests(target).files, "manifests")


def files_given(target: Target) -> Sequence[str]:
    """Manifests: none is scored when one of them has a field of a wrong type."""
    return manifests.manifests(target).files


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means critical findings, or an error: then nothing is printed."""
    chosen = file_scan.arguments(manifests.manifests(target).files)
    return Command(
        argv=(str(executable), "score", "--output-format", "json", *chosen),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether every file with objects that kube-score knows was scored."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    found = manifests.manifests(target)
    outcome, reason = report.outcome, report.reason
    if outcome is Outcome.COMPLETED:
        scored = {target.module_path(str(one.get("file_name"))) for one in document.json}
        missed = [path for path in found.files if path not in scored and _is_scored(target, path)]
        reason = file_scan.because(
            f"not scored: {file_scan.named(missed)}" if missed else None, found.complaint
        )
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def _is_scored(target: Target, path: str) -> bool:
    objects_there = manifests.objects_in(target.folder / path) or ()
    return any(one.get("kind") in _SCORED for one in objects_there)


def recognises(document: Document) -> bool:
    """An array of objects with checks and their kind."""
    value = document.json_or_none()
    return (
        isinstance(value, list)
        and bool(value)
        and all({"object_name", "type_meta", "checks"} <= mapping(one).keys() for one in value)
    )


def read(document: Document) -> ReadReport:
    """Checks that are critical or warn; skipped ones are no findings."""
    if document.json is not None and not isinstance(document.json, list):
        raise document.error("line 1", "no kube-score report: an array of objects is expected")
    problems: list[Reported] = []
    checks = 0
    names = set()
    for index, scored in enumerate(objects(document.json, "", document)):
        names.add(str(scored.get("file_name")))
        for item in objects(scored.get("checks"), f"[{index}].checks", document):
            if item.get("skipped") is True:
                continue
            checks += 1
            grade = item.get("grade")
            if type(grade) is int and grade in _GRADES:
                problems.append(_reported(item, scored, _GRADES[grade]))
    report = ReadReport(findings=problems, files_scanned=len(names), checks_run=checks)
    if checks:
        return report
    return replace(report, outcome=Outcome.NOT_RUN, reason="no object was scored")


def _reported(item: Mapping[str, Any], scored: Mapping[str, Any], severity: Severity) -> Reported:
    check = mapping(item.get("check"))
    rule = text(check.get("id")) or text(check.get("name")) or "unnamed"
    comments = [mapping(comment) for comment in items(item.get("comments"))]
    said = [words for one in comments if (words := text(one.get("summary")))]
    name = text(check.get("name")) or rule
    return Reported(
        rule=rule,
        title=f"{name}: {said[0]}" if said else name,
        severity=severity,
        severity_source="grade",
        path=text(scored.get("file_name")),
        line=number(scored.get("file_row")),
        resource=text(scored.get("object_name")),
        detail="\n".join(_comment(one) for one in comments) or text(check.get("comment")),
        reference="https://github.com/zegl/kube-score/blob/master/README_CHECKS.md",
    )


def _comment(comment: Mapping[str, Any]) -> str:
    words = (text(comment.get(name)) for name in ("path", "summary", "description"))
    return ": ".join(word for word in words if word)
