"""Which record is which table, and what its columns are.

The record's dataclass fields are the columns, in order; before them every table has
``materialization``, the key of the part that the row came in.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import datetime
from functools import cache

import pyarrow as pa

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
from coffee_pipeline.model.source import ChangedFile, Revision, RevisionCommit, ServiceRevision
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun, TestCase
from coffee_pipeline.model.trace import TraceCoverage, TraceGap
from coffee_pipeline.model.triage import Exploitation, SlaPolicy, TriageDecision

TABLES: dict[type, str] = {
    Revision: "revisions",
    RevisionCommit: "revision_commits",
    ChangedFile: "changed_files",
    ServiceRevision: "service_revisions",
    Build: "builds",
    Artifact: "artifacts",
    Component: "components",
    ModuleTestRun: "module_test_runs",
    PackageTestRun: "package_test_runs",
    TestCase: "test_cases",
    Scan: "scans",
    Finding: "findings",
    TriageDecision: "triage_decisions",
    Exploitation: "exploitation",
    SlaPolicy: "sla_policies",
    Sample: "samples",
    ServiceLevel: "service_levels",
    LevelSample: "level_samples",
    LevelDay: "level_days",
    Instrumentation: "instrumentation",
    LogCoverage: "log_coverage",
    GateDecision: "gate_decisions",
    GateRule: "gate_rules",
    PolicyResult: "policy_results",
    ComplianceScore: "compliance_scores",
    Deployment: "deployments",
    DeploymentVersion: "deployment_versions",
    RolloutStep: "rollout_steps",
    AnalysisRun: "analysis_runs",
    Measurement: "measurements",
    Incident: "incidents",
    IncidentVersion: "incident_versions",
    StageRun: "stage_runs",
    ToolRun: "tool_runs",
    Sweep: "sweeps",
    SweepScan: "sweep_scans",
    ObservabilityCheck: "observability_checks",
    TraceCoverage: "trace_coverage",
    TraceGap: "trace_gaps",
}
"""Record class -> table name; a class that is not here cannot be stored."""

KEY_COLUMN = "materialization"
"""First column of every table: the key of the materialization that the row came in."""

_TYPES: dict[type, tuple[pa.DataType, str]] = {
    str: (pa.string(), "VARCHAR"),
    int: (pa.int64(), "BIGINT"),
    float: (pa.float64(), "DOUBLE"),
    bool: (pa.bool_(), "BOOLEAN"),
    datetime: (pa.timestamp("us", tz="UTC"), "TIMESTAMP"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its Python type in records, its Arrow type in parts, its SQL type."""

    name: str
    python_type: type
    arrow_type: pa.DataType
    sql_type: str
    nullable: bool

    @property
    def is_time(self) -> bool:
        """Whether values are times (timezone-aware in records, UTC without zone in SQL)."""
        return self.sql_type == "TIMESTAMP"


@cache
def columns(record_type: type) -> tuple[Column, ...]:
    """The columns of a record class, without :data:`KEY_COLUMN`.

    Raises:
        TypeError: a field has a type that no column has; a mistake in the record class.
    """
    hints = typing.get_type_hints(record_type)
    return tuple(
        _column(record_type, field.name, hints[field.name])
        for field in dataclasses.fields(record_type)
    )


@cache
def arrow_schema(record_type: type) -> pa.Schema:
    """The Parquet schema of a record class in a part: the key, then the columns."""
    fields = [pa.field(KEY_COLUMN, pa.string(), nullable=False)]
    fields += [pa.field(c.name, c.arrow_type, nullable=c.nullable) for c in columns(record_type)]
    return pa.schema(fields)


def _column(record_type: type, name: str, hint: object) -> Column:
    """A column from a type hint: one of the five types, or that type ``| None``."""
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    plain = [member for member in members if member is not types.NoneType]
    if len(plain) != 1 or plain[0] not in _TYPES:
        raise TypeError(f"{record_type.__name__}.{name}: no column type for {hint!r}")
    arrow_type, sql_type = _TYPES[plain[0]]
    return Column(name, plain[0], arrow_type, sql_type, nullable=len(plain) < len(members))
