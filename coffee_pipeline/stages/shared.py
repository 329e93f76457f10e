"""Work that several services of one module share: done once in a delivery, then reused.

Evidence is kept as JSON below ``home.cache/deliveries``, one folder a delivery; a file lock makes
the services of a module wait for the first of them instead of running the same tool twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.kept_evidence import forget_unused, read_evidence, write_evidence

KEPT_SECONDS = 7 * 24 * 3600.0
"""Deliveries older than this are forgotten: nobody waits for them any more."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """Evidence, and whether another service of the same delivery had produced it already."""

    evidence: Evidence
    reused: bool


def once_per_delivery(
    context: StageContext, materialization: str, work: Callable[[], Evidence]
) -> StageResult:
    """Evidence of ``materialization`` in this delivery, made by ``work`` unless it is there."""
    file = _file(context, materialization)
    file.parent.mkdir(parents=True, exist_ok=True)
    forget_unused(file.parent.parent, KEPT_SECONDS)
    with FileLock(file.with_suffix(".lock")):
        kept = read_evidence(file)
        if kept is not None:
            context.report(f"{materialization}: done in this delivery already, reused")
            return StageResult(kept, reused=True)
        evidence = work()
        write_evidence(file, evidence)
    return StageResult(evidence, reused=False)


def remember(context: StageContext, evidence: Evidence) -> Evidence:
    """Keep evidence for later steps of this delivery; the latest of a key counts."""
    file = _file(context, evidence.materialization)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        write_evidence(file, evidence)
    return evidence


def recall(context: StageContext, materialization: str) -> Evidence | None:
    """Evidence that this delivery produced before; None when it did not."""
    return read_evidence(_file(context, materialization))


def _file(context: StageContext, materialization: str) -> Path:
    delivery, key = (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        for text in (context.delivery, materialization)
    )
    return context.home.cache / "deliveries" / delivery / f"{key}.json"
