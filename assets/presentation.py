"""Evidence as Dagster metadata: outcome, counts and tables. Generic over record types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import dagster as dg

from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.compliance import ComplianceScore, PolicyResult
from coffee_pipeline.model.deployment import Deployment, Measurement, RolloutStep
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateRule
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import Instrumentation, LogCoverage, ServiceLevel
from coffee_pipeline.model.observability import ObservabilityCheck
from coffee_pipeline.model.source import ChangedFile, ServiceRevision
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun
from coffee_pipeline.stages.inbox import Consumption

ROW_LIMIT = 50
"""Rows of a table in metadata; the history has all of them."""

COLUMNS: dict[type[Record], tuple[str, ...]] = {
    ServiceRevision: ("service", "kind", "affected", "reason"),
    ChangedFile: ("change", "path", "previous_path"),
    Build: ("package", "outcome", "digest", "size_bytes", "go_version", "duration_seconds"),
    Artifact: ("kind", "digest", "media_type", "size_bytes", "path"),
    ModuleTestRun: (
        "module", "outcome", "passed", "failed", "skipped", "timed_out", "coverage_percent",
        "coverage_complete", "duration_seconds",
    ),
    PackageTestRun: ("package", "outcome", "coverage_percent", "duration_seconds", "detail"),
    Scan: (
        "tool", "tool_version", "outcome", "findings", "packages_scanned", "files_scanned",
        "database_date", "database_entries", "reason",
    ),
    Finding: ("severity", "rule", "title", "path", "line", "component", "fixed_version"),
    PolicyResult: ("outcome", "policy", "severity", "weight", "subject", "message"),
    ComplianceScore: (
        "service", "percent", "minimum_percent", "passed", "failed", "not_evaluated",
        "not_applicable", "reason",
    ),
    Sweep: ("revision", "outcome", "scans", "completed", "previous_completed", "reason"),
    SweepScan: (
        "tool", "scope", "environment", "outcome", "findings", "tool_version",
        "database_age_days", "reason",
    ),
    GateRule: ("rule", "verdict", "actual", "required", "blocking", "evidence"),
    Deployment: ("environment", "strategy", "outcome", "previous_revision", "reason"),
    RolloutStep: ("step", "weight_percent", "phase", "requests", "lost_requests", "reason"),
    Measurement: (
        "metric", "phase", "canary", "stable", "threshold", "p_value", "canary_samples",
        "stable_samples", "reason",
    ),
    ObservabilityCheck: ("kind", "subject", "passed", "reason"),
    Incident: ("title", "severity", "opened_at", "acknowledged_at", "resolved_at"),
    ServiceLevel: ("slo", "objective", "ratio", "good", "total", "source", "outcome", "reason"),
    Instrumentation: (
        "environment", "health", "readiness", "metrics", "red_metrics", "traces", "version",
        "reason",
    ),
    LogCoverage: (
        "environment", "lines", "structured", "with_trace_id", "traced_request_logged", "reason",
    ),
}  # fmt: skip
"""The record types shown as tables, and their columns."""

NUMBERS = ("coverage_percent", "duration_seconds", "passed", "failed", "findings", "size_bytes")
"""Fields that Dagster plots over time when there is one record that has them."""


def _cell(value: object) -> str | int | float | bool | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _table(kind: type[Record], rows: list[Record]) -> dg.TableMetadataValue:
    columns = COLUMNS[kind]
    records = []
    for row in rows[:ROW_LIMIT]:
        values = asdict(row)
        records.append(dg.TableRecord({name: _cell(values[name]) for name in columns}))
    types = {bool: "bool", int: "int", float: "float"}
    first = {name: next((r.data[name] for r in records if r.data[name] is not None), "")
             for name in columns}  # fmt: skip
    schema = dg.TableSchema(
        [dg.TableColumn(name, types.get(type(first[name]), "string")) for name in columns]
    )
    return dg.MetadataValue.table(records=records, schema=schema)


def _name(kind: type[Record]) -> str:
    letters = [f"_{c.lower()}" if c.isupper() else c for c in kind.__name__]
    return "".join(letters).lstrip("_")


def describe(evidence: Evidence) -> dict[str, dg.MetadataValue]:
    """Metadata of one materialization: outcome, reason, numbers, a table per record type."""
    metadata: dict[str, dg.MetadataValue] = {
        "outcome": dg.MetadataValue.text(evidence.outcome.value),
        "materialization": dg.MetadataValue.text(evidence.materialization),
        "records": dg.MetadataValue.int(len(evidence.records)),
    }
    if evidence.reason:
        metadata["reason"] = dg.MetadataValue.text(evidence.reason)
    return metadata | _tables(evidence.records)


def describe_consumption(made: Consumption) -> dict[str, dg.MetadataValue]:
    """Metadata of messages that were consumed: how many, what was not, and the records."""
    records = [record for evidence in made.evidence for record in evidence.records]
    metadata: dict[str, dg.MetadataValue] = {
        "outcome": dg.MetadataValue.text(made.outcome.value),
        "summary": dg.MetadataValue.text(str(made)),
        "messages": dg.MetadataValue.int(sum(made.messages.values())),
        "rejected": dg.MetadataValue.json(made.rejected),
        "left": dg.MetadataValue.int(made.left),
        "records": dg.MetadataValue.int(len(records)),
    }
    return metadata | _tables(records)


def _tables(records: Sequence[Record]) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {}
    by_kind: defaultdict[type[Record], list[Record]] = defaultdict(list)
    for record in records:
        by_kind[type(record)].append(record)
    for kind, rows in by_kind.items():
        if kind in COLUMNS:
            metadata[_name(kind)] = _table(kind, rows)
        if len(rows) == 1:
            values = asdict(rows[0])
            for name in NUMBERS:
                if isinstance(values.get(name), int | float):
                    metadata[name] = dg.MetadataValue.float(float(values[name]))
    return metadata
