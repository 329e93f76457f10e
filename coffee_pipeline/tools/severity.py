"""Severity of an OSV advisory: its own word, or its CVSS 3 vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import Severity

_WORDS = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
# Weights and formula: CVSS v3.1 specification, sections 7.1 and 7.4.
_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def advisory_severity(advisory: Mapping[str, Any]) -> tuple[Severity, str] | None:
    """(severity, where it is from) of an OSV record; None when it does not say."""
    specific = advisory.get("database_specific")
    word = specific.get("severity") if isinstance(specific, dict) else None
    if isinstance(word, str) and word.upper() in _WORDS:
        return _WORDS[word.upper()], "advisory"
    entries = advisory.get("severity")
    if isinstance(entries, str) and entries.upper() in _WORDS:  # of databases that people amend
        return _WORDS[entries.upper()], "advisory"
    for entry in entries if isinstance(entries, list) else ():
        vector = entry.get("score") if isinstance(entry, dict) else None
        score = cvss3_base_score(vector) if isinstance(vector, str) else None
        if score is not None:
            return rating(score), "CVSS"
    return None


def rating(score: float) -> Severity:
    """Qualitative rating of a score (CVSS v3.1 specification, section 5)."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    if score >= 4.0:
        return Severity.MEDIUM
    return Severity.LOW if score > 0 else Severity.INFO


def cvss3_base_score(vector: str) -> float | None:
    """Base score 0..10 of a CVSS 3.0 or 3.1 vector; None when it is none."""
    if not vector.startswith(("CVSS:3.0/", "CVSS:3.1/")):
        return None
    metrics = dict(part.split(":", 1) for part in vector.split("/")[1:] if ":" in part)
    scope = metrics.get("S", "")
    try:
        weight = {name: table[metrics[name]] for name, table in _WEIGHTS.items()}
        privileges = _PRIVILEGES[scope][metrics["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    changed = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    impact = 6.42 * lost if scope == "U" else changed
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    factor = 1.0 if scope == "U" else 1.08
    return _round_up(min(factor * (impact + exploitability), 10.0))


def _round_up(value: float) -> float:
    """To one decimal, upwards, as the specification's appendix A does it with integers."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10
