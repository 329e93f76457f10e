"""Evidence as JSON files below ``home.cache``, so that other steps and deliveries find it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome

_RECORD_TYPES: dict[str, type] = {record.__name__: record for record in get_args(Record)}


def write_evidence(file: Path, evidence: Evidence) -> None:
    """Replace ``file`` as a whole."""
    document = {
        "materialization": evidence.materialization,
        "outcome": evidence.outcome.value,
        "reason": evidence.reason,
        "records": [[type(record).__name__, asdict(record)] for record in evidence.records],
    }
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, default=_encode), encoding="utf-8")
    temporary.replace(file)


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
