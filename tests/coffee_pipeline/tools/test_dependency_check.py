from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import dependency_check
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORTS = Path(__file__).parent / "reports" / "dependency_check"
CRITICAL = "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def read(name: str) -> ReadReport:
    return dependency_check.read(Document.of_file(REPORTS / name))


def read_xml(dependencies: str, info: str = "") -> ReadReport:
    content = (
        "<analysis xmlns='https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd'>"
        f"<scanInfo>{info}</scanInfo><dependencies>{dependencies}</dependencies></analysis>"
    )
    return dependency_check.read(Document(content.encode(), "dc.xml"))


def dependency(vulnerabilities: str, name: str = "a.jar") -> str:
    listed = f"<vulnerabilities>{vulnerabilities}</vulnerabilities>"
    return f"<dependency><fileName>{name}</fileName>{listed}</dependency>"


def test_vulnerabilities_of_dependencies() -> None:
    report = read("schema-2.xml")
    grinder, bundled, suppressed, lid = report.findings
    assert (bundled.rule, bundled.component, bundled.resource, bundled.path) == (
        "CVE-2026-10001", "org.beans:grinder", "shop.war: grinder-2.0.jar",
        "/ci/shop/shop.war/grinder-2.0.jar",
    )  # fmt: skip
    assert (report.packages_scanned, report.tool_version) == (3, "6.5.3")
    assert report.database_date == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (grinder.rule, grinder.component, grinder.component_version) == (
        "CVE-2026-10001", "org.beans:grinder", "2.0",
    )  # fmt: skip
    assert (grinder.severity, grinder.severity_source) == (Severity.CRITICAL, "CVSS")
    assert (grinder.cvss_vector, grinder.cvss_score) == (f"CVSS:3.0/{CRITICAL}", 9.8)
    assert (grinder.cwes, grinder.identifiers) == ((502, 20), ("CVE-2026-10001",))
    assert grinder.detail == "Grinds whatever it is given."
    assert suppressed.suppressed == "suppressed: Not this grinder."
    assert (lid.rule, lid.component, lid.severity) == ("1500", "@cups/lid", Severity.MEDIUM)
    assert (lid.path, lid.resource) == ("/ci/shop/package-lock.json", "lid:0.9.0")


def test_the_first_schema_versions() -> None:
    pump, valve = read("schema-1.xml").findings
    assert (pump.component, pump.component_version) == ("org.beans:pump", "1.1")
    assert (pump.severity, pump.severity_source) == (Severity.HIGH, "tool")
    assert (pump.cwes, pump.cvss_score) == ((79,), 7.5)
    assert (valve.component, valve.component_version) == ("valve", "4")
    assert (valve.severity, valve.severity_source) == (Severity.MEDIUM, "default")


def test_json_reads_the_same() -> None:
    grinder, suppressed = read("report.json").findings
    first, _bundled, second, _lid = read("schema-2.xml").findings
    assert str(grinder.detail).endswith("\nalso in /ci/shop/shop.war/grinder-2.0.jar")
    for mine, its in ((grinder, first), (suppressed, second)):
        assert (mine.rule, mine.component, mine.severity) == (its.rule, its.component, its.severity)
    assert grinder.cvss_vector == f"CVSS:3.1/{CRITICAL}"
    assert suppressed.suppressed == "suppressed: Not this grinder."


def test_a_suppression_without_notes() -> None:
    entry = "<suppressedVulnerability><name>CVE-2026-1</name></suppressedVulnerability>"
    (found,) = read_xml(dependency(entry)).findings
    assert found.suppressed == "suppressed, without a reason"


def test_the_same_twice_in_a_dependency_is_one() -> None:
    entry = "<vulnerability><name>CVE-2026-1</name></vulnerability>"
    both = dependency(entry * 2) + dependency(entry, "b.jar")
    assert len(read_xml(both).findings) == 2
    other = entry.replace("</name>", "</name><cwe>CWE-79</cwe>")
    assert len(read_xml(dependency(entry + other)).findings) == 2


def test_no_dependency_is_not_clean_and_errors_are_told() -> None:
    assert read_xml("").outcome is Outcome.NOT_RUN
    errors = (
        "<analysisExceptions><exception><message>no internet</message></exception>"
        "<exception><message>x</message></exception></analysisExceptions>"
    )
    report = read_xml(dependency(""), errors)
    assert report.outcome is Outcome.PARTIAL
    assert report.reason == "the analysis had errors: no internet (and 1 more)"


def test_a_version_4_vector_leaves_the_word_of_the_source() -> None:
    entry: dict[str, Any] = {
        "name": "GHSA-aaaa-bbbb-cccc", "severity": "moderate", "cvssv4": {"baseScore": 6.1}
    }  # fmt: skip
    value = {"reportSchema": "1.1", "scanInfo": {}, "dependencies": [
        {"fileName": "go.mod", "vulnerabilities": [entry]}]}  # fmt: skip
    (found,) = dependency_check.read(Document(json.dumps(value).encode(), "x")).findings
    assert (found.severity, found.cvss_score) == (Severity.MEDIUM, 6.1)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "<analysis/>",
        "<other/>",
        '{"dependencies": [{}]}',
        '{"dependencies": [{"fileName": "a", "vulnerabilities": [{}]}]}',
        "<analysis><dependencies><dependency/></dependencies></analysis>",
        "<analysis><dependencies><dependency><fileName>a</fileName><vulnerabilities>"
        "<vulnerability/></vulnerabilities></dependency></dependencies></analysis>",
    ],
)
def test_broken_reports_are_refused(content: str) -> None:
    with pytest.raises(ParseError, match=r"^dc:"):
        dependency_check.read(Document(content.encode(), "dc"))
