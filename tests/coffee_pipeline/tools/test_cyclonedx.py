from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import cyclonedx
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORTS = Path(__file__).parent / "reports" / "cyclonedx"


def read(content: bytes | str | dict[str, Any]) -> ReadReport:
    if isinstance(content, dict):
        content = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", **content})
    return cyclonedx.read(Document(content.encode() if isinstance(content, str) else content, "b"))


def test_each_affected_component_counts() -> None:
    report = read((REPORTS / "shop.json").read_bytes())
    assert [(one.rule, one.component, one.component_version) for one in report.findings] == [
        ("CVE-2026-10001", "example.test/roast", "v1.4.0"),
        ("CVE-2026-10001", "org.beans:grinder", "2.0"),
        ("CVE-2026-10002", "libcrema3", "3.0-1"),
        ("CVE-2026-10003", "@cups/lid", "0.9.0"),
    ]
    assert (report.outcome, report.packages_scanned) == (Outcome.COMPLETED, 3)
    assert (report.tool, report.tool_version) == ("bean-scanner", "3.2.1")


def test_everything_that_is_said_of_one() -> None:
    first, _grinder, crema, lid = read((REPORTS / "shop.json").read_bytes()).findings
    assert (first.severity, first.severity_source) == (Severity.CRITICAL, "tool")
    assert first.cvss_vector == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert (first.cvss_score, first.cwes) == (9.8, (79, 89))
    assert set(first.identifiers) == {"CVE-2026-10001", "GHSA-aaaa-bbbb-cccc"}
    assert first.detail == "Roasting without a limit.\nrecommended: Update to v1.5.0"
    assert first.reference == "https://advisories.example/CVE-2026-10001"
    assert (crema.severity, crema.severity_source) == (Severity.LOW, "CVSS")
    assert crema.kind is FindingKind.CONTAINER
    assert "e0c1a2b3-0000-4000-8000-000000000001" in crema.identifiers
    assert (lid.severity, lid.severity_source) == (Severity.MEDIUM, "default")


@pytest.mark.parametrize(
    ("state", "suppressed"),
    [
        ("resolved", "resolved: code_not_reachable, Never."),
        ("resolved_with_pedigree", "resolved_with_pedigree: code_not_reachable, Never."),
        ("not_affected", "not_affected: code_not_reachable, Never."),
        ("false_positive", "false_positive: code_not_reachable, Never."),
        ("exploitable", None),
        ("in_triage", None),
        ("something_of_the_future", None),
        (None, None),
    ],
)
def test_analysis_states(state: str | None, suppressed: str | None) -> None:
    analysis = {"state": state, "justification": "code_not_reachable", "detail": "Never."}
    entry = {"id": "CVE-2026-1", "affects": [{"ref": "x"}], "analysis": analysis}
    (found,) = read({"vulnerabilities": [entry]}).findings
    assert found.suppressed == suppressed


def test_the_extension_inside_of_components_and_in_a_list() -> None:
    inner, outer = read((REPORTS / "extension.xml").read_bytes()).findings
    assert (inner.rule, inner.component, inner.component_version) == (
        "GHSA-dddd-eeee-ffff", "grinder", "2.0",
    )  # fmt: skip
    assert (inner.severity, inner.severity_source) == (Severity.LOW, "tool")
    assert (outer.rule, outer.component, outer.component_version) == (
        "CVE-2026-10004", "pump", "1.1",
    )  # fmt: skip
    assert outer.severity is Severity.CRITICAL, "the rating by CVSS, not the first"
    assert outer.cvss_vector == "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert (outer.cwes, outer.cvss_score) == ((502,), 9.8)


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6"])
def test_xml_of_the_specification(version: str) -> None:
    content = (
        (REPORTS / "shop-1.4.xml").read_bytes().replace(b"/bom/1.4", f"/bom/{version}".encode())
    )
    first, second = read(content).findings
    assert (first.component, second.component) == ("example.test/roast", "cups/lid")
    assert first.suppressed == "false_positive: Another package of the same name."
    assert first.identifiers == ("CVE-2026-10001", "GHSA-aaaa-bbbb-cccc")


@pytest.mark.parametrize(
    "content",
    [
        '{"bomFormat": "CycloneDX", "components": [{"name": "a"}]}',
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.0"><components><component><name>a</name>'
        "</component></components></bom>",
    ],
)
def test_an_inventory_is_not_a_clean_check(content: str) -> None:
    report = read(content)
    assert (len(report.findings), report.outcome) == (0, Outcome.NOT_RUN)
    assert report.reason
    assert "inventory" in report.reason


@pytest.mark.parametrize(
    ("reference", "component"),
    [
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fcup%401.0", ("cup", "1.0")),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#lid", ("@cups/lid", "0.9.0")),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#saucer", ("saucer", None)),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1", (
            "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1", None)),
    ],
)  # fmt: skip
def test_a_link_to_a_component_of_another_bill(reference: str, component: Any) -> None:
    lid = {"bom-ref": "lid", "name": "lid", "purl": "pkg:npm/%40cups/lid@0.9.0"}
    one = {"id": "CVE-2026-1", "affects": [{"ref": reference}]}
    (found,) = read({"components": [lid], "vulnerabilities": [one]}).findings
    assert (found.component, found.component_version) == component


def test_an_empty_list_of_vulnerabilities_is_an_answer() -> None:
    assert read({"vulnerabilities": []}).outcome is Outcome.COMPLETED


def test_a_vulnerability_of_nothing_is_told() -> None:
    report = read({"vulnerabilities": [{"id": "CVE-2026-1"}]})
    assert (len(report.findings), report.outcome) == (0, Outcome.PARTIAL)
    assert report.reason == "1 vulnerabilities do not say which component they affect"


def test_tools_of_before_1_5() -> None:
    report = read({"vulnerabilities": [], "metadata": {"tools": [{"name": "a", "version": "1"}]}})
    assert (report.tool, report.tool_version) == ("a", "1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "no CycloneDX document"),
        ('<bom xmlns="urn:other"/>', "no CycloneDX document"),
        ('{"bomFormat": "CycloneDX", "vulnerabilities": {}}', "a JSON list is expected"),
        ('{"bomFormat": "CycloneDX", "vulnerabilities": [1]}', "vulnerability 1"),
        ('{"bomFormat": "CycloneDX", "vulnerabilities": [{"affects": [{}]}]}', "without 'ref'"),
        ('<!DOCTYPE b [<!ENTITY a "x">]><bom>&a;</bom>', "declares entities"),
    ],
)
def test_broken_bills_are_refused(content: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(content)
