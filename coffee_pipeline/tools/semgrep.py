"""Semgrep: rules that match code by its structure. Report format: ``semgrep scan --json``.

Only rules from local folders are used: a name such as ``p/golang`` would be fetched. Semgrep exits
0 where it scanned no file, where a rule cannot be used and where a file cannot be parsed; the
report says each, if asked for its times (``--time`` lists the rules that were loaded). Its own
default ignore list leaves out tests and vendored code.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.file_scan import every_file
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport
from coffee_pipeline.tools.semgrep_results import (
    code_findings,
    complaints,
    dependency_findings,
    platform_findings,
)

NAME = "semgrep"
TITLE = "Semgrep JSON"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "code", "component")
RULES = "semgrep_rules"
"""The setting with the folders of rules, as many as wanted, separated by ``os.pathsep``."""
SCRATCH = "scratch"
"""The setting with a folder for what a tool wants to leave behind."""
_KEYS = {
    "results", "errors", "paths", "version", "time", "skipped_rules", "engine_requested",
    "interfile_languages_used", "profiling_results", "stats", "explanations", "subprojects",
    "rules_by_engine", "mcp_scan_results", "skipped_targets",
}  # fmt: skip
_RULE_FILES = (".yaml", ".yml")


def obstacle(target: Target) -> str | None:
    """No folder of rules, or one without a rule: nothing would be found."""
    folders = _folders(target)
    if not folders:
        return f"no rules: set {RULES} to folders of Semgrep rules"
    for folder in folders:
        if not folder.is_dir():
            return f"{folder}: the folder of Semgrep rules is not there"
        if not any(file.suffix in _RULE_FILES for file in folder.rglob("*")):
            return f"{folder}: holds no Semgrep rule (*.yaml)"
    return None


def inputs(target: Target) -> list[Path]:
    """The files of the folder, and the rules."""
    return [file for folder in (target.folder, *_folders(target)) for file in every_file(folder)]


def command(target: Target, executable: Path) -> Command:
    """A scan of the module's folder; findings do not change the exit code without ``--error``."""
    rules = tuple(part for folder in _folders(target) for part in ("--config", str(folder)))
    scratch = Path(target.settings.get(SCRATCH) or tempfile.gettempdir())
    return Command(
        argv=(
            str(executable), "scan", "--json", "--time", "--metrics=off",
            "--disable-version-check", "--no-rewrite-rule-ids", *rules, ".",
        ),
        cwd=target.folder,
        environment={
            **target.environment,
            "SEMGREP_SEND_METRICS": "off",
            # Not the null device: Semgrep replaces the file, and as root it can.
            "SEMGREP_LOG_FILE": str(scratch / "semgrep.log"),
            "SEMGREP_SETTINGS_FILE": str(scratch / "semgrep-settings.yml"),
        },
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and positive evidence that rules were loaded and files scanned."""
    early = scan_record.ended_early(NAME, output)
    if early is None and not output.answered:
        early = f"semgrep ended with exit code {output.exit_code}: {_words(output)}"
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    document = Document(output.stdout, "semgrep output")
    report = read(document)
    outcome, reason = report.outcome, report.reason
    if report.files_scanned and not report.checks_run:
        outcome, reason = Outcome.NOT_RUN, "semgrep loaded no rule for the files"
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Results with check ids; or none, and no key that Semgrep does not write; or an export."""
    value = document.json_or_none()
    if not isinstance(value, dict):
        return False
    first = mapping(next(iter(items(value.get("vulns"))), None))
    if {"advisory", "dependencyFileLocation"} <= first.keys():
        return True
    first = mapping(next(iter(items(value.get("findings"))), None))
    if {"rule_name", "location", "match_based_id"} <= first.keys():
        return True
    results = value.get("results")
    if not isinstance(results, list):
        return False
    if results:
        return {"check_id", "extra", "path"} <= mapping(results[0]).keys()
    return isinstance(value.get("errors"), list) and value.keys() <= _KEYS


def read(document: Document) -> ReadReport:
    """The results of a scan, the vulnerabilities of Supply Chain, or the platform's findings."""
    value = document.json
    if not isinstance(value, dict) or not ({"results", "vulns", "findings"} & value.keys()):
        raise document.error("line 1", "no Semgrep report: no 'results', 'vulns' or 'findings'")
    if "results" not in value and "vulns" not in value:
        # The platform gives 100 a page and does not say whether there are more.
        return ReadReport(
            findings=platform_findings(value["findings"], document),
            outcome=Outcome.PARTIAL,
            reason="the export does not say whether it holds all findings",
        )
    if "results" not in value:
        more = value.get("hasMore") is True
        return ReadReport(
            findings=dependency_findings(value["vulns"], document),
            outcome=Outcome.PARTIAL if more else Outcome.COMPLETED,
            reason="a page of the export: Semgrep has more of it" if more else None,
        )
    paths = mapping(value.get("paths"))
    scanned = paths.get("scanned")
    rules = mapping(value.get("time")).get("rules")
    report = ReadReport(
        findings=code_findings(value["results"], document),
        tool_version=text(value.get("version")),
        files_scanned=len(scanned) if isinstance(scanned, list) else None,
        checks_run=len(rules) if isinstance(rules, list) else None,
    )
    outcome, reason = _trust(value, report)
    return replace(report, outcome=outcome, reason=reason)


def _trust(value: Mapping[str, Any], report: ReadReport) -> tuple[Outcome, str | None]:
    said = complaints(value.get("errors"))
    if report.files_scanned == 0 and not report.findings:
        return (Outcome.FAILED, said[0]) if said else (Outcome.NOT_RUN, "semgrep scanned no file")
    if said:
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        return Outcome.PARTIAL, f"semgrep could not do all of it{more}: {said[0]}"
    if not report.findings and report.files_scanned is None:
        return Outcome.PARTIAL, "the report does not say that any file was scanned"
    return Outcome.COMPLETED, None


def _folders(target: Target) -> list[Path]:
    setting = target.settings.get(RULES, "")
    return [Path(folder) for folder in setting.split(os.pathsep) if folder]


def _words(output: Output) -> str:
    """Errors stand in the report, not on stderr."""
    value = Document(output.stdout, NAME).json_or_none()
    said = complaints(mapping(value).get("errors"))
    return said[0] if said else excerpt(output.tail(1) or "it says nothing", 300)
