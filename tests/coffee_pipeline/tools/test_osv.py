from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import osv
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

RECORDING = Path(__file__).parent / "recordings" / "scanners" / "osv.json"
RECORDS = json.loads(RECORDING.read_text())


def read(value: Any) -> ReadReport:
    document = Document(json.dumps(value).encode(), "report.json")
    assert osv.recognises(document)
    return osv.read(document)


@pytest.mark.parametrize("value", [RECORDS, {"vulns": RECORDS}, {"results": [{"vulns": RECORDS}]}])
def test_advisories_of_every_shape(value: Any) -> None:
    report = read(value)
    first, second = report.findings
    assert (report.outcome, report.reason) == (
        Outcome.PARTIAL, "advisories say what is affected, not what is in use",
    )  # fmt: skip
    assert (first.rule, first.component, first.fixed_version, first.severity) == (
        "GO-2026-0001", "example.test/lib", "1.2.0", Severity.HIGH,
    )  # fmt: skip
    assert (first.component_version, first.suppressed, first.cvss_score) == (None, None, 7.5)
    assert (second.suppressed, second.severity_source) == (
        "withdrawn 2026-02-01T00:00:00Z", "default",
    )  # fmt: skip


def test_one_finding_for_each_affected_package() -> None:
    affected = [
        {"package": {"ecosystem": "Go", "name": "a"}, "ranges": []},
        {"package": {"ecosystem": "npm", "name": "a"}},
        {"package": {"ecosystem": "Go", "name": "a"}},
        {"ranges": [{"type": "GIT", "repo": "https://git.test/a", "events": [{"fixed": "c0de"}]}]},
    ]
    found = read({**RECORDS[0], "affected": affected}).findings
    assert [(one.component, one.fixed_version) for one in found] == [
        ("a", None), ("a", None), ("https://git.test/a", "c0de"),
    ]  # fmt: skip
    assert len(read({**RECORDS[0], "affected": []}).findings) == 1


@pytest.mark.parametrize("value", [{}, [1], [{}], 5])
def test_what_is_no_advisory_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        osv.read(Document(json.dumps(value).encode(), "report.json"))
