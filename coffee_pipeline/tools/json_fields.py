"""Fields of untrusted JSON: the value where it has the expected type, else nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.document import Document

_CWE = re.compile(r"\bCWE[-_: ]{0,2}0{0,5}([1-9]\d{0,4})(?!\d)", re.IGNORECASE)
_ADVISORY = re.compile(
    r"\b(?:CVE-\d{4}-\d{4,10}|GHSA(?:-[0-9a-z]{4}){3}|GO-\d{4}-\d{4,6}|BDSA-\d{4}-\d{3,6}"
    r"|SNYK-[A-Z0-9]+-[A-Z0-9]+-\d+)(?![0-9A-Za-z])",
    re.IGNORECASE,
)


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


def number(value: object) -> int | None:
    """A whole number from 1 upwards, as lines and columns are; also one written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 1 << 31 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value) or None
    return None


def score(value: object) -> float | None:
    """A CVSS score, 0 to 10; also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if 0.0 <= found <= 10.0 else None


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """A JSON list, else an empty one."""
    return value if isinstance(value, list) else ()


def texts(value: object) -> list[str]:
    """The strings of a list; a lone string is a list of one."""
    if isinstance(value, str):
        return [value] if value else []
    return [item for item in items(value) if isinstance(item, str) and item]


def cwe_numbers(words: Iterable[str]) -> tuple[int, ...]:
    """The weaknesses that ``words`` name (``CWE-89``, ``external/cwe/cwe-089``), each once."""
    found = (int(name) for word in words for name in _CWE.findall(word))
    return tuple(dict.fromkeys(found))


def advisory_names(words: str) -> tuple[str, ...]:
    """Names of vulnerabilities in ``words``: CVE, GHSA, GO, BDSA and Snyk ids, each once."""
    return tuple(dict.fromkeys(_spelled(name) for name in _ADVISORY.findall(words)))


def _spelled(name: str) -> str:
    """A GHSA id has its letters small behind the prefix, all others have capitals."""
    upper = name.upper()
    return f"GHSA{name[4:].lower()}" if upper.startswith("GHSA") else upper


def count(value: object) -> int | None:
    """A whole number from 0 that the history can hold: one of 64 bits."""
    return value if type(value) is int and 0 <= value < 1 << 63 else None


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
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise document.error(f"{position}[{index}]", "a JSON object is expected")
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
