"""Work that several services of one module share: done once in a delivery, then reused.

Evidence is kept as JSON below ``home.cache/deliveries``, one folder a delivery; a file lock makes
the services of a module wait for the first of them instead of running the same tool twice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

from filelock import FileLock

from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.context import StageContext

KEPT_SECONDS = 7 * 24 * 3600.0
"""Deliveries older than this are forgotten: nobody waits for them any more."""

_RECORD_TYPES: dict[str, type] = {record.__name__: record for record in get_args(Record)}


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
    _forget_old(file.parent.parent)
    with FileLock(file.with_suffix(".lock")):
        kept = _read(file)
        if kept is not None:
            context.report(f"{materialization}: done in this delivery already, reused")
            return StageResult(kept, reused=True)
        evidence = work()
        _write(file, evidence)
    return StageResult(evidence, reused=False)


def remember(context: StageContext, evidence: Evidence) -> Evidence:
    """Keep evidence for later steps of this delivery; the latest of a key counts."""
    file = _file(context, evidence.materialization)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        _write(file, evidence)
    return evidence


def recall(context: StageContext, materialization: str) -> Evidence | None:
    """Evidence that this delivery produced before; None when it did not."""
    return _read(_file(context, materialization))


def _file(context: StageContext, materialization: str) -> Path:
    delivery, key = (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        for text in (context.delivery, materialization)
    )
    return context.home.cache / "deliveries" / delivery / f"{key}.json"


def _forget_old(folder: Path) -> None:
    limit = time.time() - KEPT_SECONDS
    for delivery in folder.iterdir():
        with suppress(FileNotFoundError):  # another process forgets it at the same moment
            if delivery.stat().st_mtime < limit:
                shutil.rmtree(delivery, ignore_errors=True)


def _write(file: Path, evidence: Evidence) -> None:
    document = {
        "materialization": evidence.materialization,
        "outcome": evidence.outcome.value,
        "reason": evidence.reason,
        "records": [[type(record).__name__, asdict(record)] for record in evidence.records],
    }
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, default=_encode), encoding="utf-8")
    temporary.replace(file)


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no field type of a record")


def _read(file: Path) -> Evidence | None:
    if not file.is_file():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    return Evidence(
        materialization=document["materialization"],
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        records=tuple(_record(name, values) for name, values in document["records"]),
    )


def _record(name: str, values: dict[str, Any]) -> Record:
    record_type = _RECORD_TYPES[name]
    hints = get_type_hints(record_type)
    for field in fields(record_type):
        value = values[field.name]
        if isinstance(value, str) and datetime in (hints[field.name], *get_args(hints[field.name])):
            values[field.name] = datetime.fromisoformat(value)
    record: Record = record_type(**values)
    return record
