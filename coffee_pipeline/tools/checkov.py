"""Checkov: policies on infrastructure as code. Report format: Checkov 2 and 3, ``-o json``.

One object for each framework (Terraform, Kubernetes, Dockerfile...), in an array where there are
several; a bare summary of zeros, with exit code 0, where nothing was recognised. So a run counts
as complete only when every file that Checkov ought to know shows up in a check, passed or failed:
it passes over broken YAML, Dockerfiles of unusual names and, without Helm, charts. ``--quiet``
would leave out passed checks, and the evidence with them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import file_scan, hadolint, manifests, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    count,
    items,
    mapping,
    number,
    objects,
    severity_of,
    text,
)
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "checkov"
TITLE = "Checkov JSON"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource")
_SUMMARY = frozenset({"passed", "failed", "skipped", "checkov_version"})
_KINDS = {
    "secrets": FindingKind.SECRET,
    "sca_package": FindingKind.DEPENDENCY,
    "sca_image": FindingKind.CONTAINER,
}
_RESULTS = ("passed_checks", "failed_checks", "skipped_checks")
_SKIPPED = ("secrets", "sca_package", "sca_image", "sast")
"""Frameworks that are others' work here: gitleaks looks for secrets, in history too; the rest asks
a service. Without them Checkov reads no source code."""
_UNREAD = (".go", ".md", "go.mod", "go.sum")
_SUFFIXES = (".tf", ".json", ".yaml", ".yml")


def _wanted(path: str) -> bool:
    return path.endswith(_SUFFIXES) or hadolint.is_dockerfile(path)


def obstacle(target: Target) -> str | None:
    """No file of a sort that Checkov knows."""
    chosen = file_scan.files(target, _wanted)
    return file_scan.obstacle(target, NAME, chosen, "infrastructure files")


def inputs(target: Target) -> list[Path]:
    """Every file but those that no framework of Checkov's reads, and the checks of one's own."""
    checks = file_scan.setting_path(target, "checks")
    found = file_scan.every_file(target.folder) + (file_scan.every_file(checks) if checks else [])
    return [file for file in found if not file.name.endswith(_UNREAD)]


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means failed checks, 2 a crash. Settings: ``checks``, ``frameworks``."""
    checks = file_scan.setting_path(target, "checks")
    frameworks = target.settings.get("frameworks")
    if file_scan.whole_folder(target):
        what: tuple[str, ...] = ("--directory", ".")
    else:
        chosen = file_scan.files(target, _wanted)
        what = tuple(part for path in chosen for part in ("--file", *file_scan.arguments([path])))
    return Command(
        argv=(
            str(executable), "--output", "json", "--skip-download", "--compact", *what,
            "--skip-framework", *_SKIPPED,
            *(("--external-checks-dir", str(checks)) if checks else ()),
            *(("--framework", frameworks) if frameworks else ()),
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether all files that Checkov should know were checked."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    outcome, reason = report.outcome, report.reason
    if outcome is not Outcome.NOT_RUN:
        reason = file_scan.because(report.reason, _unseen(target, _checked(_parts(document))))
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def _unseen(target: Target, checked: set[str]) -> str | None:
    """Files that no check was made of though there are checks for their sort."""
    if target.settings.get("frameworks"):  # a choice of frameworks leaves files out on purpose
        return None
    chosen = file_scan.files(target, _wanted)
    expected = [path for path in chosen if _is_known(path) and path not in checked]
    charts = file_scan.files(target, lambda path: path.rpartition("/")[2] == "Chart.yaml")
    unrendered = [
        path
        for path in charts
        if not any(one.startswith(path.removesuffix("Chart.yaml")) for one in checked)
    ]
    return file_scan.because(
        f"no check was made of: {file_scan.named(expected)}" if expected else None,
        f"charts that were not rendered: {file_scan.named(unrendered)}" if unrendered else None,
        manifests.manifests(target).complaint,
    )


def _is_known(path: str) -> bool:
    """Sorts of files that always give at least one check."""
    return hadolint.is_dockerfile(path) or (
        ".github/workflows/" in f"/{path}" and path.endswith((".yml", ".yaml"))
    )


def recognises(document: Document) -> bool:
    """Results with failed checks, or the summary of a run that recognised nothing."""
    value = document.json_or_none()
    parts = [value] if isinstance(value, dict) else items(value)
    return bool(parts) and all(
        isinstance(part, dict) and (part.keys() >= _SUMMARY or _has_results(part)) for part in parts
    )


def _has_results(part: Mapping[str, Any]) -> bool:
    return "failed_checks" in mapping(part.get("results")) and (
        "check_type" in part or "summary" in part
    )


def read(document: Document) -> ReadReport:
    """Failed checks of all frameworks."""
    parts = _parts(document)
    problems = [
        _reported(check, str(part.get("check_type", "")))
        for part in parts
        for check in _checks(part, "failed_checks", document)
    ]
    summaries = [mapping(part.get("summary", part)) for part in parts]
    checks = sum(count(one.get(name)) or 0 for one in summaries for name in ("passed", "failed"))
    broken = sorted(
        str(path) for part in parts for path in items(_results(part).get("parsing_errors"))
    )
    outcome, reason = Outcome.COMPLETED, None
    if not checks and not problems:
        outcome, reason = Outcome.NOT_RUN, "Checkov recognised nothing that it could check"
    if broken:
        shown = file_scan.named([Path(path).name for path in broken])
        outcome, reason = Outcome.PARTIAL, f"could not be parsed: {shown}"
    return ReadReport(
        findings=problems,
        outcome=outcome,
        reason=reason,
        tool_version=next(
            (v for one in summaries if (v := text(one.get("checkov_version")))), None
        ),
        files_scanned=len(_checked(parts)) or None,
        checks_run=checks or None,
    )


def _parts(document: Document) -> Sequence[Mapping[str, Any]]:
    content = document.json
    parts = objects([content] if isinstance(content, dict) else content, "", document)
    for index, part in enumerate(parts):
        if not part.keys() >= _SUMMARY and "results" not in part:
            raise document.error(f"[{index}]", "no Checkov report: it has no 'results'")
        if not isinstance(part.get("results", {}), dict):
            raise document.error(f"[{index}].results", "a JSON object is expected")
    return parts


def _results(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(part.get("results"))


def _checks(part: Mapping[str, Any], name: str, document: Document) -> Sequence[Mapping[str, Any]]:
    return objects(_results(part).get(name), f"results.{name}", document)


def _checked(parts: Sequence[Mapping[str, Any]]) -> set[str]:
    """The files that a check was made of."""
    made = (
        check for part in parts for name in _RESULTS for check in items(_results(part).get(name))
    )
    return {path for check in made if (path := _path(mapping(check)))}


def _path(check: Mapping[str, Any]) -> str | None:
    """The file, relative to the folder that was scanned: Checkov puts a slash before it."""
    path = text(check.get("file_path")) or text(check.get("repo_file_path"))
    return path.replace("\\", "/").lstrip("/") or None if path else None


def _reported(check: Mapping[str, Any], framework: str) -> Reported:
    kind = _KINDS.get(framework)
    rule = text(check.get("check_id")) or "unnamed"
    lines = items(check.get("file_line_range"))
    advisory = mapping(check.get("vulnerability_details"))
    severity = severity_of(check.get("severity")) or severity_of(advisory.get("severity"))
    return Reported(
        rule=rule,
        title=text(check.get("check_name")) or rule,
        severity=severity or Severity.MEDIUM,
        severity_source="tool" if severity else "default",
        kind=kind,
        identifiers=[name for name in (text(check.get("bc_check_id")),
                                       text(advisory.get("id"))) if name],
        component=text(advisory.get("package_name")),
        component_version=text(advisory.get("package_version")),
        fixed_version=text(advisory.get("lowest_fixed_version")),
        cvss_vector=text(advisory.get("vector")),
        path=_path(check),
        line=number(lines[0]) if lines else None,
        resource=text(check.get("resource")),
        detail=None if kind is FindingKind.SECRET else "".join(_code(check)) or None,
        reference=text(check.get("guideline")),
    )  # fmt: skip


def _code(check: Mapping[str, Any]) -> Iterator[str]:
    """Lines of the flagged block, which come as pairs of number and text."""
    for pair in items(check.get("code_block")):
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str):
            yield pair[1]
