"""What reports about packages in images have in common: severity words, CVSS, places."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.severity import cvss3_base_score, rating

_WORDS = {
    "critical": Severity.CRITICAL,
    "defcon1": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
    "informational": Severity.INFO,
    "info": Severity.INFO,
    "none": Severity.INFO,
}
"""What scanners and distributions call severities; ``unknown`` is none of them."""

_TEMPLATE_HASH = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{6,10}$")
_POD_SUFFIX = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_JOB_SUFFIX = re.compile(r"-\d{8,10}$")


def named_severity(word: object) -> Severity | None:
    """The severity that ``word`` names; None where it names none, such as ``UNKNOWN``."""
    return _WORDS.get(word.strip().lower()) if isinstance(word, str) else None


def rated(word: object, score: float | None, vector: str | None) -> tuple[Severity, str]:
    """(severity, where it is from): the tool's word, else a CVSS score or vector, else ``info``."""
    severity = named_severity(word)
    if severity is not None:
        return severity, "tool"
    base = score if score is not None else cvss3_base_score(vector or "")
    return (rating(base), "CVSS") if base is not None else (Severity.INFO, "default")


def place_in_image(path: str | None, version: str | None) -> str:
    """A path for identities: without the package's version, so that an update keeps it."""
    if not path:
        return ""
    return path.replace(version, "#") if version and len(version) > 1 else path


def workload(kind: str, name: str) -> str:
    """``kind/name`` for identities: without what Kubernetes appends at every roll-out."""
    lowered = kind.lower()
    if lowered == "replicaset":
        name = _TEMPLATE_HASH.sub("", name)
    elif lowered == "pod":
        bare = _POD_SUFFIX.sub("", name)
        name = _TEMPLATE_HASH.sub("", bare) if bare != name else name
    elif lowered == "job":
        name = _JOB_SUFFIX.sub("", name)
    return f"{kind}/{name}"


def kubernetes_labels(namespace: str, container: str = "") -> dict[str, str]:
    """Labels to find the service of a workload by."""
    found = {"k8s.ns.name": namespace, "container.name": container}
    return {name: value for name, value in found.items() if value}


def joined(parts: Iterable[str | None]) -> str:
    """The parts of a place as one text; empty ones keep their position."""
    return "|".join(part or "" for part in parts)
