"""Fields of untrusted JSON, with the type they must have, or nothing.

What a finding cannot do without is asked for with ``required_text``; what only adds to it is left
out when it is of another type, so that a newer version of a tool costs a detail and not the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.document import Document

_LARGEST_LINE = 10**9
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "error": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "warning": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
    "informational": Severity.INFO,
    "none": Severity.INFO,
    "unknown": Severity.INFO,
}


def text(value: object) -> str | None:
    """A string that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """A JSON array; an empty one for anything else."""
    return value if isinstance(value, list) else []


def count(value: object) -> int | None:
    """A whole number from 0."""
    return value if type(value) is int and value >= 0 else None


def line_number(value: object) -> int | None:
    """A line or column from 1, as a number or in digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if type(value) is int and 0 < value < _LARGEST_LINE else None


def severity_of(value: object) -> Severity | None:
    """The severity that a tool's word stands for, if it is one of the usual words."""
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def objects(value: object, position: str, document: Document) -> Sequence[Mapping[str, Any]]:
    """A JSON array of objects; null is an empty one, as Go's tools print it.

    Raises:
        ParseError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise document.error(position, "a JSON array is expected")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise document.error(f"{position}[{number}]", "a JSON object is expected")
    return value


def required_text(item: Mapping[str, Any], name: str, position: str, document: Document) -> str:
    """The string called ``name``.

    Raises:
        ParseError: it is missing, blank or no string.
    """
    found = text(item.get(name))
    if found is None:
        raise document.error(position, f"{name!r} is missing or no text")
    return found
