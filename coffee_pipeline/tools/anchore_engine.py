"""Anchore Engine: vulnerable packages of an image.

Formats: ``anchore-cli --json image vuln IMAGE all``, the same of ``anchorectl image vulnerabilities
-o json`` (which writes ``packageName`` for ``package_name``), and the report of Anchore Enterprise
with ``metadata`` and ``securityEvaluation``. One package that several feed groups name is several
entries; equal entries are one finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined, place_in_image, rated
from coffee_pipeline.tools.json_fields import advisory_names, items, mapping, score, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "anchore_engine"
TITLE = "Anchore Engine vulnerabilities JSON"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "fingerprint")
_CAPITAL = re.compile(r"(?<=[a-z])[A-Z]")
_NOTHING = frozenset({"None", "N/A", "none", "n/a"})


def recognises(document: Document) -> bool:
    """The kind of vulnerabilities that were asked for, or Enterprise's own key."""
    value = document.json_or_none()
    if not isinstance(value, dict):
        return False
    if "securityEvaluation" in value:
        return isinstance(value.get("metadata"), dict)
    if not isinstance(value.get("vulnerabilities"), list):
        return False
    first = mapping(value["vulnerabilities"][0]) if value["vulnerabilities"] else {}
    if "vulnerability_type" in value or "vulnerabilityType" in value:
        return True
    return {"vuln", "package", "feed"} <= first.keys()


def read(document: Document) -> ReadReport:
    """One finding for each advisory, package and place.

    Raises:
        ParseError: neither of the formats, or an entry without advisory or package.
    """
    value = document.json
    if not isinstance(value, dict):
        raise document.error("line 1", "no Anchore Engine report: a JSON object is expected")
    merged: dict[tuple[str, ...], Reported] = {}
    if value.get("metadata"):
        image = _image(mapping(value["metadata"]))
        for position, entry in _entries(document, value, "securityEvaluation"):
            names = ("cves", "package", "packageType", "path", "severity")
            key = tuple(str(entry.get(name, "None")) for name in names)
            merged.setdefault(key, _evaluated(document, position, entry, image))
    else:
        image = text(value.get("imageFullTag"))
        for position, written in _entries(document, value, "vulnerabilities"):
            entry = _spelled(written)
            names = ("feed", "feed_group", "package_name", "package_version", "package_path")
            digest = entry.get("image_digest", "None")
            key = (str(digest), *(str(entry.get(name)) for name in (*names, "vuln")))
            merged.setdefault(key, _listed(document, position, entry, image))
    return ReadReport(findings=list(merged.values()), outcome=Outcome.COMPLETED)


def _image(metadata: Mapping[str, Any]) -> str | None:
    parts = [text(metadata.get(name)) for name in ("registry", "repository")]
    name, tag = "/".join(part for part in parts if part), text(metadata.get("tag"))
    return f"{name}:{tag}" if name and tag else name or None


def _entries(
    document: Document, value: Mapping[str, Any], name: str
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    listed = value.get(name)
    if not isinstance(listed, list):
        raise document.error(name, "no Anchore Engine report: a list is expected")
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise document.error(f"{name}[{number}]", "a JSON object is expected")
    return [(f"{name}[{number}]", entry) for number, entry in enumerate(listed)]


def _spelled(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry with names as the first version of the API has them: words with underscores."""
    return {_CAPITAL.sub(r"_\g<0>", name).lower(): value for name, value in entry.items()}


def _said(value: object) -> str | None:
    """Text, where it is not the word for "nothing"."""
    said = text(value)
    return None if said in _NOTHING else said


def _evaluated(
    document: Document, position: str, entry: Mapping[str, Any], image: str | None
) -> Reported:
    """An entry of a security evaluation; its package has the version in its name."""
    advisory, package = text(entry.get("vulnerabilityId")), text(entry.get("package"))
    if advisory is None or package is None:
        raise document.error(position, "'vulnerabilityId' or 'package' is missing")
    component, version = _split(package)
    base = score(entry.get("nvdCvssBaseScore"))
    severity, source = rated(entry.get("severity"), base, None)
    path = _said(entry.get("path"))
    return Reported(
        rule=advisory,
        title=f"{advisory} in {package}",
        severity=severity,
        severity_source=source,
        identifiers=advisory_names(text(entry.get("cves")) or ""),
        cvss_score=base,
        component=component,
        component_version=version,
        fixed_version=_said(entry.get("fixAvailable")),
        path=path,
        resource=image,
        fingerprint=joined((text(entry.get("packageType")), place_in_image(path, version))),
        reference=_said(entry.get("link")),
    )


def _split(package: str) -> tuple[str, str | None]:
    """(name, version) of ``name-1.2-3``: the version begins at the first digit after a hyphen."""
    at = next(
        (n for n in range(1, len(package) - 1) if package[n] == "-" and package[n + 1].isdigit()),
        None,
    )
    return (package, None) if at is None else (package[:at], package[at + 1 :])


def _listed(
    document: Document, position: str, entry: Mapping[str, Any], image: str | None
) -> Reported:
    """An entry of a list of vulnerabilities."""
    advisory = text(entry.get("vuln"))
    component = text(entry.get("package_name")) or text(entry.get("package"))
    if advisory is None or component is None:
        raise document.error(position, "'vuln' or 'package_name' is missing")
    base = _base_score(entry)
    severity, source = rated(entry.get("severity"), base, None)
    path, version = _said(entry.get("package_path")), _said(entry.get("package_version"))
    group = joined((text(entry.get("feed")), text(entry.get("feed_group"))))
    details = mapping(entry.get("extra"))
    return Reported(
        rule=advisory,
        title=f"{advisory} in {text(entry.get('package')) or component}",
        severity=severity,
        severity_source=source,
        identifiers=advisory_names(advisory),
        cvss_score=base,
        component=component,
        component_version=version,
        fixed_version=_said(entry.get("fix")),
        path=path,
        resource=image,
        fingerprint=joined((group, place_in_image(path, version))),
        detail=text(entry.get("description")) or text(details.get("description")),
        reference=_said(entry.get("url")),
    )


def _base_score(entry: Mapping[str, Any]) -> float | None:
    """The first CVSS 3 score; -1 stands for none."""
    for name in ("nvd_data", "vendor_data"):
        for record in items(entry.get(name)):
            rating = mapping(mapping(record).get("cvss_v3") or mapping(record).get("cvssV3"))
            found = score(rating.get("base_score", rating.get("baseScore")))
            if found is not None:
                return found
    return None
