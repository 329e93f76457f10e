from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import sysdig_cli
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORTS = Path(__file__).parent / "reports" / "sysdig_cli"
HEADER = "CVE ID,CVE Severity,CVSS Score,Package Name,Package Version\n"


def read(name: str) -> ReadReport:
    return sysdig_cli.read(Document.of_file(REPORTS / name))


def read_result(result: dict[str, Any]) -> ReadReport:
    value = {"scanner": {"name": "sysdig-cli-scanner"}, "result": result}
    return sysdig_cli.read(Document(json.dumps(value).encode(), "scan"))


def test_csv() -> None:
    roast, crema = read("report.csv").findings
    assert (roast.rule, roast.component, roast.component_version, roast.fixed_version) == (
        "CVE-2026-10001", "roast", "1.4.0", "v1.5.0",
    )  # fmt: skip
    assert (roast.severity, roast.severity_source, roast.cvss_score) == (
        Severity.CRITICAL, "tool", 9.8,
    )  # fmt: skip
    assert (roast.resource, roast.path) == ("/usr/lib/roast", None), "a path inside of an image"
    assert roast.reference == "https://advisories.example/1"
    assert (crema.severity, crema.suppressed) == (Severity.INFO, "risk accepted")


def test_json_with_vulnerabilities_in_packages() -> None:
    report = read("result.json")
    roast, unscored = report.findings
    assert (report.outcome, report.packages_scanned, report.tool_version) == (
        Outcome.COMPLETED, 2, "1.20.0",
    )  # fmt: skip
    assert (roast.rule, roast.severity, roast.fixed_version) == (
        "CVE-2026-10001", Severity.CRITICAL, "v1.5.0",
    )  # fmt: skip
    assert roast.cvss_vector == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert roast.resource == "registry.example:5000/beans/shop"
    assert roast.detail
    assert "public exploit: true\nin use: true" in roast.detail
    assert (unscored.rule, unscored.severity) == ("GHSA-dddd-eeee-ffff", Severity.INFO)


def test_json_with_tables() -> None:
    (found,) = read("tables.json").findings
    assert (found.rule, found.severity, found.suppressed) == (
        "CVE-2026-10001", Severity.HIGH, "risk accepted",
    )  # fmt: skip
    assert (found.resource, found.fixed_version) == ("registry.example/beans/shop", "v1.5.0")


def test_fewer_than_the_report_counts_is_partial_and_no_package_is_not_run() -> None:
    package = {"name": "a", "vulns": [{"name": "CVE-2026-1", "severity": {"value": "High"}}]}
    report = read_result({"packages": [package], "vulnTotalBySeverity": {"high": 2}})
    assert (report.outcome, report.reason) == (
        Outcome.PARTIAL, "the report counts 2 vulnerabilities and lists 1",
    )  # fmt: skip
    assert read_result({"packages": []}).outcome is Outcome.NOT_RUN


def test_other_spellings_of_the_header_and_encodings() -> None:
    text = HEADER.upper() + "CVE-2026-1,Hïgh,7.5,bean,1\n"
    for content in (text.encode("cp1252"), text.encode("utf-16"), text.encode("utf-8-sig")):
        document = Document(content, "scan")
        assert sysdig_cli.recognises(document)
        (found,) = sysdig_cli.read(document).findings
        assert (found.severity, found.severity_source) == (Severity.HIGH, "CVSS")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER + "High,7.5,bean,1,2\n", "row 2: 'High' is no vulnerability"),
        (HEADER + "CVE-2026-1,High,7.5,,\n", "row 2"),
        ("a,b\n1,2\n", "no columns of that name"),
        ("{}", "no result with packages"),
        ('{"result": {"packages": [1]}}', "package 1"),
        ('{"result": {"packages": [{"vulns": [{}]}]}}', "package 1"),
        ('{"result": {"packages": [{"vulnerabilitiesRefs": ["x"]}]}}', "leads nowhere"),
    ],
)
def test_broken_reports_are_refused(content: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        sysdig_cli.read(Document(content.encode(), "scan"))
