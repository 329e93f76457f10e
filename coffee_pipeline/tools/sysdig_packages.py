"""A vulnerable package of an image, as all reports of Sysdig name its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import score
from coffee_pipeline.tools.reported import Reported
from coffee_pipeline.tools.severity import cvss3_base_score, rating

_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.INFO,
    "none": Severity.INFO,
    "unknown": Severity.INFO,
    "other": Severity.INFO,
}
# Names of vulnerabilities in all databases: letters, then numbers or words with a digit.
_VULNERABILITY = re.compile(r"[A-Za-z][A-Za-z0-9]+-[A-Za-z0-9][\w.:\-]*")
TRUE = ("true", "yes", "1")


def vulnerable_package(
    fields: Mapping[str, str], labels: Mapping[str, str], position: str, document: Document
) -> Reported:
    """The problem of one row or entry.

    Args:
        fields: vulnerability, severity, score, vector, package, version, type, path, fixed, link,
            image, accepted, exploit, in_use; an empty text where the report has none.
        labels: of Kubernetes: cluster, namespace, workload, container.
        position: of the entry, for errors.
        document: for errors.

    Raises:
        ParseError: it has no name of a vulnerability or no package.
    """
    name, package = fields["vulnerability"].strip(), fields["package"].strip()
    if not _VULNERABILITY.fullmatch(name) or not package:
        raise document.error(position, f"{excerpt(name, 40)!r} is no vulnerability of a package")
    severity, source = _severity(fields)
    workload = "/".join(
        labels[part]
        for part in ("k8s.cluster.name", "k8s.ns.name", "k8s.workload.name", "container.name")
        if part in labels
    )
    return Reported(
        rule=name,
        title=f"{name} in {package}",
        severity=severity,
        severity_source=source,
        identifiers=(name,),
        cvss_vector=fields["vector"] or None,
        cvss_score=score(fields["score"]),
        component=package,
        component_version=fields["version"] or None,
        fixed_version=fields["fixed"] or None,
        resource=workload or _repository(fields["image"]) or fields["path"] or None,
        suppressed="risk accepted" if fields["accepted"].lower() in TRUE else None,
        labels=labels,
        detail=_detail(fields),
        reference=fields["link"] or None,
    )


def _severity(fields: Mapping[str, str]) -> tuple[Severity, str]:
    word = fields["severity"].strip().lower()
    if word in _SEVERITIES:
        return _SEVERITIES[word], "tool"
    points = cvss3_base_score(fields["vector"])
    points = score(fields["score"]) if points is None else points
    return (rating(points), "CVSS") if points is not None else (Severity.MEDIUM, "default")


def _repository(image: str) -> str:
    """An image without its tag and digest: the finding stays the same in the next build."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _detail(fields: Mapping[str, str]) -> str | None:
    told = (("image", "image"), ("package type", "type"), ("file", "path"),
            ("public exploit", "exploit"), ("in use", "in_use"))  # fmt: skip
    return "\n".join(f"{label}: {fields[name]}" for label, name in told if fields[name]) or None
