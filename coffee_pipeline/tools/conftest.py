"""conftest: Rego policies on configuration files. Report format: ``conftest test -o json``.

A namespace that no policy is in gives "0 successes" and exit code 0, so a run counts only with
rules that were evaluated. ``deny`` and ``violation`` are high and ``warn`` is medium, where the
policy itself does not say in its metadata.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import conftest_listed, file_scan, manifests, rego, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    count,
    mapping,
    number,
    objects,
    severity_of,
    text,
)
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "conftest"
TITLE = "conftest JSON, JUnit, TAP"
KIND = FindingKind.COMPLIANCE
IDENTITY = ("rule", "path", "resource", "title")
_SEVERITIES = {"failures": Severity.HIGH, "warnings": Severity.MEDIUM}
_EVALUATED = ("failures", "warnings", "exceptions")
_FIELDS = frozenset({"filename", "successes"})


def obstacle(target: Target) -> str | None:
    """No policy, or nothing to apply them to. Setting: ``policies``."""
    chosen = _chosen(target).files
    return rego.obstacle(target, NAME) or file_scan.obstacle(target, NAME, chosen, "manifests")


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means violations, or an error: then nothing is printed.

    Settings: ``namespace`` (else all of them), ``data``.
    """
    policies, data = (file_scan.setting_path(target, name) for name in ("policies", "data"))
    namespace = target.settings.get("namespace")
    return Command(
        argv=(
            str(executable), "test", "--output", "json", "--no-color", "--policy", str(policies),
            *(("--data", str(data)) if data else ()),
            *(("--namespace", namespace) if namespace else ("--all-namespaces",)),
            *file_scan.arguments(_chosen(target).files),
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def _chosen(target: Target) -> manifests.Manifests:
    """Manifests; of named files also those that are no YAML (Dockerfiles, Terraform...)."""
    found = manifests.manifests(target)
    others = file_scan.files(target, lambda _: False)
    more = {path for path in others if path not in found.unreadable}
    return replace(found, files=tuple(sorted(more.union(found.files))))


def files_given(target: Target) -> Sequence[str]:
    """Files to check: none is when one of them cannot be read."""
    return _chosen(target).files


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether rules were evaluated on every file."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    report = replace(report, findings=rego.placed(report.findings, target))
    outcome, reason = report.outcome, report.reason
    if outcome is Outcome.COMPLETED:
        chosen = _chosen(target)
        given, seen = len(chosen.files), report.files_scanned or 0
        short = f"rules were evaluated on {seen} of {given} files" if seen < given else None
        reason = file_scan.because(short, chosen.complaint)
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """An array of checked files with the number of successes, or the same as JUnit or TAP."""
    value = document.json_or_none()
    if value is None:
        return conftest_listed.entries(document) is not None
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and entry.keys() >= _FIELDS for entry in value)
    )


def read(document: Document) -> ReadReport:
    """Failures and warnings; exceptions and skipped rules are no findings."""
    content = None if document.is_json_like else conftest_listed.entries(document)
    if content is None:
        content = document.json
    if content is not None and not isinstance(content, list):
        raise document.error("line 1", "no conftest report: an array of files is expected")
    problems: list[Reported] = []
    checks = 0
    seen: set[str] = set()
    for index, entry in enumerate(objects(content, "", document)):
        position = f"[{index}]"
        made = _successes(entry.get("successes"))
        made += sum(len(objects(entry.get(name), position, document)) for name in _EVALUATED)
        if made:
            seen.add(str(entry.get("filename")))
        checks += made
        problems.extend(
            _reported(result, entry, severity)
            for name, severity in _SEVERITIES.items()
            for result in _results(entry, name, position, document)
        )
    return ReadReport(
        findings=problems,
        outcome=Outcome.COMPLETED if checks else Outcome.NOT_RUN,
        reason=None if checks else "no rule was evaluated: no policy is in the namespace",
        files_scanned=len(seen),
        checks_run=checks,
    )


def _successes(value: object) -> int:
    """A number; in older versions a list of them."""
    return len(value) if isinstance(value, list) else count(value) or 0


def _results(
    entry: Mapping[str, Any], name: str, position: str, document: Document
) -> Sequence[Mapping[str, Any]]:
    return objects(entry.get(name), f"{position}.{name}", document)


def _reported(result: Mapping[str, Any], entry: Mapping[str, Any], severity: Severity) -> Reported:
    metadata, place = mapping(result.get("metadata")), mapping(result.get("loc"))
    said = severity_of(metadata.get("severity"))
    query = text(metadata.get("query"))
    return Reported(
        rule=rego.rule_of(metadata) or query or f"{text(entry.get('namespace')) or 'main'} policy",
        title=text(result.get("msg")) or query or "policy violation",
        severity=said or severity,
        severity_source="policy" if said else "rule",
        path=text(place.get("file")) or text(entry.get("filename")),
        line=number(place.get("line")),
        resource=text(metadata.get("resource")),
        detail=text(metadata.get("details")) or text(metadata.get("description")),
        reference=text(metadata.get("url")) or text(metadata.get("reference")),
    )
