"""Trivy Operator: what it found in a cluster, as the custom resources that it writes.

Kinds: Vulnerability, ConfigAudit, RbacAssessment, InfraAssessment and ExposedSecret reports (and
their Cluster... variants), and ClusterComplianceReport. They are read alone, in a list, as the
``List`` of ``kubectl get -o json``, and by resource name
(``vulnerabilityreports.aquasecurity.github.io``). Schema:
https://aquasecurity.github.io/trivy-operator/latest/docs/crds/. Bills of materials have no
findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined, kubernetes_labels, workload
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.trivy_operator_entries import (
    Owner,
    check,
    controls,
    detailed_controls,
    secret,
    vulnerability,
)

NAME = "trivy_operator"
TITLE = "Trivy Operator reports (JSON of custom resources)"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "fingerprint")
COUNTING = "`kind: List`, resources without labels"
_GROUP = "aquasecurity.github.io"
_LABEL = "trivy-operator."
_ENTRIES = {"vulnerabilities": vulnerability, "checks": check, "secrets": secret}
_NESTED = 4
"""Lists in lists, as scripts that collect reports leave them."""


@dataclass
class _Collected:
    """``reports``: how many custom resources said something."""

    findings: list[Reported] = field(default_factory=list)
    reports: int = 0
    version: str | None = None


def recognises(document: Document) -> bool:
    """A custom resource of the operator's API group, or a collection of them."""
    value = document.json_or_none()
    for _ in range(_NESTED):
        if isinstance(value, list):
            value = next((one for one in value if one), None)
        elif isinstance(value, dict) and "items" in value and _is_list(value):
            if _GROUP in str(value.get("apiVersion")):
                return True
            value = value["items"]
        else:
            break
    if not isinstance(value, dict):
        return False
    return _GROUP in str(value.get("apiVersion")) or any(
        name.endswith(f".{_GROUP}") for name in value
    )


def read(document: Document) -> ReadReport:
    """The problems of all reports in the document.

    Raises:
        ParseError: no reports of the operator, or a broken one.
    """
    value = document.json
    if not isinstance(value, dict | list):
        raise document.error("line 1", "no Trivy Operator report: an object or a list is expected")
    found = _Collected()
    _collect(document, value, "report", found, _NESTED)
    if not found.reports and value not in ([], {}) and not recognises(document):
        raise document.error("line 1", f"no Trivy Operator report: nothing is of {_GROUP}")
    return ReadReport(
        findings=found.findings,
        outcome=Outcome.COMPLETED if found.reports else Outcome.NOT_RUN,
        reason=None if found.reports else "the file has no report of the operator",
        tool_version=found.version,
    )


def _is_list(value: Mapping[str, Any]) -> bool:
    return str(value.get("kind", "List")).endswith("List")


def _collect(
    document: Document, value: object, position: str, found: _Collected, depth: int
) -> None:
    if value is None:
        return
    if isinstance(value, list) and depth:
        for number, one in enumerate(value):
            _collect(document, one, f"{position}[{number}]", found, depth - 1)
        return
    if not isinstance(value, dict):
        raise document.error(position, "a custom resource is expected")
    if isinstance(value.get("items"), list) and _is_list(value):
        _collect(document, value["items"], f"{position}.items", found, depth - 1)
        return
    for name in (name for name in value if name.endswith(f".{_GROUP}")):
        if "sbomreports" not in name:
            _collect(document, value[name], name, found, depth - 1)
    if "report" in value or "status" in value:
        found.reports += 1
        found.findings.extend(_resource(document, value, position))
        scanner = mapping(mapping(value.get("report")).get("scanner"))
        found.version = found.version or text(scanner.get("version"))


def _resource(document: Document, resource: Mapping[str, Any], position: str) -> Iterator[Reported]:
    report, status = resource.get("report"), resource.get("status")
    for name, part in (("report", report), ("status", status)):
        if not isinstance(part, dict | None):
            raise document.error(f"{position}.{name}", "a JSON object is expected")
    owner = _owner(mapping(resource.get("metadata")), mapping(report))
    for name, reader in _ENTRIES.items():
        for entry in _objects(document, mapping(report).get(name), f"{position}.report.{name}"):
            yield reader(entry, owner)
    details = mapping(mapping(status).get("detailReport")).get("results")
    for result in _objects(document, details, f"{position}.status.detailReport"):
        listed = _objects(document, result.get("checks"), f"{position}.status.detailReport")
        yield from detailed_controls(result, listed)
    summary = mapping(mapping(status).get("summaryReport")).get("controlCheck")
    listed = _objects(document, summary, f"{position}.status.summaryReport")
    spec = mapping(mapping(resource.get("spec")).get("compliance"))
    benchmark = text(spec.get("id")) or text(mapping(resource.get("metadata")).get("name"))
    yield from controls(listed, items(spec.get("controls")), benchmark or "compliance")


def _objects(document: Document, value: object, position: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list | None):
        raise document.error(position, "a list is expected")
    for number, one in enumerate(value or ()):
        if not isinstance(one, dict):
            raise document.error(f"{position}[{number}]", "a JSON object is expected")
    return value or []


def _owner(metadata: Mapping[str, Any], report: Mapping[str, Any]) -> Owner:
    """The workload that a report is about, by the operator's labels; else the report itself."""
    labels = mapping(metadata.get("labels"))
    namespace, kind, name = (
        text(labels.get(f"{_LABEL}resource.{part}")) or "" for part in ("namespace", "kind", "name")
    )
    container = text(labels.get(f"{_LABEL}container.name")) or ""
    if not name:
        namespace = namespace or text(metadata.get("namespace")) or ""
        name = text(metadata.get("name")) or ""
    parts = [part for part in (namespace, kind, name, container) if part]
    image = _image(mapping(report.get("registry")), mapping(report.get("artifact")))
    return Owner(
        resource="/".join(parts) or None,
        key=joined((namespace, workload(kind, name), container)),
        labels={
            **kubernetes_labels(namespace, container),
            **({"container.image.name": image} if image else {}),
        },
    )


def _image(registry: Mapping[str, Any], artifact: Mapping[str, Any]) -> str | None:
    repository = text(artifact.get("repository"))
    if repository is None:
        return None
    server, tag = text(registry.get("server")), text(artifact.get("tag"))
    name = f"{server}/{repository}" if server else repository
    digest = text(artifact.get("digest"))
    return f"{name}:{tag}" if tag else f"{name}@{digest}" if digest else name
