"""What a format reads from a report: problems in the terms of no tool and of no platform.

A format knows nothing of services, scopes or revisions; ``tools/findings.py`` adds them and makes
identities, so that a report read from a file and one of a tool run here give the same findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document


@dataclass(slots=True, kw_only=True)
class Reported:
    """One problem as a tool reported it; nobody changes it afterwards.

    It is not frozen: a frozen one takes three times as long to make, which shows in reports of
    100,000 results.

    Args:
        rule: the tool's rule, check or advisory, never empty.
        title: the problem in one line.
        severity: as the tool says, else derived; ``severity_source`` says from what: the tool's
            own name ("tool"), "CVSS", "level", "default" ...
        kind: where one tool reports several kinds; else None, the format's own kind.
        identifiers: CVE, GHSA, GO, OSV ids and other names of the same vulnerability.
        cwes: numbers of the Common Weakness Enumeration.
        path: file as the tool names it; ``line`` and ``column`` count from 1.
        code: the flagged source text, for the identity of code findings; never stored for secrets.
        resource: what is affected where it is no file: ``Deployment/shop/api``, an image, a URL.
        fingerprint: the tool's own stable fingerprint of the problem, where it has one.
        reachable: True when the tool proved that vulnerable code is called; None: it does not say.
        suppressed: why the tool itself does not count it (``# nosec``, VEX not_affected); else
            None.
        labels: of containers and pods, to find the service: ``k8s.ns.name``, ``container.name``...
        occurred_at: when it happened, of runtime events.
        detail: longer explanation; ``reference`` is a URL to read on.
    """

    rule: str
    title: str
    severity: Severity
    severity_source: str = "tool"
    kind: FindingKind | None = None
    identifiers: Sequence[str] = ()
    cwes: Sequence[int] = ()
    cvss_vector: str | None = None
    cvss_score: float | None = None
    component: str | None = None
    component_version: str | None = None
    fixed_version: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    code: str | None = None
    resource: str | None = None
    fingerprint: str | None = None
    reachable: bool | None = None
    confidence: str | None = None
    suppressed: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    detail: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What a format read from one document.

    ``outcome`` is ``partial`` where the report itself says that something was not looked at, with
    the ``reason``; ``tool`` and ``tool_version`` are what the report says made it (the driver of a
    SARIF run), None where it does not. Counts are the report's own positive evidence that
    something was looked at; None where it does not say.
    """

    findings: Sequence[Reported]
    outcome: Outcome = Outcome.COMPLETED
    reason: str | None = None
    tool: str | None = None
    tool_version: str | None = None
    packages_scanned: int | None = None
    files_scanned: int | None = None
    lines_scanned: int | None = None
    checks_run: int | None = None
    database_date: datetime | None = None
    database_entries: int | None = None


@runtime_checkable
class CountsOtherwise(Protocol):
    """A format of which some reports are on purpose not counted as DefectDojo counts them."""

    COUNTING: str
    """What is counted here, in one clause; docs/parsers.md says why."""


class ReportFormat(Protocol):
    """A format is a module with these names; see docs/adding-a-tool.md.

    ``IDENTITY`` names the fields of :class:`Reported` that make the identity of a finding. ``code``
    among them means the text around the place, told apart by order in the file where it is equal.
    """

    NAME: str
    TITLE: str

    @property
    def KIND(self) -> FindingKind:  # noqa: N802  # a constant of a module
        """What its findings are where they do not say."""
        ...

    @property
    def IDENTITY(self) -> Sequence[str]:  # noqa: N802
        """The fields of a finding's identity."""
        ...

    def recognises(self, document: Document) -> bool:
        """Whether the document is of this format, by its content alone; never raises."""
        ...

    def read(self, document: Document) -> ReadReport:
        """The problems in the document.

        Raises:
            ParseError: it is not of this format, with file and position.
        """
        ...
