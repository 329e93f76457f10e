"""The Scan record of a run that has no report to fill it from, or that has one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.findings import (
    DETAIL_CHARACTERS,
    TITLE_CHARACTERS,
    Attribute,
    clean,
    findings_of,
)
from coffee_pipeline.tools.go_messages import Complaint, complaint, first_line
from coffee_pipeline.tools.reported import ReadReport, ReportFormat


def report(
    tool: str,
    target: Target,
    outcome: Outcome,
    reason: str | None,
    *,
    version: str | None = None,
    findings: Sequence[Finding] | None = None,
    output: Output | None = None,
    packages: int | None = None,
    files: int | None = None,
    lines: int | None = None,
    checks: int | None = None,
    database_date: datetime | None = None,
    database_entries: int | None = None,
    left_out: int = 0,
) -> Report:
    """A report of one Scan and its findings; ``findings`` None means that there is no answer."""
    started_at = output.started_at if output else datetime.now(UTC)
    seconds = output.duration_seconds if output else 0.0
    reason, version = clean(reason, DETAIL_CHARACTERS), clean(version, TITLE_CHARACTERS)
    scan = Scan(
        tool=tool,
        tool_version=version,
        scope=target.scope_name,
        service=target.service,
        environment=target.seen_in,
        image_digest=target.image_digest,
        revision=target.revision,
        outcome=outcome.value,
        reason=reason,
        findings=None if findings is None else len(findings),
        packages_scanned=_held(packages),
        files_scanned=_held(files),
        lines_scanned=_held(lines),
        checks_run=_held(checks),
        database_date=database_date,
        database_entries=_held(database_entries),
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=seconds),
    )
    return Report(
        outcome=outcome, reason=reason, records=(scan, *(findings or ())), left_out=left_out
    )


def _held(number: int | None) -> int | None:
    """A count that the history can hold, of 64 bits; any other says nothing."""
    return number if number is not None and 0 <= number < 1 << 63 else None


def of_read(
    tool: ReportFormat,
    target: Target,
    read: ReadReport,
    outcome: Outcome | None = None,
    reason: str | None = None,
    *,
    version: str | None = None,
    output: Output | None = None,
    attribute: Attribute | None = None,
) -> Report:
    """The report of what a format read: one Scan and its findings.

    ``outcome`` and ``reason`` are a judgement of more than the report itself (an exit code, what
    was on stderr); without them those of the report stand. ``attribute`` as in
    :func:`~coffee_pipeline.tools.findings.findings_of`.
    """
    found, left_out = findings_of(
        tool.NAME, tool.KIND, tool.IDENTITY, read.findings, target, attribute
    )
    outcome = outcome or read.outcome
    answered = outcome in (Outcome.COMPLETED, Outcome.PARTIAL)
    return report(
        tool.NAME, target, outcome, reason or read.reason,
        version=version or read.tool_version, output=output,
        findings=found if answered or found else None,
        packages=read.packages_scanned, files=read.files_scanned, lines=read.lines_scanned,
        checks=read.checks_run, database_date=read.database_date,
        database_entries=read.database_entries, left_out=left_out,
    )  # fmt: skip


def ended_early(tool: str, output: Output) -> str | None:
    """Why the process gave no whole answer: time limit, signal, output limit; else None."""
    if output.timed_out:
        return f"{tool} did not end within {output.command.timeout_seconds:.0f} s"
    if output.truncated:
        return f"{tool} printed more than {output.command.output_limit_bytes >> 20} MiB"
    if output.exit_code < 0:
        return f"{tool} was ended by signal {-output.exit_code}"
    return None


_WORDS = {
    Complaint.COMPILE: "the module does not compile",
    Complaint.DEPENDENCY: "a dependency is missing",
    Complaint.NO_PACKAGES: "the module has no packages",
    Complaint.GO_VERSION: "the module wants another Go",
}


def load_failure(words: str) -> str:
    """One line for a scanner that could not load the module, from what it (or Go) said."""
    lead = _WORDS.get(complaint(words), "the module could not be loaded")
    said = re.sub(r".*err: exit status \d+: stderr: ", "", words, flags=re.DOTALL)
    return f"{lead}: {first_line(said)}"
