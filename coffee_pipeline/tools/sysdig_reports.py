"""Sysdig's vulnerability reports of pipeline, registry and runtime: CSV, and JSON of the console.

Columns were renamed in 2025; both generations are read, and those of the command-line scanner,
whose reports are handed around under this name, too. Every row counts: the same package of two
containers is fixed in two places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.sysdig_packages import vulnerable_package

NAME = "sysdig_reports"
TITLE = "Sysdig vulnerability reports (CSV and JSON)"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "resource")
COUNTING = "vulnerabilities without a CVSS version, too"
# Field -> columns of CSV (both generations), then names in JSON (both generations).
_NAMES = {
    "vulnerability": ("vulnerability id", "vulnerability name", "cve id", "vulnName", "vuln_id"),
    "severity": (
        "severity",
        "vulnerability severity",
        "cve severity",
        "vulnSeverity",
        "vuln_severity",
    ),
    "score": ("cvss score", "vulnCvssScore", "vuln_cvss_score"),
    "vector": ("cvss vector", "vulnCvssVector", "vuln_cvss_vector"),
    "package": ("package name", "packageName", "scan_package_name"),
    "version": ("package version", "packageVersion", "scan_package_version"),
    "type": ("package type", "packageType", "scan_package_type"),
    "path": ("package path", "packagePath", "scan_package_path"),
    "fixed": ("fix version", "vulnFixVersion", "vuln_fixed_in_version"),
    "link": ("vuln link", "cve url", "vulnLink"),
    "image": ("image", "image name", "imagePullString", "container_image"),
    "accepted": ("risk accepted", "riskAccepted", "vuln_risk_accepted"),
    "exploit": ("public exploit", "vulnExploitable", "vuln_has_exploit"),
    "in_use": ("in use", "package in use", "packageInUse", "scan_package_in_use"),
}
_LABELS = {
    "k8s.cluster.name": (
        "k8s cluster name", "kubernetes cluster name", "k8sClusterName", "kubernetes_cluster_name",
    ),
    "k8s.ns.name": (
        "k8s namespace name", "kubernetes namespace name", "k8sNamespaceName",
        "kubernetes_namespace_name",
    ),
    "k8s.workload.kind": (
        "k8s workload type", "kubernetes workload type", "k8sWorkloadType",
        "kubernetes_workload_type",
    ),
    "k8s.workload.name": (
        "k8s workload name", "kubernetes workload name", "k8sWorkloadName",
        "kubernetes_workload_name",
    ),
    "container.name": (
        "k8s container name", "kubernetes container name", "k8sPodContainerName",
        "kubernetes_pod_container_name",
    ),
    "container.image.id": ("image id", "imageId", "container_image_id"),
}  # fmt: skip


def recognises(document: Document) -> bool:
    """The report's columns, or entries with its names."""
    header = document.csv_header
    if "package name" in header:
        return {"vulnerability id", "cvss version"} <= header or "vulnerability name" in header
    entries = _entries(document.json_or_none())
    first = mapping(entries[0]) if entries else {}
    return {"vulnName", "packageName"} <= first.keys() or (
        {"vuln_id", "scan_package_name"} <= first.keys()
    )


def read(document: Document) -> ReadReport:
    """One finding for each row."""
    if not document.is_json_like:
        return ReadReport(findings=_of_csv(document))
    entries = _entries(document.json)
    if entries is None:
        raise document.error("line 1", "no vulnerability report of Sysdig: it has no data")
    found = []
    for index, entry in enumerate(entries):
        position = f"entry {index + 1}"
        if not isinstance(entry, dict):
            raise document.error(position, "a JSON object is expected")
        found.append(_reported(entry, position, document))
    return ReadReport(findings=found)


def _of_csv(document: Document) -> list[Reported]:
    header = document.csv_header
    names = _NAMES["vulnerability"]
    if "package name" not in header or not header.intersection(names):
        raise document.error("line 1", "no vulnerability report of Sysdig: no columns of that name")
    return [
        _reported(
            {name.strip().lower(): value for name, value in row.items()},
            f"row {index + 2}",
            document,
        )
        for index, row in enumerate(document.csv_rows)
    ]


def _entries(value: Any) -> list[Any] | None:
    """The entries: of the report itself, else of its panels (2025)."""
    if not isinstance(value, dict):
        return None
    if "data" in value and value["data"] is None:  # as Go writes a list without entries
        return []
    if isinstance(value.get("data"), list):
        return list(value["data"])
    panels = value.get("panels")
    if not isinstance(panels, list):
        return None
    lists = [panel["data"] for panel in map(mapping, panels) if isinstance(panel.get("data"), list)]
    return lists[0] if lists else None


def _reported(entry: Mapping[str, Any], position: str, document: Document) -> Reported:
    fields = {field: _first(entry, names) for field, names in _NAMES.items()}
    labels = {label: word for label, names in _LABELS.items() if (word := _first(entry, names))}
    return vulnerable_package(fields, labels, position, document)


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of the names that has a value, as text."""
    for name in names:
        value = entry.get(name)
        if isinstance(value, bool):
            return str(value).lower() if value else ""
        if isinstance(value, str | int | float) and value != "":
            return str(value)
    return ""
