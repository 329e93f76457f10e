from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import sonarqube
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import Reported


def issue(key: str = "k1", **more: Any) -> dict[str, Any]:
    return {
        "key": key, "rule": "go:S2068", "severity": "BLOCKER", "component": "shop:src/main.go",
        "project": "shop", "line": 7, "status": "OPEN", "message": "Remove this password",
        "tags": ["cwe", "cwe-798"], "type": "VULNERABILITY", **more,
    }  # fmt: skip


def hotspot(**more: Any) -> dict[str, Any]:
    return {
        "key": "h1", "component": "shop:src/web.go", "project": "shop", "ruleKey": "go:S5332",
        "securityCategory": "encrypt-data", "vulnerabilityProbability": "LOW",
        "status": "TO_REVIEW", "line": 3, "message": "Make sure that HTTP is safe here.", **more,
    }  # fmt: skip


def api(*issues: Any, total: int | None = None, **more: Any) -> dict[str, Any]:
    count = len(issues) if total is None else total
    return {
        "paging": {"pageIndex": 1, "pageSize": 100, "total": count},
        "issues": list(issues), "components": [], **more,
    }  # fmt: skip


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "sonar.json")


def one(value: Any) -> Reported:
    (found,) = sonarqube.read(document(value)).findings
    return found


def test_an_issue_of_the_api() -> None:
    found = one(api(issue()))
    assert (found.rule, found.title) == ("go:S2068", "Remove this password")
    assert (found.severity, found.severity_source) == (Severity.CRITICAL, "tool")
    assert (found.path, found.line, found.cwes) == ("src/main.go", 7, (798,))
    assert found.fingerprint == "k1"


@pytest.mark.parametrize(
    ("word", "severity"),
    [("BLOCKER", "critical"), ("CRITICAL", "high"), ("MAJOR", "medium"), ("MINOR", "low"),
     ("INFO", "info"), ("odd", "medium")],
)  # fmt: skip
def test_words_of_severity(word: str, severity: str) -> None:
    assert one(api(issue(severity=word))).severity == severity


def test_impacts_stand_in_for_a_severity() -> None:
    impacts = [
        {"softwareQuality": "MAINTAINABILITY", "severity": "HIGH"},
        {"softwareQuality": "SECURITY", "severity": "LOW"},
    ]
    assert one(api(issue(severity=None, impacts=impacts))).severity is Severity.LOW
    assert one(api(issue(severity=None, impacts=impacts[:1]))).severity is Severity.HIGH


@pytest.mark.parametrize(
    ("more", "reason"),
    [({}, None), ({"status": "CLOSED"}, "closed"), ({"issueStatus": "ACCEPTED"}, "accepted"),
     ({"status": "RESOLVED", "resolution": "FALSE-POSITIVE"}, "false-positive")],
)  # fmt: skip
def test_closed_issues_are_marked(more: Any, reason: Any) -> None:
    assert one(api(issue(**more))).suppressed == reason


@pytest.mark.parametrize(
    ("resolution", "reason"),
    [("SAFE", "safe"), ("FIXED", "fixed"), ("ACKNOWLEDGED", None), (None, None)],
)
def test_a_hotspot_counts_until_it_is_found_safe(resolution: Any, reason: Any) -> None:
    value = {"paging": {"total": 1}, "hotspots": [hotspot(resolution=resolution)]}
    found = one(value)
    assert (found.rule, found.severity, found.confidence) == ("go:S5332", "low", "hotspot")
    assert found.suppressed == reason


def test_files_are_looked_up_and_projects_are_none() -> None:
    components = [{"key": "odd-key", "path": "src/deep/file.go"}]
    assert one(api(issue(component="odd-key"), components=components)).path == "src/deep/file.go"
    whole = one(api(issue(component="shop")))
    assert (whole.path, whole.resource) == (None, "shop")


def test_messages_of_the_dependency_check_plugin() -> None:
    words = (
        "Filename: lib:1.1.2 | Reference: CVE-2026-0007 | CVSS Score: 6.4 | Category: CWE-120 | x"
    )
    found = one(api(issue(message=words)))
    assert (found.component, found.component_version, found.cvss_score) == ("lib", "1.1.2", 6.4)
    assert (found.identifiers, found.kind) == (("CVE-2026-0007",), FindingKind.DEPENDENCY)


def test_one_page_of_several_is_partial() -> None:
    report = sonarqube.read(document(api(issue(), total=240)))
    assert (report.outcome, report.reason) == (
        Outcome.PARTIAL, "one page of several: 1 of 240 issues",
    )  # fmt: skip


def test_the_generic_format_with_severities_at_issues_or_rules() -> None:
    place = {
        "message": "Weak", "filePath": "src/a.go", "textRange": {"startLine": 4, "startColumn": 0},
    }  # fmt: skip
    rules = [{"id": "r1", "name": "Rule", "impacts": [
        {"softwareQuality": "SECURITY", "severity": "HIGH"},
    ]}]  # fmt: skip
    new = {"rules": rules, "issues": [{"ruleId": "r1", "primaryLocation": place}]}
    assert sonarqube.recognises(document(new))
    found = one(new)
    assert (found.path, found.line, found.column, found.severity) == ("src/a.go", 4, 1, "high")
    old = {"issues": [{"ruleId": "r1", "severity": "MINOR", "primaryLocation": place}]}
    assert one(old).severity is Severity.LOW


def test_sonar_report_counts_each_key_once() -> None:
    described = {"go:S2068": {"htmlDesc": "<a>MITRE, CWE-259</a>", "name": "Hard-coded"}}
    same_place = [issue("a"), issue("b"), issue("a")]
    value = {"sonarBaseURL": "https://sonar.test", "rules": described, "issues": same_place}
    report = sonarqube.read(document(value))
    assert [found.fingerprint for found in report.findings] == ["a", "b"]
    assert report.findings[0].cwes == (798, 259)


ROW = """
 <tr><td><a href="https://sonar.test/coding_rules#rule_key=go:S2068">
   go:S2068</a></td> <td> BLOCKER </td><td class="component">src/main.go</td><td>7</td>
 <td>Credentials</td><td>&#39;PASSWORD&#39; detected</td><td class="hidden"> {key} </td>
 <td>OPEN</td></tr>"""
PAGE = """<!DOCTYPE html><html><head><title>SonarQube Vulnerability Report</title></head><body>
<div class=summup><table><tbody><tr><td>BLOCKER</td><td>1</td></tr></tbody></table></div>
<div class="detail wide">{issues}
<h3>Known Security Rules</h3><table><thead><tr><th>Rule</th><th>Description</th></tr></thead>
<tbody><tr><td><a>go:S2068</a></td><td><details>Text<table><tbody><tr><td>a</td><td>b</td></tr>
</tbody></table><a href="x">MITRE, CWE-798</a></details></td></tr></tbody></table></div></body>"""
TABLE = """<table><thead><tr><th>Rule</th><th>Severity</th><th>Component</th><th>Line</th>
<th>Description</th><th>Message</th><th>Key</th><th>Status</th></tr></thead><tbody>{rows}</tbody>
</table>"""


def page(*keys: str) -> Document:
    rows = "".join(ROW.format(key=key) for key in keys)
    table = TABLE.format(rows=rows) if keys else ""
    return Document(PAGE.format(issues=table).encode(), "sonar.html")


def test_the_html_report_is_read_by_its_outer_tables() -> None:
    assert format_of(AUTOMATIC, page("a")) is sonarqube
    report = sonarqube.read(page("a", "b"))
    assert len(report.findings) == 2
    found = report.findings[0]
    assert (found.rule, found.severity, found.path, found.line) == (
        "go:S2068", Severity.CRITICAL, "src/main.go", 7,
    )  # fmt: skip
    assert (found.title, found.cwes, found.fingerprint) == ("'PASSWORD' detected", (798,), "a")
    assert sonarqube.read(page()).findings == []


def test_a_row_that_lacks_cells_is_refused() -> None:
    broken = page("a").content.replace(b"<td>7</td>", b"").replace(b"<td>Credentials</td>", b"")
    broken = broken.replace(b"<td>OPEN</td>", b"")
    with pytest.raises(ParseError, match=r"sonar\.html:row 1"):
        sonarqube.read(Document(broken, "sonar.html"))


def archive(**pages: Any) -> Document:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, value in pages.items():
            target.writestr(f"{name}.json", json.dumps(value))
        target.writestr("notes.txt", "no page")
    return Document(stream.getvalue(), "sonar.zip")


def test_pages_in_an_archive_are_one_report() -> None:
    first, second = api(issue("a"), total=2), api(issue("b"), total=2)
    document = archive(one=first, two=second)
    assert format_of(AUTOMATIC, document) is sonarqube
    report = sonarqube.read(document)
    assert (len(report.findings), report.outcome) == (2, Outcome.COMPLETED)
    assert sonarqube.read(archive(one=first)).outcome is Outcome.PARTIAL
    assert sonarqube.read(archive()).outcome is Outcome.NOT_RUN


def test_what_a_mac_puts_beside_the_pages_is_no_page() -> None:
    stream = io.BytesIO(archive(one=api(issue("a"))).content)
    with zipfile.ZipFile(stream, "a") as target:
        target.writestr("__MACOSX/._one.json", b"\x00\x05\x16\x07")
    document = Document(stream.getvalue(), "sonar.zip")
    assert sonarqube.recognises(document)
    assert len(sonarqube.read(document).findings) == 1


def test_pages_in_a_list_are_one_report() -> None:
    pages = document([api(issue("a"), total=2), api(issue("b"), total=2)])
    assert format_of(AUTOMATIC, pages) is sonarqube
    report = sonarqube.read(pages)
    assert (len(report.findings), report.outcome) == (2, Outcome.COMPLETED)
    assert sonarqube.read(document([api(issue("a"), total=2)])).outcome is Outcome.PARTIAL


def test_issues_alone_are_known_by_their_fields() -> None:
    assert format_of(AUTOMATIC, document({"issues": [issue()]})) is sonarqube


def test_broken_archives_are_refused() -> None:
    content = archive(one=api(issue())).content
    for broken in (content[:60], content[:-40], b"PK\x03\x04nothing"):
        assert not sonarqube.recognises(Document(broken, "sonar.zip"))
        with pytest.raises(ParseError, match=r"sonar\.zip"):
            sonarqube.read(Document(broken, "sonar.zip"))


@pytest.mark.parametrize(
    "value",
    [3, {}, {"issues": {}}, {"issues": [3]}, {"issues": [{}]}, {"hotspots": [{}]},
     {"issues": [{"primaryLocation": {}}]}],
)  # fmt: skip
def test_what_is_no_report_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"sonar\.json"):
        sonarqube.read(document(value))
    assert not sonarqube.recognises(document({"issues": [], "other": 1}))
