"""Reports of Trivy: of an image, folder or repository, of a cluster, and the list of old versions.

Reports of several images that a script put into one list are read as one.

Schema: https://trivy.dev/latest/docs/configuration/reporting/#json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined, kubernetes_labels, workload
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.trivy_results import Scanned, read_results, tells_of_a_vulnerability

_CLUSTER_LISTS = ("Vulnerabilities", "Misconfigurations", "Resources", "Findings")
"""Where reports of a cluster keep its resources: two lists in old versions, one in new ones."""
_RESULT_KEYS = frozenset(
    {"Vulnerabilities", "Misconfigurations", "Secrets", "Licenses", "Type", "Class", "Packages"}
)


def is_report(value: object) -> bool:
    """Whether a JSON value is a Trivy report, of whatever version."""
    if isinstance(value, list):
        first = mapping(value[0]) if value else {}
        is_result = isinstance(first.get("Target"), str) and not _RESULT_KEYS.isdisjoint(first)
        return is_result or is_report(first)
    if not isinstance(value, dict):
        return False
    if "ClusterName" in value:
        return any(name in value for name in _CLUSTER_LISTS) or len(value) <= 4
    return "SchemaVersion" in value and ("ArtifactName" in value or "ArtifactType" in value)


def read_report(document: Document, value: object) -> ReadReport:
    """The problems of a report, and what it says to have looked at.

    ``partial`` for a distribution that gets no advisories any more, and where something was not
    scanned or is not told in full; ``not_run`` where the report names nothing that was looked at.

    Raises:
        ParseError: it is none, or broken.
    """
    if value is not None and not isinstance(value, dict | list):
        raise document.error("line 1", "no Trivy report: a list or an object is expected")
    content: Mapping[str, Any] = value if isinstance(value, dict) else {"Results": value}
    if isinstance(value, dict) and not is_report(value):
        raise document.error("line 1", "no Trivy report: it has no SchemaVersion and no artifact")
    if isinstance(value, list) and is_report(mapping(value[0] if value else None)):
        return _together([read_report(document, one) for one in value])
    for number, result in enumerate(items(value)):
        if "Target" not in mapping(result):  # nothing would be found in whatever it is
            raise document.error(f"[{number}]", "no Trivy report: a result without 'Target'")
    findings: list[Reported] = []
    results: list[Any] = []
    for scanned, found, position in _parts(document, content):
        findings.extend(read_results(document, found, position, scanned))
        results.extend(items(found))
    outcome, reason = _coverage(content, results)
    return ReadReport(
        findings=findings,
        outcome=outcome,
        reason=reason,
        tool_version=text(mapping(content.get("Trivy")).get("Version")),
        packages_scanned=_packages(results),
        checks_run=_checks(results),
    )


def _together(reports: Sequence[ReadReport]) -> ReadReport:
    """Reports that a script put into one list, as one that is only as complete as all of them."""
    found = list(chain.from_iterable(report.findings for report in reports))
    worst = next((one for one in reports if one.outcome is not Outcome.COMPLETED), reports[0])
    outcomes = {one.outcome for one in reports}
    packages = [one.packages_scanned for one in reports if one.packages_scanned is not None]
    checks = [one.checks_run for one in reports if one.checks_run is not None]
    return replace(
        worst,
        findings=found,
        outcome=worst.outcome if len(outcomes) == 1 else Outcome.PARTIAL,
        packages_scanned=sum(packages) if packages else None,
        checks_run=sum(checks) if checks else None,
    )


def _parts(document: Document, content: Mapping[str, Any]) -> Iterator[tuple[Scanned, object, str]]:
    """The lists of results: one of an artifact, one for each resource of a cluster."""
    if "ClusterName" not in content or "Results" in content:
        is_image = content.get("ArtifactType") == "container_image"
        name = text(content.get("ArtifactName")) if is_image else None
        yield Scanned(resource=name), content.get("Results"), "Results"
        return
    for name in _CLUSTER_LISTS:
        listed = content.get(name)
        if not isinstance(listed, list | None):
            raise document.error(name, "a list is expected")
        for number, resource in enumerate(listed or ()):
            position = f"{name}[{number}]"
            if not isinstance(resource, dict):
                raise document.error(position, "a JSON object is expected")
            yield _workload(resource), resource.get("Results"), f"{position}.Results"


def _workload(resource: Mapping[str, Any]) -> Scanned:
    namespace, kind, name = (
        text(resource.get(part)) or "" for part in ("Namespace", "Kind", "Name")
    )
    return Scanned(
        resource="/".join(part for part in (namespace, kind, name) if part) or "cluster",
        key=joined((namespace, workload(kind, name))),
        labels=kubernetes_labels(namespace),
    )


def _coverage(content: Mapping[str, Any], results: Sequence[Any]) -> tuple[Outcome, str | None]:
    system = mapping(mapping(content.get("Metadata")).get("OS"))
    if system.get("EOSL") is True:
        name = f"{text(system.get('Family')) or 'the system'} {text(system.get('Name')) or ''}"
        return Outcome.PARTIAL, f"{name.strip()} gets no security advisories any more"
    failed = [
        said
        for name in _CLUSTER_LISTS
        for resource in items(content.get(name))
        if (said := text(mapping(resource).get("Error")))
    ]
    if failed:
        return (
            Outcome.PARTIAL,
            f"{len(failed)} resources were not scanned: {excerpt(failed[0], 300)}",
        )
    empty = sum(
        not tells_of_a_vulnerability(mapping(entry))
        for result in results
        for entry in items(mapping(result).get("Vulnerabilities"))
    )
    if empty:
        return Outcome.PARTIAL, f"{empty} entries name a package and no vulnerability of it"
    if not results:
        return Outcome.NOT_RUN, "the report names nothing that was looked at"
    return Outcome.COMPLETED, None


def _packages(results: Sequence[Any]) -> int | None:
    """Packages that the report lists; None where it lists none (``--list-all-pkgs`` is off)."""
    listed = [items(mapping(result).get("Packages")) for result in results]
    return sum(map(len, listed)) if any(listed) else None


def _checks(results: Sequence[Any]) -> int | None:
    """Misconfiguration checks that were made, passed or failed."""
    summaries = (mapping(mapping(result).get("MisconfSummary")) for result in results)
    counts = list(chain.from_iterable(
        (summary.get("Successes"), summary.get("Failures")) for summary in summaries if summary
    ))  # fmt: skip
    whole = [count for count in counts if isinstance(count, int) and not isinstance(count, bool)]
    return sum(whole) if whole else None
