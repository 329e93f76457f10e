from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import snyk
from coffee_pipeline.tools.document import Document


def vulnerability(**more: Any) -> dict[str, Any]:
    return {
        "id": "SNYK-GOLANG-EXAMPLETESTLIB-100",
        "title": "Denial of Service (DoS)",
        "severity": "high",
        "cvssScore": 5.3,
        "CVSSv3": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
        "packageName": "example.test/lib",
        "version": "1.2.0",
        "fixedIn": ["1.2.3"],
        "semver": {"vulnerable": ["<1.2.3"]},
        "identifiers": {"CVE": ["CVE-2026-1"], "CWE": ["CWE-400"], "GHSA": ["GHSA-aaaa-bbbb-cccc"]},
        "from": ["shop/orders@0.0.0", "example.test/web@v2.0.0", "example.test/lib@1.2.0"],
        "upgradePath": [False, "example.test/web@v2.1.0"],
        **more,
    }


def project(*found: Any, **more: Any) -> dict[str, Any]:
    return {
        "vulnerabilities": list(found),
        "ok": not found,
        "dependencyCount": 40,
        "packageManager": "gomodules",
        "displayTargetFile": "go.mod",
        "projectName": "shop/orders",
        "path": "/work/orders",
        **more,
    }


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "snyk.json")


def test_a_vulnerability_with_everything_it_says() -> None:
    report = snyk.read(document(project(vulnerability())))
    (found,) = report.findings
    assert (found.rule, found.severity, found.severity_source) == (
        "SNYK-GOLANG-EXAMPLETESTLIB-100", Severity.HIGH, "tool",
    )  # fmt: skip
    assert set(found.identifiers) >= {"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}
    assert (found.cwes, found.cvss_score) == ((400,), 5.3)
    assert (found.component, found.component_version, found.fixed_version) == (
        "example.test/lib", "1.2.0", "1.2.3",
    )  # fmt: skip
    assert found.path == "go.mod"
    assert found.resource == "shop/orders > example.test/web > example.test/lib"
    assert "upgrade: example.test/web@v2.1.0" in str(found.detail)
    assert (report.outcome, report.packages_scanned) == (Outcome.COMPLETED, 40)


def test_each_path_to_a_package_is_a_problem() -> None:
    other = vulnerability(**{"from": ["shop/orders@0.0.0", "example.test/lib@1.2.0"]})
    report = snyk.read(document(project(vulnerability(), other)))
    assert len({found.resource for found in report.findings}) == 2


def test_projects_are_a_list_and_may_have_nothing_or_an_error() -> None:
    failed = {"ok": False, "error": "Could not detect supported target files", "path": "/work"}
    report = snyk.read(document([project(vulnerability()), project(), failed]))
    assert (len(report.findings), report.outcome) == (1, Outcome.PARTIAL)
    assert "Could not detect" in str(report.reason)
    assert snyk.read(document(failed)).outcome is Outcome.FAILED
    assert snyk.read(document([])).outcome is Outcome.NOT_RUN
    assert snyk.read(document([project(), project(dependencyCount=0)])).outcome is Outcome.COMPLETED


@pytest.mark.parametrize(
    ("count", "outcome"),
    [(40, Outcome.COMPLETED), (0, Outcome.NOT_RUN), (None, Outcome.PARTIAL)],
)
def test_nothing_found_is_clean_only_if_dependencies_were_tested(count: Any, outcome: Any) -> None:
    assert snyk.read(document(project(dependencyCount=count))).outcome is outcome


def test_vulnerabilities_of_applications_in_an_image_are_spoken_of() -> None:
    image = project(
        vulnerability(packageManager="debian:12", language="linux"),
        packageManager="deb",
        applications=[project(vulnerability(), vulnerability())],
    )
    report = snyk.read(document(image))
    assert (len(report.findings), report.outcome) == (1, Outcome.PARTIAL)
    assert str(report.reason).startswith("2 vulnerabilities of applications")
    assert report.findings[0].kind is FindingKind.CONTAINER


def test_what_is_missing_or_odd_is_left_out() -> None:
    bare = vulnerability(
        cvssScore=None, severity="odd", identifiers=None, semver={"vulnerable": "<2"},
        fixedIn=None, packageName=None, **{"from": ["app@1", "@scope/pkg@2.0.0"]},
    )  # fmt: skip
    (found,) = snyk.read(document(project(bare))).findings
    assert (found.severity, found.severity_source) == (Severity.MEDIUM, "default")
    assert (found.component, found.fixed_version) == ("@scope/pkg", None)
    licence = vulnerability(type="license", id="snyk:lic:golang:example:GPL-3.0")
    assert snyk.read(document(project(licence))).findings[0].kind is FindingKind.COMPLIANCE


def test_reports_of_snyk_code_are_read_under_the_same_name() -> None:
    log = {
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "SnykCode", "rules": []}},
            "results": [{"ruleId": "go/Sqli", "level": "note", "message": {"text": "x"}}],
        }],
    }  # fmt: skip
    (found,) = snyk.read(document(log)).findings
    assert (found.kind, found.severity) == (FindingKind.SAST, Severity.LOW)
    assert not snyk.recognises(document(log))


def test_issues_of_infrastructure_as_code() -> None:
    issues = [
        {"publicId": "SNYK-CC-EXAMPLE-1", "id": "1", "title": "Container runs as root",
         "severity": "medium", "lineNumber": 12, "msg": "spec.securityContext",
         "issue": "It has all rights", "resolve": "Set runAsNonRoot", "isIgnored": False,
         "documentation": "https://rules.example/1", "path": ["[DocId: 0]", "spec"]},
        {"id": "SNYK-CC-EXAMPLE-2", "isIgnored": True, "cloudConfigPath": ["resource", "bucket"]},
    ]  # fmt: skip
    file = project(
        packageManager="k8sconfig", dependencyCount=0, displayTargetFile="deploy\\menu.yaml",
        infrastructureAsCodeIssues=issues,
    )  # fmt: skip
    assert snyk.recognises(document(file))
    report = snyk.read(document([file, project(infrastructureAsCodeIssues=[])]))
    root, bucket = report.findings
    assert (root.rule, root.kind, root.path, root.line) == (
        "SNYK-CC-EXAMPLE-1", FindingKind.INFRASTRUCTURE, "deploy/menu.yaml", 12,
    )  # fmt: skip
    assert (root.resource, root.detail) == (
        "spec.securityContext", "It has all rights\nSet runAsNonRoot",
    )  # fmt: skip
    assert (root.suppressed, root.reference) == (None, "https://rules.example/1")
    assert (bucket.title, bucket.resource, bucket.suppressed) == (
        "SNYK-CC-EXAMPLE-2", "resource.bucket", "ignored in Snyk",
    )  # fmt: skip
    assert report.outcome is Outcome.COMPLETED


def test_only_snyk_is_recognised() -> None:
    assert snyk.recognises(document(project()))
    assert snyk.recognises(document([project(), project(vulnerability())]))
    assert not snyk.recognises(document([]))
    assert not snyk.recognises(document({"vulnerabilities": [{"id": "CVE-2026-1"}]}))
    assert not snyk.recognises(document({"bomFormat": "CycloneDX", "vulnerabilities": []}))


@pytest.mark.parametrize(
    "value",
    [3, [3], {}, {"vulnerabilities": {}}, {"vulnerabilities": [3]}, {"vulnerabilities": [{}]},
     {"infrastructureAsCodeIssues": 3}, {"infrastructureAsCodeIssues": [{}]}],
)  # fmt: skip
def test_what_is_no_project_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"snyk\.json"):
        snyk.read(document(value))
