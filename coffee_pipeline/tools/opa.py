"""OPA: unit tests of policies, and decisions. Formats: ``opa test`` and ``opa eval``, JSON.

Without a setting it runs the policies' tests. With ``query`` it evaluates that query with all
manifests as input: an array of ``{"path", "contents"}``, as conftest's ``--combine`` gives it. An
empty folder of policies is no error to OPA: tests print ``[]``, a query ``{}``. Both are no answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import file_scan, manifests, opa_reports, rego, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping
from coffee_pipeline.tools.reported import ReadReport

NAME = "opa"
TITLE = "OPA test and eval JSON"
KIND = FindingKind.COMPLIANCE
IDENTITY = ("rule", "path", "resource", "title")
_NO_TESTS = b"no tests were run"


def obstacle(target: Target) -> str | None:
    """No policy; for a query also no manifest. Settings: ``policies``, ``query``."""
    nothing = rego.obstacle(target, NAME)
    if nothing or "query" not in target.settings:
        return nothing
    return file_scan.obstacle(target, NAME, manifests.manifests(target).files, "manifests")


def command(target: Target, executable: Path) -> Command:
    """Exit code 2 means failed tests (or errors in a query), 1 that nothing was run."""
    policies = str(file_scan.setting_path(target, "policies"))
    query = target.settings.get("query")
    if query is None:
        arguments: tuple[str, ...] = ("test", "--format", "json", "--fail-on-empty", policies)
    else:
        arguments = ("eval", "--format", "json", "--data", policies, "--stdin-input", query)
    return Command(
        argv=(str(executable), *arguments),
        cwd=target.folder,
        environment=target.environment,
        stdin=None if query is None else _input(target),
        answers=frozenset({0, 1, 2}),
        timeout_seconds=target.timeout_seconds,
    )


def _input(target: Target) -> bytes:
    """Every object with its file, relative to the target's folder.

    Dates and other values that JSON has not become text.
    """
    entries = [
        {"path": path, "contents": one}
        for path in manifests.manifests(target).files
        for one in manifests.objects_in(target.folder / path) or ()
    ]
    return json.dumps(entries, default=str, skipkeys=True).encode()


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and whether tests were run or the query was defined."""
    if output.answered and _NO_TESTS in output.stderr:
        return scan_record.report(
            NAME, target, Outcome.NOT_RUN, "there are no tests of the policies",
            version=version, output=output,
        )  # fmt: skip
    document = file_scan.answer(NAME, target, output, version)
    if isinstance(document, Report):
        return document
    report = read(document)
    report = replace(report, findings=rego.placed(report.findings, target))
    unreadable = manifests.manifests(target).complaint if "query" in target.settings else None
    if report.outcome is Outcome.COMPLETED and unreadable:
        report = replace(report, outcome=Outcome.PARTIAL, reason=unreadable)
    return scan_record.of_read(
        sys.modules[__name__], target, report, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Test results, or the result (or the errors) of a query."""
    value = document.json_or_none()
    if isinstance(value, list):
        return bool(value) and all(
            {"location", "package", "name", "duration"} <= mapping(one).keys() for one in value
        )
    result = mapping(value).get("result")
    return (
        isinstance(result, list)
        and bool(result)
        and all(_are_expressions(mapping(one).get("expressions")) for one in result)
    )


def _are_expressions(value: Any) -> bool:
    return isinstance(value, list) and all(
        {"value", "text"} <= mapping(one).keys() for one in value
    )


def read(document: Document) -> ReadReport:
    """Tests that fail, or what a query says is wrong."""
    content: Any = document.json
    if isinstance(content, dict):
        return opa_reports.decisions(content, document)
    if content is not None and not isinstance(content, Sequence):
        raise document.error("line 1", "no OPA report: tests or the result of a query are expected")
    return opa_reports.tests(content, document)
