"""zizmor: weaknesses of GitHub Actions workflows. Report format: ``--format json`` (v1).

Workflows that it cannot parse are only warned of on stderr, with exit code 0; so the files that it
says it completed are counted. It runs offline: audits that ask GitHub are not made.
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
from coffee_pipeline.tools.json_fields import (
    items,
    mapping,
    objects,
    required_text,
    severity_of,
    text,
)
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "zizmor"
TITLE = "zizmor JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "code")
_WORKFLOW = re.compile(r"(?:.*/)?\.github/workflows/[^/]+\.ya?ml|(?:.*/)?action\.ya?ml")
_COMPLETED = re.compile(r"completed (\S.*?)\s*$", re.MULTILINE)
_WARNING = re.compile(r"^\s*WARN .*?: (failed to .*)$", re.MULTILINE)
_NOTHING = 3
_ANSWERS = frozenset({0, _NOTHING, 10, 11, 12, 13, 14})
"""0: nothing found; 3: no input could be audited; from 10: the highest severity found."""


def _wanted(path: str) -> bool:
    return _WORKFLOW.fullmatch(path) is not None


def obstacle(target: Target) -> str | None:
    """No workflow and no action."""
    return file_scan.obstacle(target, NAME, file_scan.files(target, _wanted), "workflows")


def command(target: Target, executable: Path) -> Command:
    """Exit codes from 10 mean findings."""
    chosen = file_scan.arguments(file_scan.files(target, _wanted))
    return Command(
        argv=(str(executable), "--offline", "--no-progress", "--format", "json", *chosen),
        cwd=target.folder,
        environment=target.environment,
        answers=_ANSWERS,
        timeout_seconds=target.timeout_seconds,
    )


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether every workflow was audited."""
    words = output.stderr.decode("utf-8", "replace")
    if output.answered and output.exit_code == _NOTHING:
        why = f"no workflow could be audited: {_warnings(words) or 'zizmor knows none of them'}"
        return scan_record.report(
            NAME, target, Outcome.NOT_RUN, why, version=version, output=output
        )
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    audited = len(set(_COMPLETED.findall(words)))
    given = len(file_scan.files(target, _wanted))
    outcome, reason = Outcome.COMPLETED, ""
    if audited == 0:
        outcome, reason = Outcome.NOT_RUN, "zizmor names no workflow that it has audited"
    elif audited < given:
        said = f": {_warnings(words)}" if _warnings(words) else ""
        outcome, reason = Outcome.PARTIAL, f"{audited} of {given} workflows were audited{said}"
    report = replace(read(document), outcome=outcome, reason=reason or None, files_scanned=audited)
    return scan_record.of_read(
        sys.modules[__name__], target, report, version=version, output=output
    )


def _warnings(words: str) -> str:
    return file_scan.named([found.strip() for found in _WARNING.findall(words)])


def recognises(document: Document) -> bool:
    """An array of findings with determinations; an empty one could be anyone's."""
    value = document.json_or_none()
    return (
        isinstance(value, list)
        and bool(value)
        and all({"ident", "determinations", "locations"} <= mapping(one).keys() for one in value)
    )


def read(document: Document) -> ReadReport:
    """All findings; those that a comment or the configuration ignores are suppressed."""
    if not isinstance(document.json, list):
        raise document.error("line 1", "no zizmor report: an array of findings is expected")
    problems = [
        _reported(item, f"[{number}]", document)
        for number, item in enumerate(objects(document.json, "", document))
    ]
    reason = None if problems else "an empty report does not say which workflows were audited"
    return ReadReport(
        findings=problems,
        outcome=Outcome.PARTIAL if reason else Outcome.COMPLETED,
        reason=reason,
    )


def _reported(item: Mapping[str, Any], position: str, document: Document) -> Reported:
    said = mapping(item.get("determinations"))
    severity = severity_of(said.get("severity"))
    places = [mapping(place) for place in items(item.get("locations"))]
    primary = next((one for one in places if _is_primary(mapping(one.get("symbolic")))), None)
    place = primary or (places[0] if places else {})
    symbolic, concrete = mapping(place.get("symbolic")), mapping(place.get("concrete"))
    start = mapping(mapping(concrete.get("location")).get("start_point"))
    confidence = text(said.get("confidence"))
    rule = required_text(item, "ident", position, document)
    notes = (text(mapping(one.get("symbolic")).get("annotation")) for one in places)
    return Reported(
        rule=rule,
        title=text(item.get("desc")) or rule,
        severity=severity or Severity.INFO,
        severity_source="tool" if severity else "default",
        path=_path(mapping(symbolic.get("key"))),
        line=_from_one(start.get("row")),
        column=_from_one(start.get("column")),
        code=text(concrete.get("feature")),
        confidence=confidence.lower() if confidence else None,
        suppressed="ignored by a comment or by zizmor's configuration"
        if item.get("ignored") is True
        else None,
        detail="; ".join(dict.fromkeys(note for note in notes if note)) or None,
        reference=text(item.get("url")),
    )


def _is_primary(symbolic: Mapping[str, Any]) -> bool:
    """Its ``kind`` says so; in older versions a ``primary`` of its own did."""
    return symbolic.get("kind") == "Primary" or symbolic.get("primary") is True


def _path(key: Mapping[str, Any]) -> str | None:
    """The file of a location: local as it was named, or of a repository."""
    local, remote = mapping(key.get("Local")), mapping(key.get("Remote"))
    return (
        text(local.get("verbatim_path"))
        or text(local.get("given_path"))
        or text(remote.get("path"))
    )


def _from_one(value: object) -> int | None:
    """Rows and columns count from 0 there."""
    return value + 1 if type(value) is int and 0 <= value < 10**9 else None
