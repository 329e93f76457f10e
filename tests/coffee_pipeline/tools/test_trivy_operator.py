from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools import trivy_operator
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport, Reported

RECORDINGS = Path(__file__).parent / "recordings" / "scanners"
LIST = json.loads((RECORDINGS / "trivy-operator-list.json").read_text())
COMPLIANCE = json.loads((RECORDINGS / "trivy-operator-compliance.json").read_text())
ITEMS = LIST["items"]


def read(value: Any) -> ReadReport:
    document = Document(json.dumps(value).encode(), "report.json")
    assert trivy_operator.recognises(document)
    return trivy_operator.read(document)


def rules(value: Any) -> dict[str, Reported]:
    return {found.rule: found for found in read(value).findings}


@pytest.mark.parametrize(
    "value",
    [
        ITEMS,
        [None, *ITEMS],
        [ITEMS[:3], ITEMS[3:]],
        {"vulnerabilityreports.aquasecurity.github.io": ITEMS[:1],
         "configauditreports.aquasecurity.github.io": ITEMS[1:],
         "sbomreports.aquasecurity.github.io": ITEMS[5:]},
        {"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "VulnerabilityReportList",
         "items": ITEMS},
    ],
)  # fmt: skip
def test_collections_of_every_shape_are_read_alike(value: Any) -> None:
    assert [found.rule for found in read(value).findings] == [
        found.rule for found in read(LIST).findings
    ]


@pytest.mark.parametrize(("number", "count"), list(enumerate([2, 3, 1, 1, 1, 0])))
def test_every_kind_alone(number: int, count: int) -> None:
    assert len(read(ITEMS[number]).findings) == count


def test_a_vulnerability_of_a_container() -> None:
    found = rules(LIST)
    first, second = found["CVE-2026-1000"], found["CVE-2026-2000"]
    assert first.resource == "shop/ReplicaSet/menu-7c9f8d6b5/menu"
    assert first.labels == {
        "k8s.ns.name": "shop", "container.name": "menu",
        "container.image.name": "shop.test/shop/menu:1",
    }  # fmt: skip
    assert (first.component, first.component_version, first.fixed_version) == (
        "zlib1g", "1.2.13", "1.2.14",
    )  # fmt: skip
    assert (first.severity, first.cvss_score) == (Severity.CRITICAL, 9.8)
    assert (second.severity, second.severity_source, second.path) == (
        Severity.MEDIUM, "CVSS", "app/menu",
    )  # fmt: skip


def test_checks_and_secrets() -> None:
    found = rules(LIST)
    assert found["KSV014"].kind is FindingKind.INFRASTRUCTURE
    assert found["KSV015"].suppressed == "the check passed"
    assert found["A check without an id"].severity is Severity.MEDIUM
    secret = found["aws-secret-access-key"]
    assert (secret.kind, secret.path, secret.code) == (FindingKind.SECRET, "root/aws.txt", None)
    assert found["KCV0069"].resource == "node-1"


def test_a_benchmark_has_its_failed_checks_and_controls() -> None:
    *details, control = read(COMPLIANCE).findings
    assert [(one.rule, one.resource, one.severity) for one in details] == [
        ("AVD-KSV-0041", "/clusterrole-admin", Severity.CRITICAL),
        ("AVD-KSV-0041", "shop/replicaset-menu-7c9f8d6b5", Severity.HIGH),
    ]
    assert (control.rule, control.resource, control.identifiers) == (
        "5.1.2", "cluster", ["AVD-KSV-0041"],
    )  # fmt: skip
    assert str(control.detail).startswith("2 failed.")


@pytest.mark.parametrize(
    "report",
    [1, {"vulnerabilities": 1}, {"checks": [1]}, {"secrets": {}}],
)
def test_broken_resources_are_refused(report: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        read({**ITEMS[0], "report": report})
