"""Snyk Code: ``snyk code test --json``, SARIF with a coverage table and Snyk's own levels.

Snyk documents its levels as error = high, warning = medium, note = low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import sarif
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, number
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "snyk_code"
TITLE = "Snyk Code JSON (SARIF)"
KIND = FindingKind.SAST
IDENTITY = sarif.IDENTITY
_DRIVER = "snykcode"


def recognises(document: Document) -> bool:
    """SARIF of the driver SnykCode."""
    drivers = sarif.drivers(document)
    return bool(drivers) and all(name.lower() == _DRIVER for name in drivers)


def read(document: Document) -> ReadReport:
    """The results; partial where files could not be parsed, not run where none was supported."""
    value = document.json
    logs = value if isinstance(value, list) else [value]
    if len(logs) != 1:
        raise document.error("line 1", "one SARIF log is expected")
    return read_log(logs[0], document)


def read_log(log: object, document: Document) -> ReadReport:
    """The same of one log inside of a document.

    Raises:
        ParseError: ``log`` is no SARIF 2.
    """
    report = sarif.read_log(log, document)
    files, failed = _coverage(log)
    outcome, reason = report.outcome, report.reason
    if files == 0 and not report.findings:
        outcome, reason = Outcome.NOT_RUN, "Snyk Code analysed no file"
    elif failed and outcome is Outcome.COMPLETED:
        outcome, reason = Outcome.PARTIAL, f"{failed} files could not be parsed"
    return replace(
        report,
        findings=_with_levels(report.findings),
        outcome=outcome,
        reason=reason,
        files_scanned=files if files is not None else report.files_scanned,
    )


def _with_levels(found: Sequence[Reported]) -> list[Reported]:
    return [
        replace(one, severity=Severity.LOW)
        if one.severity is Severity.INFO and one.severity_source == "level"
        else one
        for one in found
    ]


def _coverage(log: object) -> tuple[int | None, int]:
    """(files that were analysed, files that could not be); None without a coverage table."""
    analysed: int | None = None
    failed = 0
    for run in items(mapping(log).get("runs")):
        for row in map(mapping, items(mapping(mapping(run).get("properties")).get("coverage"))):
            count = number(row.get("files")) or 0
            analysed = analysed or 0
            if row.get("isSupported") is True:
                analysed += count
            elif row.get("type") == "FAILED_PARSING":
                failed += count
    return analysed, failed
