"""Evidence as JSON files below ``home.cache``, so that other steps and deliveries find it."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.receiver.inbox import replace_durably

_RECORD_TYPES: dict[str, type] = {record.__name__: record for record in get_args(Record)}


def write_evidence(file: Path, evidence: Evidence) -> None:
    """Replace ``file`` as a whole."""
    document = {
        "materialization": evidence.materialization,
        "outcome": evidence.outcome.value,
        "reason": evidence.reason,
        "records": [[type(record).__name__, asdict(record)] for record in evidence.records],
    }
    replace_durably(file, json.dumps(document, default=_encode).encode())


def read_evidence(file: Path) -> Evidence | None:
    """What :func:`write_evidence` wrote; None where there is no such file."""
    if not file.is_file():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    return Evidence(
        materialization=document["materialization"],
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        records=tuple(_record(name, values) for name, values in document["records"]),
    )


def forget_unused(folder: Path, seconds: float) -> None:
    """Remove the files and folders in ``folder`` that nothing was written to for so long."""
    limit = time.time() - seconds
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):  # another process forgets it at the same moment
            if entry.stat().st_mtime >= limit:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no field type of a record")


def _record(name: str, values: dict[str, Any]) -> Record:
    record_type = _RECORD_TYPES[name]
    hints = get_type_hints(record_type)
    for field in fields(record_type):
        value = values[field.name]
        if isinstance(value, str) and datetime in (hints[field.name], *get_args(hints[field.name])):
            values[field.name] = datetime.fromisoformat(value)
    record: Record = record_type(**values)
    return record
