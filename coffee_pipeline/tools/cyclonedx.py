"""CycloneDX: vulnerabilities of a bill of materials, with what VEX says about them.

A vulnerability counts once for each component that it affects. A bill without a list of
vulnerabilities is an inventory: nothing says that anybody looked for any.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.cyclonedx_bom import BOM_NAMESPACE, Bom, Component, Rating, Vulnerability
from coffee_pipeline.tools.cyclonedx_json import bom_of_json
from coffee_pipeline.tools.cyclonedx_xml import bom_of_xml
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import advisory_names
from coffee_pipeline.tools.package_url import package_of
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.severity import cvss3_base_score, rating
from coffee_pipeline.tools.xml_fields import local_name, namespace

NAME = "cyclonedx"
TITLE = "CycloneDX vulnerabilities and VEX (JSON and XML)"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component")
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
    "none": Severity.INFO,
    "unknown": Severity.INFO,
}
_LINK = "urn:cdx:"
_NOT_COUNTED = ("resolved", "resolved_with_pedigree", "not_affected", "false_positive")


def recognises(document: Document) -> bool:
    """The format's own mark, or its namespace."""
    root = document.xml_or_none()
    if root is not None:
        return local_name(root) == "bom" and namespace(root).startswith(BOM_NAMESPACE)
    value = document.json_or_none()
    return isinstance(value, dict) and value.get("bomFormat") == "CycloneDX"


def read(document: Document) -> ReadReport:
    """One finding for each vulnerability and affected component, in their order."""
    bom = bom_of_json(document) if document.is_json_like else bom_of_xml(document)
    found = [
        _reported(vulnerability, target, bom)
        for vulnerability in bom.vulnerabilities or ()
        for target in vulnerability.affects
    ]
    outcome, reason = _trust(bom)
    return ReadReport(
        findings=found,
        outcome=outcome,
        reason=reason,
        tool=bom.tool,
        tool_version=bom.tool_version,
        packages_scanned=bom.component_count,
    )


def _trust(bom: Bom) -> tuple[Outcome, str | None]:
    if bom.vulnerabilities is None:
        return Outcome.NOT_RUN, "the bill lists components but no vulnerabilities: an inventory"
    lost = sum(not one.affects for one in bom.vulnerabilities)
    if lost:
        return Outcome.PARTIAL, f"{lost} vulnerabilities do not say which component they affect"
    return Outcome.COMPLETED, None


def _reported(one: Vulnerability, target: str | Component, bom: Bom) -> Reported:
    component = _component(target, bom) if isinstance(target, str) else target
    package = package_of(component.url)
    plain = "/".join(part for part in (component.group, component.name) if part)
    name = package.name if package else plain
    rule = _rule(one)
    severity, source, chosen = _severity(one.ratings)
    return Reported(
        rule=rule,
        title=f"{rule} in {name}",
        severity=severity,
        severity_source=source,
        kind=FindingKind.CONTAINER if package and package.is_system else None,
        identifiers=tuple(dict.fromkeys(
            (*([one.name] if one.name else []), *one.names, *advisory_names(rule))
        )),
        cwes=tuple(dict.fromkeys(one.weaknesses)),
        cvss_vector=_vector(chosen),
        cvss_score=chosen.score if chosen else None,
        component=name,
        component_version=component.version or (package.version if package else None),
        suppressed=_suppressed(one),
        detail=_detail(one),
        reference=next(iter(one.links), None),
    )  # fmt: skip


def _component(reference: str, bom: Bom) -> Component:
    """The component that a reference means, of this bill or of another one."""
    known = bom.components.get(reference)
    if known is None and reference.startswith(_LINK):  # urn:cdx:SERIAL/VERSION#REFERENCE
        reference = unquote(reference.partition("#")[2]) or reference
        known = bom.components.get(reference)
    # Of another document (a VEX apart from its bill), the reference often is a package URL.
    return known or Component(name=reference, url=reference)


def _rule(one: Vulnerability) -> str:
    """The name that others know it by; some tools have ids of their own databases."""
    if one.name and (advisory_names(one.name) or not one.names):
        return one.name
    known = [name for name in one.names if advisory_names(name)]
    return next(iter(known), None) or one.name or next(iter(one.names), "unnamed")


def _severity(ratings: Sequence[Rating]) -> tuple[Severity, str, Rating | None]:
    """By the first CVSS 3 or 4 rating, else by the first of any: (severity, source, rating)."""
    by_cvss = [
        one for one in ratings if (one.method or "").upper().startswith(("CVSSV3", "CVSSV4"))
    ]
    for one in (*by_cvss, *ratings):
        if one.word and one.word.lower() in _SEVERITIES:
            return _SEVERITIES[one.word.lower()], "tool", _scored(one, by_cvss)
        points = cvss3_base_score(_vector(one) or "")
        points = points if points is not None else one.score
        if points is not None and one in by_cvss:
            return rating(points), "CVSS", one
    return Severity.MEDIUM, "default", next(iter(by_cvss), None)


def _scored(one: Rating, by_cvss: Sequence[Rating]) -> Rating | None:
    """The rating whose vector and score are kept: a CVSS one."""
    return one if one in by_cvss else next(iter(by_cvss), None)


def _vector(one: Rating | None) -> str | None:
    """The vector with the prefix that some tools leave out."""
    if one is None or not one.vector:
        return None
    if one.vector.startswith("CVSS:"):
        return one.vector
    prefix = {"CVSSV3": "CVSS:3.0", "CVSSV31": "CVSS:3.1", "CVSSV4": "CVSS:4.0"}
    named = prefix.get((one.method or "").upper())
    return f"{named}/{one.vector}" if named else one.vector


def _suppressed(one: Vulnerability) -> str | None:
    if one.state is None or one.state.lower() not in _NOT_COUNTED:
        return None
    said = [part for part in (one.justification, one.analysis) if part]
    return f"{one.state}: {', '.join(said)}" if said else one.state


def _detail(one: Vulnerability) -> str | None:
    parts = [part for part in (one.description, one.detail) if part]
    if one.recommendation:
        parts.append(f"recommended: {one.recommendation}")
    if one.analysis and _suppressed(one) is None:
        parts.append(f"analysis: {one.analysis}")
    return "\n".join(parts) or None
