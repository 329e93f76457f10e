"""Evidence: the records of one materialization, which the history stores as one part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from coffee_pipeline.model.build import Artifact, Build, Component
from coffee_pipeline.model.compliance import ComplianceScore, PolicyResult
from coffee_pipeline.model.deployment import AnalysisRun, Deployment, Measurement, RolloutStep
from coffee_pipeline.model.execution import StageRun, ToolRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision, GateRule
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.level import LevelDay, LevelSample
from coffee_pipeline.model.metrics import Instrumentation, Sample, ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile, Revision, ServiceRevision
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun, TestCase
from coffee_pipeline.model.triage import Exploitation, SlaPolicy, TriageDecision

Record = (
    Revision
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
    | GateDecision
    | GateRule
    | PolicyResult
    | ComplianceScore
    | Deployment
    | RolloutStep
    | AnalysisRun
    | Measurement
    | Incident
    | StageRun
    | ToolRun
    | Sweep
    | SweepScan
)
"""Any fact that the history stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one materialization produced.

    ``materialization`` is the key, e.g. ``test/services/menu@3f2a...``: writing the same key again
    replaces the earlier rows. ``outcome`` and ``reason`` say how the work ended; records are kept
    whatever the outcome.
    """

    materialization: str
    outcome: Outcome
    reason: str | None = None
    records: Sequence[Record] = field(default_factory=tuple)
