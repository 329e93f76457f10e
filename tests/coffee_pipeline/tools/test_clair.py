from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools import clair
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import Reported

RECORDINGS = Path(__file__).parent / "recordings" / "scanners"


def findings(name: str) -> list[Reported]:
    return list(clair.read(Document.of_file(RECORDINGS / f"clair-{name}.json")).findings)


def test_equal_entries_of_a_scanner_are_one_finding() -> None:
    first, second = findings("scanner")
    assert (first.rule, first.component, first.component_version, first.fixed_version) == (
        "CVE-2026-1000", "zlib", "1.2.13", "1.2.14",
    )  # fmt: skip
    assert (first.severity, first.resource) == (Severity.MEDIUM, "shop.test/menu:1")
    assert (second.severity, second.severity_source) == (Severity.INFO, "default")


def test_levels_of_klar() -> None:
    assert [(one.rule, one.severity) for one in findings("klar")] == [
        ("CVE-2026-1001", Severity.INFO),
        ("RHSA-2026:0109", Severity.HIGH),
        ("RHSA-2026:0110", Severity.CRITICAL),
    ]


@pytest.mark.parametrize("name", ["layer", "v4"])
def test_packages_with_their_vulnerabilities(name: str) -> None:
    (found,) = findings(name)
    assert (found.rule, found.component, found.fixed_version, found.severity) == (
        "CVE-2026-1000", "zlib", "1.2.14", Severity.HIGH,
    )  # fmt: skip
    assert found.reference == "https://example.test/1"


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"image": "x", "unapproved": [], "vulnerabilities": 1},
        {"image": "x", "unapproved": [], "vulnerabilities": [{}]},
        {"LayerCount": 1, "Vulnerabilities": [1]},
        {"manifest_hash": "x", "package_vulnerabilities": {"1": ["7"]}, "vulnerabilities": {}},
        {"Layer": {"Features": [{"Name": "zlib", "Vulnerabilities": [1]}]}},
    ],
)
def test_broken_reports_are_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        clair.read(Document(json.dumps(value).encode(), "report.json"))
