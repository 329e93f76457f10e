"""gator: Gatekeeper's constraints on manifests. Report format: ``gator test -o json``.

Without a constraint, or with none that matches any object, it prints ``null`` and exits 0, just as
when nothing is wrong. With ``--stats`` it also says which templates were evaluated: that is the
evidence asked for here.
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
from coffee_pipeline.tools.json_fields import count, items, mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "gator"
TITLE = "gator test JSON"
KIND = FindingKind.COMPLIANCE
IDENTITY = ("rule", "resource", "title")
_SEVERITIES = {"deny": Severity.HIGH, "warn": Severity.MEDIUM, "dryrun": Severity.LOW}
_FIELDS = frozenset({"target", "violatingObject", "constraint"})
_TEMPLATE, _CONSTRAINTS = "ConstraintTemplate", "constraints.gatekeeper.sh/"


def obstacle(target: Target) -> str | None:
    """No constraint or no template of it, or nothing to hold against them."""
    policies = file_scan.setting_path(target, "policies")
    if policies is None:
        return "no constraints are configured for gator"
    if not policies.exists():
        return f"{policies}: the constraints are not there"
    templates, constraints = _rules(_rule_folders(policies))
    if not templates or not constraints:
        what = "constraint" if templates else "constraint template"
        return f"{policies}: there is no {what} in it; everything would pass"
    return file_scan.obstacle(target, NAME, _chosen(target).files, "manifests")


def _rule_folders(policies: Path) -> list[Path]:
    """Folders of templates and of constraints; examples beside them are no part of the platform."""
    parts = [policies / "templates", policies / "constraints"]
    return parts if all(part.is_dir() for part in parts) else [policies]


def _rules(folders: Sequence[Path]) -> tuple[int, int]:
    """How many templates and how many constraints there are."""
    found = [
        one
        for folder in folders
        for file in file_scan.files_below(folder, ".yaml", ".yml", ".json")
        for one in manifests.objects_in(file) or ()
    ]
    constraints = sum(str(one.get("apiVersion")).startswith(_CONSTRAINTS) for one in found)
    return sum(one.get("kind") == _TEMPLATE for one in found), constraints


def _chosen(target: Target) -> manifests.Manifests:
    """Manifests outside of the policies' own folder, which is given once already."""
    policies = file_scan.setting_path(target, "policies")
    found = manifests.manifests(target)
    if policies is None:
        return found
    kept = [
        path
        for path in found.files
        if not (target.folder / path).resolve().is_relative_to(policies.resolve())
    ]
    return replace(found, files=tuple(kept))


def files_given(target: Target) -> Sequence[str]:
    """Manifests: none is evaluated when one of them cannot be read."""
    return _chosen(target).files


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means violations that are denied, or an error: then nothing is printed."""
    policies = file_scan.setting_path(target, "policies")
    rules = map(str, _rule_folders(policies)) if policies is not None else ()
    chosen = _chosen(target).files
    return Command(
        argv=(
            str(executable), "test", "--output", "json", "--stats",
            *(part for path in (*rules, *chosen) for part in ("--filename", path)),
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings with the files of the objects, and whether constraints were evaluated."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    chosen = _chosen(target)
    report = read(document)
    places = {
        manifests.reference(one): path
        for path in chosen.files
        for one in manifests.objects_in(target.folder / path) or ()
    }
    problems = [replace(one, path=places.get(one.resource or "")) for one in report.findings]
    outcome, reason = report.outcome, report.reason
    if not report.checks_run:
        outcome, reason = Outcome.NOT_RUN, "no constraint was evaluated on any object"
    elif chosen.complaint:
        outcome, reason = Outcome.PARTIAL, chosen.complaint
    report = replace(report, findings=problems, reason=None, files_scanned=len(chosen.files))
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Violations with their constraint and object, alone or beside statistics."""
    value = document.json_or_none()
    if isinstance(value, dict):
        if value.keys() != {"results", "stats"} or not isinstance(value["stats"], list):
            return False
        if not all({"scope", "statsFor"} <= mapping(one).keys() for one in value["stats"]):
            return False
        value = value["results"]
        return value is None or _are_results(value)
    return bool(value) and _are_results(value)


def _are_results(value: object) -> bool:
    return isinstance(value, list) and all(mapping(one).keys() >= _FIELDS for one in value)


def read(document: Document) -> ReadReport:
    """All violations, whatever is to be done about them."""
    content = document.json
    stats: Sequence[Mapping[str, Any]] = ()
    if isinstance(content, dict):
        if "results" not in content:
            raise document.error("line 1", "no gator report: it has no 'results'")
        stats = objects(content.get("stats"), "stats", document)
        content = content["results"]
    problems = [
        _reported(item, f"[{number}]", document)
        for number, item in enumerate(objects(content, "", document))
    ]
    evaluated = sum(_evaluations(entry) for entry in stats)
    reason = None
    if not problems and not evaluated:
        reason = "the report does not say that any constraint was evaluated"
    return ReadReport(
        findings=problems,
        outcome=Outcome.PARTIAL if reason else Outcome.COMPLETED,
        reason=reason,
        checks_run=evaluated or None,
    )


def _evaluations(entry: Mapping[str, Any]) -> int:
    """How many constraints one template was evaluated for, on one object."""
    if entry.get("scope") != "template":
        return 0
    values = (mapping(one) for one in items(entry.get("stats")))
    counts = [
        count(one.get("value")) or 0 for one in values if one.get("name") == "constraintCount"
    ]
    return sum(counts) if counts else 1


def _reported(item: Mapping[str, Any], position: str, document: Document) -> Reported:
    if not isinstance(item.get("violatingObject"), dict):
        raise document.error(position, "'violatingObject' is missing")
    constraint = mapping(item.get("constraint"))
    severity = min((_SEVERITIES[one] for one in _actions(item)), key=list(Severity).index)
    name = manifests.reference(constraint) or "unnamed"
    return Reported(
        rule=name,
        title=text(item.get("msg")) or name,
        severity=severity,
        severity_source="enforcement action",
        resource=manifests.reference(item["violatingObject"]) or None,
    )


def _actions(item: Mapping[str, Any]) -> list[str]:
    """What is to be done, of the known words; deny where none is."""
    actions = (item.get("enforcementAction"), *items(item.get("scopedActions")))
    said = [one for one in actions if isinstance(one, str) and one in _SEVERITIES]
    return said or ["deny"]
