"""Facts of the scan stage: scans and the findings each of them reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One run of one scanner over one scope (a module). ``outcome`` as :class:`Outcome`.

    Only a ``completed`` scan closes findings of the same tool and scope. The counts are the
    positive evidence that the scanner looked at something; None where it does not say.
    """

    tool: str
    tool_version: str | None
    module: str
    revision: str
    outcome: str
    reason: str | None
    findings: int | None
    packages_scanned: int | None
    files_scanned: int | None
    lines_scanned: int | None
    database_date: datetime | None
    database_entries: int | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One tool's report of a problem, in one scan.

    ``identity`` is stable across moved lines, shuffled reports and tool version bumps; the
    lifecycle is derived from it. ``kind``: sast, dependency, container, infrastructure, secret,
    runtime, compliance, dast. ``aliases`` are comma-separated identifiers (CVE, GHSA, GO).
    ``reachable``: True when the tool proved that the vulnerable code is called.
    """

    tool: str
    rule: str
    identity: str
    kind: str
    severity: str
    severity_source: str
    title: str
    module: str
    revision: str
    path: str | None
    line: int | None
    cwe: str | None
    aliases: str | None
    component: str | None
    component_version: str | None
    fixed_version: str | None
    reachable: bool | None
    confidence: str | None
    detail: str | None
