from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools import sysdig_cli, sysdig_reports
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORTS = Path(__file__).parent / "reports" / "sysdig_reports"
HEADER = "Vulnerability ID,Severity,Package name,CVSS version\n"


def read(name: str) -> ReadReport:
    return sysdig_reports.read(Document.of_file(REPORTS / name))


def test_the_runtime_report_counts_each_workload() -> None:
    menu, orders = read("runtime.csv").findings
    assert (menu.resource, orders.resource) == ("kitchen/shop/menu/web", "kitchen/shop/orders/web")
    assert (menu.suppressed, orders.suppressed) == (None, "risk accepted")
    assert (menu.component, menu.component_version, menu.fixed_version) == (
        "example.test/roast", "v1.4.0", "v1.5.0",
    )  # fmt: skip
    assert menu.labels == {
        "k8s.cluster.name": "kitchen", "k8s.ns.name": "shop", "k8s.workload.kind": "deployment",
        "k8s.workload.name": "menu", "container.name": "web", "container.image.id": "sha256:aa",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["console.json", "columns-2025.csv"])
def test_all_generations_say_the_same(name: str) -> None:
    (found,) = read(name).findings
    expected = read("runtime.csv").findings[0]
    for field in ("rule", "component", "component_version", "fixed_version", "resource", "labels"):
        if field == "labels":
            kind = {"k8s.workload.kind": found.labels["k8s.workload.kind"].lower()}
            assert {**found.labels, **kind} == expected.labels
        else:
            assert getattr(found, field) == getattr(expected, field)


def test_a_report_of_the_command_line_scanner_under_this_name() -> None:
    report = Path(__file__).parent / "reports" / "sysdig_cli" / "report.csv"
    document = Document.of_file(report)
    found = sysdig_reports.read(document).findings
    assert found == sysdig_cli.read(document).findings
    assert format_of(AUTOMATIC, document) is sysdig_cli


def test_panels() -> None:
    (found,) = read("panels.json").findings
    assert (found.severity, found.resource) == (Severity.INFO, "shop/menu")


def test_rows_without_a_score_count_and_an_empty_report_does_not() -> None:
    document = Document(f"{HEADER}GHSA-aaaa-bbbb-cccc,Other,bean,\n".encode(), "r")
    (found,) = sysdig_reports.read(document).findings
    assert (found.rule, found.severity) == ("GHSA-aaaa-bbbb-cccc", Severity.INFO)
    assert list(sysdig_reports.read(Document(HEADER.encode(), "r")).findings) == []
    for empty in (b'{"data": []}', b'{"data": null}'):
        assert list(sysdig_reports.read(Document(empty, "r")).findings) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{HEADER}Wrong Field Contents,High,bean,3.1\n", "row 2"),
        (f"{HEADER}High,bean,1,2\n", "row 2"),
        ("CVE ID,Package\nCVE-2026-1,a\n", "no columns of that name"),
        ("{}", "it has no data"),
        ('{"panels": [{"data": 1}]}', "it has no data"),
        ('{"data": [1]}', "entry 1"),
        ('{"data": [{}]}', "entry 1"),
    ],
)
def test_broken_reports_are_refused(content: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        sysdig_reports.read(Document(content.encode(), "r"))
