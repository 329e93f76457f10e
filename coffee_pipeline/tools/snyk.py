"""Snyk Open Source, Container and Infrastructure as Code: ``snyk [container|iac] test --json``.

One project is one object, several (``--all-projects``) are a list. Each path from the project to
a vulnerable package is a problem of its own: they are fixed one by one. What ``snyk code test``
prints may stand among them, or alone under this tool's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import snyk_code
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    items,
    mapping,
    number,
    objects,
    score,
    text,
    texts,
)
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.severity import rating

NAME = "snyk"
TITLE = "Snyk Open Source, Container and IaC JSON"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component", "path", "resource")
COUNTING = "issues of infrastructure as code, too"
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
_CONFIGURATION = "infrastructureAsCodeIssues"
_SYSTEM_PACKAGES = ("deb", "rpm", "apk", "linux")


def recognises(document: Document) -> bool:
    """Projects with Snyk's own names beside their vulnerabilities, or its error."""
    value = document.json_or_none()
    projects = value if isinstance(value, list) else [value]
    return bool(projects) and all(_is_project(project) for project in projects)


def read(document: Document) -> ReadReport:
    """The vulnerabilities and licence issues of all projects."""
    value = document.json
    projects = value if isinstance(value, list) else [value]
    reports = [
        _project(project, f"project {index + 1}", document)
        for index, project in enumerate(projects)
    ]
    found = [problem for report in reports for problem in report.findings]
    tested = [r.packages_scanned for r in reports if r.packages_scanned is not None]
    outcome, reason = _together(reports, bool(found))
    return ReadReport(
        findings=found,
        outcome=outcome,
        reason=reason,
        tool_version=reports[0].tool_version if len(reports) == 1 else None,
        packages_scanned=sum(tested) if tested else None,
    )


def _is_project(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get(_CONFIGURATION), list):
        return True
    if isinstance(value.get("vulnerabilities"), list):
        first = mapping(next(iter(value["vulnerabilities"]), None))
        return {"semver", "from"} <= first.keys() or (
            "packageManager" in value and ("ok" in value or "dependencyCount" in value)
        )
    return value.get("ok") is False and {"error", "path"} <= value.keys()


def _project(project: object, position: str, document: Document) -> ReadReport:
    if not isinstance(project, dict):
        raise document.error(position, "a JSON object is expected")
    if "runs" in project:
        return _code(project, document)
    if _CONFIGURATION in project:
        return _configuration(project, position, document)
    if "vulnerabilities" not in project:
        if not text(project.get("error")):
            raise document.error(position, "no Snyk project: it has no 'vulnerabilities'")
        return ReadReport(
            findings=[], outcome=Outcome.FAILED, reason=f"Snyk: {project['error'][:300]}"
        )
    listed = project["vulnerabilities"]
    if not isinstance(listed, list):
        raise document.error(f"{position}, vulnerabilities", "a JSON list is expected")
    found = [
        _reported(entry, project, f"{position}, vulnerability {index + 1}", document)
        for index, entry in enumerate(listed)
    ]
    count = project.get("dependencyCount")
    packages = 0 if count == 0 and count is not False else number(count)
    outcome, reason = _trust(project, packages, bool(found))
    return ReadReport(findings=found, outcome=outcome, reason=reason, packages_scanned=packages)


def _code(log: Mapping[str, Any], document: Document) -> ReadReport:
    """Snyk Code's own reading; its problems are of the code, whatever the report is named."""
    report = snyk_code.read_log(log, document)
    found = [replace(one, kind=one.kind or snyk_code.KIND) for one in report.findings]
    return replace(report, findings=found)


def _configuration(project: Mapping[str, Any], position: str, document: Document) -> ReadReport:
    """The issues of one file of infrastructure as code, which has no dependencies to count."""
    listed = objects(project[_CONFIGURATION], f"{position}, {_CONFIGURATION}", document)
    return ReadReport(
        findings=[
            _misconfigured(entry, project, f"{position}, issue {index + 1}", document)
            for index, entry in enumerate(listed)
        ]
    )


def _misconfigured(
    entry: Mapping[str, Any], project: Mapping[str, Any], position: str, document: Document
) -> Reported:
    name = text(entry.get("publicId")) or text(entry.get("id"))
    if name is None:
        raise document.error(position, "'id' is missing")
    severity, source = _severity(entry)
    place = texts(entry.get("path")) or texts(entry.get("cloudConfigPath"))
    said = (text(entry.get(part)) for part in ("issue", "impact", "resolve"))
    return Reported(
        rule=name,
        title=text(entry.get("title")) or name,
        severity=severity,
        severity_source=source,
        kind=FindingKind.INFRASTRUCTURE,
        path=_manifest(project),
        line=number(entry.get("lineNumber")),
        resource=text(entry.get("msg")) or ".".join(place) or None,
        suppressed="ignored in Snyk" if entry.get("isIgnored") is True else None,
        detail="\n".join(one for one in said if one) or None,
        reference=text(entry.get("documentation")),
    )


def _trust(
    project: Mapping[str, Any], packages: int | None, found: bool
) -> tuple[Outcome, str | None]:
    beside = sum(
        len(items(mapping(application).get("vulnerabilities")))
        for application in items(project.get("applications"))
    )
    if beside:
        return (
            Outcome.PARTIAL,
            f"{beside} vulnerabilities of applications inside of the image are listed apart and "
            "are not read; test them as projects of their own",
        )
    if found or packages:
        return Outcome.COMPLETED, None
    if packages == 0:
        return Outcome.NOT_RUN, "Snyk found no dependency to test"
    return Outcome.PARTIAL, "the report does not say how many dependencies were tested"


def _together(reports: Sequence[ReadReport], found: bool) -> tuple[Outcome, str | None]:
    """One outcome for all projects: what one of them did not look at, the report did not."""
    lacking = [report for report in reports if report.outcome is not Outcome.COMPLETED]
    if not reports:
        return Outcome.NOT_RUN, "the report lists no project"
    if not lacking:
        return Outcome.COMPLETED, None
    outcomes = {report.outcome for report in reports}
    if len(outcomes) == 1 and not found:
        return lacking[0].outcome, lacking[0].reason
    skipped = all(report.outcome is Outcome.NOT_RUN for report in lacking)
    # A folder without dependencies among others is no gap.
    return (Outcome.COMPLETED, None) if skipped else (Outcome.PARTIAL, lacking[0].reason)


def _reported(
    entry: object, project: Mapping[str, Any], position: str, document: Document
) -> Reported:
    if not isinstance(entry, dict):
        raise document.error(position, "a JSON object is expected")
    name = text(entry.get("id"))
    if name is None:
        raise document.error(position, "'id' is missing")
    chain = texts(entry.get("from"))
    severity, source = _severity(entry)
    names = mapping(entry.get("identifiers"))
    listed = [one for kind, values in names.items() if kind != "CWE" for one in texts(values)]
    component = text(entry.get("packageName")) or text(entry.get("name")) or _unversioned(chain)
    return Reported(
        rule=name,
        title=f"{text(entry.get('title')) or name} in {component or 'a dependency'}",
        severity=severity,
        severity_source=source,
        kind=_kind(entry, project),
        identifiers=tuple(dict.fromkeys((*listed, *advisory_names(name)))),
        cwes=cwe_numbers(texts(names.get("CWE"))),
        cvss_vector=text(entry.get("CVSSv3")),
        cvss_score=score(entry.get("cvssScore")),
        component=component,
        component_version=text(entry.get("version")),
        fixed_version=_fixed(entry),
        path=_manifest(project),
        resource=" > ".join(_package(one) for one in chain) or None,
        confidence=text(entry.get("exploit")),
        detail=_detail(entry, chain),
        reference=text(entry.get("url")) or f"https://security.snyk.io/vuln/{name}",
    )


def _severity(entry: Mapping[str, Any]) -> tuple[Severity, str]:
    """Snyk's own word, which knows the distribution; else the CVSS score."""
    for word in (entry.get("severityWithCritical"), entry.get("severity")):
        if isinstance(word, str) and word.lower() in _SEVERITIES:
            return _SEVERITIES[word.lower()], "tool"
    cvss = score(entry.get("cvssScore"))
    return (rating(cvss), "CVSS") if cvss is not None else (Severity.MEDIUM, "default")


def _kind(entry: Mapping[str, Any], project: Mapping[str, Any]) -> FindingKind | None:
    if entry.get("type") == "license":
        return FindingKind.COMPLIANCE
    manager = text(project.get("packageManager")) or text(entry.get("packageManager")) or ""
    system = manager.partition(":")[0] in _SYSTEM_PACKAGES or entry.get("language") == "linux"
    return FindingKind.CONTAINER if system else None


def _manifest(project: Mapping[str, Any]) -> str | None:
    """The file that lists the dependencies, relative to what was tested."""
    name = text(project.get("displayTargetFile")) or text(project.get("targetFile"))
    return name.replace("\\", "/") if name else None


def _package(step: str) -> str:
    """``express`` of ``express@4.12.4``; scoped names begin with the sign themselves."""
    name, sign, _version = step.rpartition("@")
    return name if sign and name else step


def _unversioned(chain: Sequence[str]) -> str | None:
    return _package(chain[-1]) if chain else None


def _fixed(entry: Mapping[str, Any]) -> str | None:
    nearest = text(entry.get("nearestFixedInVersion"))
    return nearest or ", ".join(texts(entry.get("fixedIn"))[:10]) or None


def _detail(entry: Mapping[str, Any], chain: Sequence[str]) -> str | None:
    ranges = ", ".join(texts(mapping(entry.get("semver")).get("vulnerable")))
    lines = [f"introduced through {' > '.join(chain)}"] if chain else []
    if ranges:
        lines.append(f"vulnerable: {ranges}")
    upgrades = [step for step in items(entry.get("upgradePath")) if isinstance(step, str)]
    if upgrades:
        lines.append(f"upgrade: {' > '.join(upgrades)}")
    return "\n".join(lines) or None
