"""Facts of execution: stages and the tools they ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """One step of a stage of one service at one revision, as it ended.

    ``step`` is the asset that did it (binary, sbom, test_results ...); a stage came to what the
    worst of its steps came to. ``verdict`` is what its gates said (passed, failed,
    not_evaluated). ``delivery`` groups the runs of one request.
    """

    delivery: str
    platform: str
    service: str
    revision: str
    stage: str
    step: str
    outcome: str
    verdict: str
    reason: str | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """One process of a tool. ``command`` is redacted."""

    stage: str
    tool: str
    tool_version: str | None
    scope: str
    revision: str
    outcome: str
    reason: str | None
    command: str
    exit_code: int | None
    started_at: datetime
    duration_seconds: float
    cpu_seconds: float | None
    peak_memory_bytes: int | None
