"""hadolint: mistakes in Dockerfiles. Report format: hadolint 2, ``--format json``.

It says nothing of files that it found nothing in, so they are named to it one by one; a file that
it cannot read ends it with nothing printed. A Dockerfile that it cannot parse is rule DL1000.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import file_scan, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import number, objects, required_text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "hadolint"
TITLE = "hadolint JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "code")
_LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "info": Severity.LOW,
    "style": Severity.INFO,
}
_FIELDS = frozenset({"line", "column", "code", "file", "message"})
_UNPARSED = "DL1000"
_DOCKERFILE = re.compile(r"(?i)(?:.+[._-])?(?:dockerfile|containerfile)(?:[._-].+)?")
_NO_DOCKERFILE = (".dockerignore", ".bak", ".orig", ".swp", "~", ".md", ".sh", ".go", ".py")


def is_dockerfile(path: str) -> bool:
    """``Dockerfile``, ``Dockerfile.menu``, ``Dockerfile-menu``, ``menu.Dockerfile``..."""
    name = path.rpartition("/")[2]
    return bool(_DOCKERFILE.fullmatch(name)) and not name.lower().endswith(_NO_DOCKERFILE)


def obstacle(target: Target) -> str | None:
    """No Dockerfile."""
    return file_scan.obstacle(target, NAME, file_scan.files(target, is_dockerfile), "Dockerfiles")


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means findings, or a file that cannot be read: then nothing is printed."""
    chosen = file_scan.files(target, is_dockerfile)
    return Command(
        argv=(str(executable), "--format", "json", *file_scan.arguments(chosen)),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings; the files named in the command are those that were looked at."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    given = len(file_scan.files(target, is_dockerfile))
    unparsed = sum(problem.rule == _UNPARSED for problem in report.findings)
    report = replace(report, files_scanned=given - unparsed)
    outcome, reason = report.outcome, report.reason
    if not unparsed:
        outcome, reason = Outcome.COMPLETED, None
    return scan_record.of_read(
        sys.modules[__name__], target, replace(report, reason=reason), outcome,
        version=version, output=output,
    )  # fmt: skip


def recognises(document: Document) -> bool:
    """An array of objects with hadolint's fields; an empty one could be anyone's."""
    value = document.json_or_none()
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and item.keys() >= _FIELDS for item in value)
    )


def read(document: Document) -> ReadReport:
    """One problem for each place and rule."""
    value = document.json
    if not isinstance(value, list):
        raise document.error("line 1", "no hadolint report: a JSON array is expected")
    places: dict[tuple[Any, ...], Reported] = {}
    for index, item in enumerate(objects(value, "", document)):
        problem = _reported(item, f"[{index}]", document)
        places[problem.path, problem.line, problem.column, problem.rule] = problem
    unparsed = sorted({str(one.path) for one in places.values() if one.rule == _UNPARSED})
    reason = None
    if unparsed:
        reason = f"could not be parsed, so no rule was applied: {file_scan.named(unparsed)}"
    elif not places:
        reason = "an empty report does not say which files were looked at"
    return ReadReport(
        findings=list(places.values()),
        outcome=Outcome.PARTIAL if reason else Outcome.COMPLETED,
        reason=reason,
    )


def _reported(item: Mapping[str, Any], position: str, document: Document) -> Reported:
    rule = required_text(item, "code", position, document)
    severity = _LEVELS.get(str(item.get("level")))
    return Reported(
        rule=rule,
        title=required_text(item, "message", position, document),
        severity=severity or Severity.INFO,
        severity_source="level" if severity else "default",
        path=required_text(item, "file", position, document),
        line=number(item.get("line")),
        column=number(item.get("column")),
        reference=_reference(rule),
    )


def _reference(rule: str) -> str | None:
    if re.fullmatch(r"DL\d{4}", rule):
        return f"https://github.com/hadolint/hadolint/wiki/{rule}"
    return f"https://www.shellcheck.net/wiki/{rule}" if re.fullmatch(r"SC\d{4}", rule) else None
