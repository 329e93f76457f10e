"""kubeconform: Kubernetes objects against their schemas. Report format: ``-output json``.

Schemas are read from a folder (setting ``schemas``; Kubernetes' own are written to one by
:mod:`.kubernetes_schemas`): the default location is on the network. A
kind that no schema is there for is not valid but unknown, and the outcome says so;
``-ignore-missing-schemas`` would leave it out silently. ``-verbose`` lists valid objects, which is
the evidence that anything was validated.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import file_scan, kubeconform_listed, manifests, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import count, items, mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "kubeconform"
TITLE = "kubeconform JSON, JUnit, TAP"
KIND = FindingKind.INFRASTRUCTURE
IDENTITY = ("rule", "path", "resource", "fingerprint")
_LAYOUT = "{{.ResourceKind}}{{.KindSuffix}}.json"
_INVALID, _ERROR, _VALID = "statusInvalid", "statusError", "statusValid"
_NO_SCHEMA = ("could not find schema", "failed downloading schema", "failed parsing schema")
_PLACES = re.compile(r"- at '([^']*)': (.+?)(?=\s+- at '|$)", re.DOTALL)
"""What is wrong at which places, in the words of the library that validates; it says more than
``validationErrors``, which name the object around the place where a type is wrong."""
_URL = re.compile(r" with 'file:[^']*'")
"""Where the schema is: on another machine it is elsewhere."""
_STATUSES = frozenset({_INVALID, _ERROR, _VALID, "statusSkipped", ""})


def obstacle(target: Target) -> str | None:
    """No schemas, or no manifest."""
    schemas = _schema_folder(target)
    if schemas is None:
        return "no folder with Kubernetes schemas is configured"
    if not schemas.is_dir() or not file_scan.files_below(schemas, ".json"):
        return f"{schemas}: there are no schemas in it"
    return file_scan.obstacle(target, NAME, manifests.manifests(target).files, "manifests")


def _schema_folder(target: Target) -> Path | None:
    """The folder of a location, which may end in a pattern of its own."""
    location = file_scan.setting_path(target, "schemas")
    return Path(str(location).partition("{{")[0]) if location else None


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means invalid objects, unknown kinds or unreadable files."""
    location = str(file_scan.setting_path(target, "schemas"))
    if "{{" not in location:
        location = f"{location}/{_LAYOUT}"
    chosen = file_scan.arguments(manifests.manifests(target).files)
    return Command(
        argv=(
            str(executable), "-output", "json", "-summary", "-verbose",
            "-schema-location", location, *chosen,
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether every object was validated."""
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    outcome, reason = report.outcome, report.reason
    if outcome is not Outcome.NOT_RUN:
        reason = file_scan.because(report.reason, manifests.manifests(target).complaint)
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Resources with kubeconform's words for a status, or with its summary; JUnit; TAP."""
    if not document.is_json_like:
        return kubeconform_listed.resources(document) is not None
    value = mapping(document.json_or_none())
    resources = value.get("resources")
    if not isinstance(resources, list):
        return False
    if not resources:
        return {"valid", "invalid", "errors", "skipped"} <= mapping(value.get("summary")).keys()
    return all(
        isinstance(mapping(one).get("status"), str)
        and one["status"] in _STATUSES
        and {"filename", "msg"} <= one.keys()
        for one in resources
    )


def read(document: Document) -> ReadReport:
    """Objects that break their schema, and files that hold no object at all."""
    content = _content(document)
    resources = objects(content["resources"], "resources", document)
    unknown = [one for one in resources if _has_no_schema(one)]
    broken = [one for one in resources if one.get("status") == _ERROR and one not in unknown]
    invalid = [one for one in resources if one.get("status") == _INVALID]
    summary = mapping(content.get("summary"))
    valid = count(summary.get("valid"))
    if valid is None:
        valid = sum(one.get("status") == _VALID for one in resources)
    validated = valid + len(invalid)
    kinds = sorted({str(one.get("kind")) for one in unknown})
    reason = file_scan.because(
        f"no schema for: {file_scan.named(kinds)}" if kinds else None,
        f"could not be read: {file_scan.named(_names(broken))}" if broken else None,
    )
    outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    if not validated and not broken:
        outcome, reason = Outcome.NOT_RUN, reason or "no object was validated"
    return ReadReport(
        findings=[_reported(one) for one in (*invalid, *broken)],
        outcome=outcome,
        reason=reason,
        files_scanned=len(set(_names(resources))) or None,
        checks_run=validated,
    )


def _content(document: Document) -> Mapping[str, Any]:
    listed = None if document.is_json_like else kubeconform_listed.resources(document)
    content = document.json if listed is None else {"resources": listed}
    if not isinstance(content, dict) or "resources" not in content:
        raise document.error("line 1", "no kubeconform report: it has no 'resources'")
    return content


def _has_no_schema(resource: Mapping[str, Any]) -> bool:
    words = str(resource.get("msg"))
    if resource.get("status") == "statusSkipped":
        return True
    return resource.get("status") == _ERROR and any(part in words for part in _NO_SCHEMA)


def _names(resources: Any) -> list[str]:
    return sorted({str(one.get("filename")) for one in resources})


def _reported(resource: Mapping[str, Any]) -> Reported:
    invalid = resource.get("status") == _INVALID
    errors = [mapping(one) for one in items(resource.get("validationErrors")) if mapping(one)]
    said = [f"{one.get('path')}: {one.get('msg')}" for one in errors]
    words = _URL.sub("", text(resource.get("msg")) or "the object does not match its schema")
    said = [f"{place or '/'}: {why}" for place, why in _PLACES.findall(words)] or said
    parts = (text(resource.get("kind")), text(resource.get("name")))
    return Reported(
        rule="schema" if invalid else "unreadable",
        title=said[0] if said else words,
        severity=Severity.MEDIUM,
        severity_source="default",
        path=text(resource.get("filename")),
        resource="/".join(part for part in parts if part) or None,
        fingerprint=text(resource.get("version")),
        detail="\n".join(said) or words,
    )
