"""Clair: vulnerable packages of an image.

Formats: the report of clair-scanner (Clair v2), that of klar (Clair v2), the layer of the v1 API
(https://quay.github.io/clair/), and the vulnerability report of Clair v4 (clairctl, its API).
A package that is listed twice under one advisory and severity is one finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import named_severity
from coffee_pipeline.tools.json_fields import advisory_names, items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "clair"
TITLE = "Clair JSON (clair-scanner, klar, v1 API, v4)"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component")
_KLAR_LEVELS = ("Unknown", "Negligible", "Low", "Medium", "High", "Critical", "Defcon1")


def recognises(document: Document) -> bool:
    """Keys that no other report of vulnerabilities has together."""
    return _shape(document.json_or_none()) is not None


def read(document: Document) -> ReadReport:
    """One finding for each advisory and package.

    Raises:
        ParseError: of none of the formats, or an entry is broken.
    """
    value = document.json
    shape = _shape(value)
    if shape is None:
        raise document.error("line 1", "no Clair report: it has none of the known shapes")
    readers = {"scanner": _scanner, "klar": _klar, "layer": _layer, "v4": _v4}
    findings = list(readers[shape](document, value))
    packages = len(mapping(value.get("packages"))) if shape == "v4" else None
    nothing = packages == 0 or (shape == "klar" and not value.get("LayerCount"))
    return ReadReport(
        findings=findings,
        outcome=Outcome.NOT_RUN if nothing else Outcome.COMPLETED,
        reason="the report names no package that was looked at" if nothing else None,
        packages_scanned=packages,
    )


def _shape(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    if {"image", "unapproved", "vulnerabilities"} <= value.keys():
        return "scanner"
    if {"LayerCount", "Vulnerabilities"} <= value.keys():
        return "klar"
    if {"manifest_hash", "package_vulnerabilities"} <= value.keys():
        return "v4"
    layer = mapping(value.get("Layer")) or mapping(mapping(value.get("data")).get("Layer"))
    return "layer" if "Features" in layer or "NamespaceName" in layer else None


def _scanner(document: Document, value: Mapping[str, Any]) -> Iterator[Reported]:
    merged = {}
    for position, entry in _objects(document, value["vulnerabilities"], "vulnerabilities"):
        found = _reported(
            document, position, entry,
            ("vulnerability", "featurename", "featureversion", "severity", "fixedby"),
            resource=text(value.get("image")),
        )  # fmt: skip
        merged[found.rule, found.component] = found
    yield from merged.values()


def _klar(document: Document, value: Mapping[str, Any]) -> Iterator[Reported]:
    listed = value["Vulnerabilities"]
    if not isinstance(listed, dict | None):
        raise document.error("Vulnerabilities", "a JSON object is expected")
    for level in _KLAR_LEVELS:
        merged = {}
        entries = mapping(listed).get(level)
        for position, entry in _objects(document, entries, f"Vulnerabilities.{level}"):
            found = _reported(
                document, position, entry,
                ("Name", "FeatureName", "FeatureVersion", "Severity", "FixedBy"),
            )  # fmt: skip
            merged[found.rule, found.component] = found
        yield from merged.values()


def _layer(document: Document, value: Mapping[str, Any]) -> Iterator[Reported]:
    layer = mapping(value.get("Layer")) or mapping(mapping(value.get("data")).get("Layer"))
    for position, feature in _objects(document, layer.get("Features"), "Layer.Features"):
        listed = feature.get("Vulnerabilities")
        for place, entry in _objects(document, listed, f"{position}.Vulnerabilities"):
            named = {
                **entry,
                "FeatureName": feature.get("Name"),
                "FeatureVersion": feature.get("Version"),
            }
            yield _reported(
                document, place, named,
                ("Name", "FeatureName", "FeatureVersion", "Severity", "FixedBy"),
            )  # fmt: skip


def _v4(document: Document, value: Mapping[str, Any]) -> Iterator[Reported]:
    packages = mapping(value.get("packages"))
    advisories = mapping(value.get("vulnerabilities"))
    matched = value["package_vulnerabilities"]
    if not isinstance(matched, dict | None):
        raise document.error("package_vulnerabilities", "a JSON object is expected")
    for package_id, ids in mapping(matched).items():
        package = mapping(packages.get(package_id))
        for number, name in enumerate(items(ids)):
            position = f"package_vulnerabilities.{package_id}[{number}]"
            if not isinstance(name, str) or not isinstance(advisories.get(name), dict):
                raise document.error(position, "the vulnerability is not in the report")
            entry = {
                **advisories[name],
                "package": package.get("name"),
                "version": package.get("version"),
                "link": (text(advisories[name].get("links")) or "").split(" ")[0],
            }
            yield _reported(
                document, position, entry,
                ("name", "package", "version", "normalized_severity", "fixed_in_version"),
            )  # fmt: skip


def _objects(
    document: Document, value: object, position: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, list | None):
        raise document.error(position, "a list is expected")
    for number, entry in enumerate(value or ()):
        if not isinstance(entry, dict):
            raise document.error(f"{position}[{number}]", "a JSON object is expected")
        yield f"{position}[{number}]", entry


def _reported(
    document: Document,
    position: str,
    entry: Mapping[str, Any],
    names: tuple[str, str, str, str, str],
    *,
    resource: str | None = None,
) -> Reported:
    """One problem from an entry that has its fields under ``names``."""
    advisory, component, version, level, fixed = (text(entry.get(name)) for name in names)
    if advisory is None or component is None:
        raise document.error(position, f"{names[0]!r} or {names[1]!r} is missing")
    severity = named_severity(level)
    described = text(entry.get("description")) or text(entry.get("Description"))
    return Reported(
        rule=advisory,
        title=f"{advisory} in {component} {version or ''}".rstrip(),
        severity=severity or Severity.INFO,
        severity_source="tool" if severity else "default",
        identifiers=advisory_names(advisory),
        component=component,
        component_version=version,
        fixed_version=fixed,
        resource=resource,
        detail=described,
        reference=text(entry.get("link")) or text(entry.get("Link")),
    )
