"""Facts of the scan stage: scans and the findings each of them reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One run of one scanner over one scope. ``outcome`` as :class:`Outcome`.

    ``scope`` names what was scanned: a module's folder, ``image:menu``, ``repository`` ... Only a
    ``completed`` scan closes findings of the same tool and scope. ``service`` is set where the
    scope belongs to one, ``environment`` and ``image_digest`` where what runs there was scanned.
    The counts are the positive evidence that the scanner looked at something; None where it does
    not say.
    """

    tool: str
    tool_version: str | None
    scope: str
    service: str | None
    environment: str | None
    image_digest: str | None
    revision: str
    outcome: str
    reason: str | None
    findings: int | None
    packages_scanned: int | None
    files_scanned: int | None
    lines_scanned: int | None
    checks_run: int | None
    database_date: datetime | None
    database_entries: int | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One tool's report of a problem, in one scan.

    ``identity`` is stable across moved lines, shuffled reports and tool version bumps; the
    lifecycle is derived from it. ``kind`` as :class:`FindingKind`. ``aliases`` are comma-separated
    identifiers (CVE, GHSA, GO). ``resource`` is what is affected where it is no file of the
    repository. ``reachable``: True when the tool proved that the vulnerable code is called.
    ``suppressed``: why the tool itself does not count it.
    """

    tool: str
    rule: str
    identity: str
    kind: str
    severity: str
    severity_source: str
    title: str
    scope: str
    service: str | None
    environment: str | None
    image_digest: str | None
    revision: str
    path: str | None
    line: int | None
    resource: str | None
    cwe: str | None
    aliases: str | None
    cvss_vector: str | None
    cvss_score: float | None
    component: str | None
    component_version: str | None
    fixed_version: str | None
    reachable: bool | None
    confidence: str | None
    suppressed: str | None
    reference: str | None
    detail: str | None
