"""Entries of the Trivy Operator's reports: vulnerabilities, checks, secrets, controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coffee_pipeline.model.outcome import FindingKind
from coffee_pipeline.tools.image_packages import joined, place_in_image, rated, workload
from coffee_pipeline.tools.json_fields import items, mapping, score, text, texts
from coffee_pipeline.tools.reported import Reported


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The workload that a report is about; ``key`` is its name without what a roll-out changes."""

    resource: str | None
    key: str
    labels: Mapping[str, str] = field(default_factory=dict)


def vulnerability(entry: Mapping[str, Any], owner: Owner) -> Reported:
    """A vulnerable package of a container's image."""
    advisory = text(entry.get("vulnerabilityID")) or "unnamed"
    component, version = text(entry.get("resource")), text(entry.get("installedVersion"))
    vector, base = _cvss(entry)
    severity, source = rated(entry.get("severity"), base, vector)
    path = text(entry.get("packagePath")) or text(entry.get("pkgPath"))
    return Reported(
        rule=advisory,
        title=text(entry.get("title")) or f"{advisory} in {component or 'a package'}",
        severity=severity,
        severity_source=source,
        kind=FindingKind.CONTAINER,
        cvss_vector=vector,
        cvss_score=base,
        component=component,
        component_version=version,
        fixed_version=text(entry.get("fixedVersion")),
        path=path,
        resource=owner.resource,
        fingerprint=joined((owner.key, place_in_image(path, version))),
        labels=owner.labels,
        detail=text(entry.get("description")),
        reference=text(entry.get("primaryLink")),
    )


def _cvss(entry: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """(vector, score): of the source that the operator took, else of any."""
    ratings = mapping(entry.get("cvss"))
    for source in (text(entry.get("cvsssource")) or "", "nvd", "ghsa", "redhat", *sorted(ratings)):
        vector = text(mapping(ratings.get(source)).get("V3Vector"))
        if vector:
            return vector, score(mapping(ratings[source]).get("V3Score"))
    return None, score(entry.get("score"))


def check(entry: Mapping[str, Any], owner: Owner) -> Reported:
    """A failed check of a workload's configuration, of access rights, or of the nodes."""
    title = text(entry.get("title")) or "check"
    severity, source = rated(entry.get("severity"), None, None)
    rule = text(entry.get("checkID"))
    details = [*texts(entry.get("messages")), text(entry.get("remediation"))]
    return Reported(
        rule=rule or title,
        title=title,
        severity=severity,
        severity_source=source,
        kind=FindingKind.INFRASTRUCTURE,
        resource=owner.resource,
        fingerprint=owner.key,
        suppressed="the check passed" if entry.get("success") is True else None,
        labels=owner.labels,
        detail="\n".join(part for part in details if part) or text(entry.get("description")),
        reference=f"https://avd.aquasec.com/misconfig/{rule.lower()}" if rule else None,
    )


def secret(entry: Mapping[str, Any], owner: Owner) -> Reported:
    """A secret in a file of a container's image; nothing of it is kept."""
    rule, path = text(entry.get("ruleID")) or "unnamed", text(entry.get("target"))
    severity, source = rated(entry.get("severity"), None, None)
    return Reported(
        rule=rule,
        title=text(entry.get("title")) or rule,
        severity=severity,
        severity_source=source,
        kind=FindingKind.SECRET,
        path=path,
        resource=owner.resource,
        fingerprint=joined((owner.key, path)),
        labels=owner.labels,
        detail=text(entry.get("category")),
    )


def detailed_controls(
    result: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]
) -> Iterator[Reported]:
    """The failed checks of one control of a benchmark, each with what failed it."""
    control = text(result.get("id")) or "control"
    for entry in checks:
        if entry.get("success") is not False:
            continue
        severity, source = rated(entry.get("severity") or result.get("severity"), None, None)
        rule, target = text(entry.get("checkID")), text(entry.get("target")) or ""
        details = [*texts(entry.get("messages")), text(entry.get("remediation"))]
        yield Reported(
            rule=rule or control,
            title=f"{control} {text(entry.get('title')) or text(result.get('name')) or rule}",
            severity=severity,
            severity_source=source,
            kind=FindingKind.COMPLIANCE,
            identifiers=[control],
            resource=target or None,
            fingerprint=joined((control, _target_key(target))),
            detail="\n".join(part for part in details if part) or text(entry.get("description")),
            labels=_namespace(target),
        )


def controls(
    listed: Iterable[Mapping[str, Any]], described: Sequence[Any], benchmark: str
) -> Iterator[Reported]:
    """The controls of a benchmark's summary that failed anywhere."""
    known = {text(mapping(one).get("id")): mapping(one) for one in described}
    for entry in listed:
        failed = entry.get("totalFail")
        if not isinstance(failed, int) or isinstance(failed, bool) or failed <= 0:
            continue
        control = text(entry.get("id")) or "control"
        own = known.get(control, {})
        severity, source = rated(entry.get("severity") or own.get("severity"), None, None)
        checks = (text(mapping(one).get("id")) for one in items(own.get("checks")))
        yield Reported(
            rule=control,
            title=text(entry.get("name")) or text(own.get("name")) or control,
            severity=severity,
            severity_source=source,
            kind=FindingKind.COMPLIANCE,
            identifiers=[name for name in checks if name],
            resource="cluster",
            fingerprint=benchmark,
            detail=f"{failed} failed. {text(own.get('description')) or ''}".rstrip(),
        )


def _target_key(target: str) -> str:
    """``namespace/kind-name`` without what a roll-out changes."""
    namespace, slash, rest = target.rpartition("/")
    kind, hyphen, name = rest.partition("-")
    return f"{namespace}{slash}{workload(kind, name) if hyphen else rest}"


def _namespace(target: str) -> dict[str, str]:
    namespace = target.rpartition("/")[0]
    return {"k8s.ns.name": namespace} if namespace else {}
