"""Evidence: the records of one materialization, which the history stores as one part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from coffee_pipeline.model.build import Artifact, Build, Component
from coffee_pipeline.model.compliance import ComplianceScore, PolicyResult
from coffee_pipeline.model.deployment import (
    AnalysisRun,
    Deployment,
    DeploymentVersion,
    Measurement,
    RolloutStep,
)
from coffee_pipeline.model.execution import StageRun, ToolRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision, GateRule
from coffee_pipeline.model.incident import Incident, IncidentVersion
from coffee_pipeline.model.level import LevelDay, LevelSample
from coffee_pipeline.model.metrics import Instrumentation, LogCoverage, Sample, ServiceLevel
from coffee_pipeline.model.observability import ObservabilityCheck
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile, Revision, RevisionCommit, ServiceRevision
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun, TestCase
from coffee_pipeline.model.trace import TraceCoverage, TraceGap
from coffee_pipeline.model.triage import Exploitation, SlaPolicy, TriageDecision
from coffee_pipeline.redaction import without_secrets

Record = (
    Revision
    | RevisionCommit
    | ChangedFile
    | ServiceRevision
    | Build
    | Artifact
    | Component
    | ModuleTestRun
    | PackageTestRun
    | TestCase
    | Scan
    | Finding
    | TriageDecision
    | Exploitation
    | SlaPolicy
    | Sample
    | ServiceLevel
    | LevelSample
    | LevelDay
    | Instrumentation
    | LogCoverage
    | GateDecision
    | GateRule
    | PolicyResult
    | ComplianceScore
    | Deployment
    | DeploymentVersion
    | RolloutStep
    | AnalysisRun
    | Measurement
    | Incident
    | IncidentVersion
    | StageRun
    | ToolRun
    | Sweep
    | SweepScan
    | ObservabilityCheck
    | TraceCoverage
    | TraceGap
)
"""Any fact that the history stores."""

_FOREIGN_TEXT = frozenset({
    "actual", "command", "detail", "hanging_tests", "message", "name", "output", "reason",
    "reverted_subject", "subject", "title", "tool_version",
})  # fmt: skip
"""Fields of records whose words come from outside."""

_FOREIGN_FIELDS = {
    kind: tuple(one.name for one in fields(kind) if one.name in _FOREIGN_TEXT)
    for kind in get_args(Record)
}


def _redacted(record: Record) -> Record:
    """The record without secrets; the same object where it has none, which is nearly always."""
    if isinstance(record, Finding):  # made without them, and there may be a million
        return record
    changed: dict[str, Any] = {}
    for name in _FOREIGN_FIELDS.get(type(record), ()):
        value = getattr(record, name)
        if isinstance(value, str) and (cleared := without_secrets(value)) != value:
            changed[name] = cleared
    return replace(record, **changed) if changed else record


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one materialization produced.

    ``materialization`` is the key, e.g. ``test/services/menu@3f2a...``: writing the same key again
    replaces the earlier rows. ``outcome`` and ``reason`` say how the work ended; records are kept
    whatever the outcome. Text that others wrote (what a test printed, why a tool failed, the
    subject of a commit) loses its secrets here, before anything stores or shows it.
    """

    materialization: str
    outcome: Outcome
    reason: str | None = None
    records: Sequence[Record] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if self.reason is not None:
            object.__setattr__(self, "reason", without_secrets(self.reason))
        object.__setattr__(self, "records", tuple(map(_redacted, self.records)))
