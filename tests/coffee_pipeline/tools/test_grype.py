from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import grype
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

RECORDING = Path(__file__).parent / "recordings" / "scanners" / "grype.json"


def read(value: Any) -> ReadReport:
    return grype.read(Document(json.dumps(value).encode(), "report.json"))


def recorded(**more: Any) -> Any:
    return {**json.loads(RECORDING.read_text()), **more}


def test_a_package_in_two_places_is_one_finding_and_in_two_versions_two() -> None:
    report = read(recorded())
    assert [(one.rule, one.component_version, one.path) for one in report.findings] == [
        ("GHSA-aaaa-bbbb-cccc", "2.1", "/opt/a/pot-2.1.jar"),
        ("GHSA-aaaa-bbbb-cccc", "2.0", "/opt/c/pot-2.0.jar"),
        ("CVE-2026-1000", "1.2.13", "/var/lib/dpkg/status"),
    ]


def test_everything_that_a_match_says() -> None:
    report = read(recorded())
    first, last = report.findings[0], report.findings[-1]
    assert (first.severity, first.cvss_score, first.fixed_version) == (
        Severity.HIGH, 7.5, "1.2.14",
    )  # fmt: skip
    assert (first.identifiers, first.resource) == (["CVE-2026-1000"], "shop.test/menu:1")
    assert last.severity is Severity.INFO
    assert report.tool_version == "0.90.0"
    assert str(report.database_date) == "2026-01-05 01:00:00+00:00"


@pytest.mark.parametrize("database", [None, {}, {"built": "0001-01-01T00:00:00Z"}, {"built": 3}])
def test_without_a_date_of_the_database_it_is_partial(database: Any) -> None:
    descriptor = {"name": "grype", "version": "0.7.0", "db": database}
    assert read(recorded(descriptor=descriptor)).outcome is Outcome.PARTIAL
    assert read(recorded()).outcome is Outcome.COMPLETED


@pytest.mark.parametrize(
    "value",
    [{}, [], {"matches": 1}, {"matches": [1]}, {"matches": [{"vulnerability": {"id": "x"}}]}],
)
def test_broken_reports_are_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        read(value)
