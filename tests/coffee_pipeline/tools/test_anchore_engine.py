from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools import anchore_engine
from coffee_pipeline.tools.document import Document

RECORDINGS = Path(__file__).parent / "recordings" / "scanners"


def test_a_list_of_vulnerabilities() -> None:
    report = anchore_engine.read(Document.of_file(RECORDINGS / "anchore-engine.json"))
    first, second = report.findings
    assert (first.component, first.component_version, first.fixed_version) == (
        "zlib1g", "1.2.13", "1.2.14",
    )  # fmt: skip
    assert (first.severity, first.cvss_score) == (Severity.HIGH, 7.5)
    assert (second.severity, second.cvss_score, second.fixed_version) == (
        Severity.INFO, None, None,
    )  # fmt: skip


def test_names_as_the_second_version_of_the_api_spells_them() -> None:
    entry = {
        "vuln": "CVE-2026-1000", "package": "pot-2.1", "packageName": "pot", "severity": "Low",
        "packageVersion": "2.1", "packagePath": "/opt/pot.jar", "packageType": "java", "fix": "2.2",
        "feed": "github", "feedGroup": "github:java", "url": "https://advisories.example/1",
        "nvdData": [{"id": "CVE-2026-1000", "cvssV3": {"baseScore": 3.1}}],
    }  # fmt: skip
    value = {"imageDigest": "sha256:1", "vulnerabilities": [entry, {**entry, "packagePath": "/b"}]}
    document = Document(json.dumps(value).encode(), "report.json")
    assert anchore_engine.recognises(document)
    first, second = anchore_engine.read(document).findings
    assert (first.component, first.component_version, first.path) == ("pot", "2.1", "/opt/pot.jar")
    assert (first.cvss_score, first.fixed_version, second.path) == (3.1, "2.2", "/b")
    nothing = json.dumps({"vulnerabilities": [], "vulnerabilityType": "all"}).encode()
    assert anchore_engine.recognises(Document(nothing, "report.json"))


def test_a_security_evaluation_has_versions_in_its_package_names() -> None:
    report = anchore_engine.read(Document.of_file(RECORDINGS / "anchore-evaluation.json"))
    first, second, third = report.findings
    assert (first.component, first.component_version, first.identifiers) == (
        "pot", "2.1", ("CVE-2026-1000",),
    )  # fmt: skip
    assert (first.resource, first.fixed_version) == ("shop.test/menu:1", "2.2,3.0")
    assert first.path != second.path
    assert (third.component, third.component_version) == ("cups-libs", "1:2.2.6-61")
    assert (third.severity, third.severity_source) == (Severity.HIGH, "CVSS")


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"vulnerabilities": 1},
        {"vulnerabilities": [1]},
        {"vulnerabilities": [{"vuln": "x"}]},
        {"metadata": {"tag": "1"}},
        {"metadata": {"tag": "1"}, "securityEvaluation": [{"package": "x"}]},
    ],
)
def test_broken_reports_are_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        anchore_engine.read(Document(json.dumps(value).encode(), "report.json"))
