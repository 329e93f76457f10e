from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import snyk_code
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document


def log(*levels: str, coverage: Any = None, driver: str = "SnykCode") -> Document:
    results = [
        {
            "ruleId": "go/Sqli",
            "level": level,
            "message": {"text": "Unsanitized input flows into a query"},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "main.go"}, "region": {"startLine": index + 1},
            }}],
            "fingerprints": {"0": "aa", "1": "bb.cc"},
            "properties": {"priorityScore": 751},
        }
        for index, level in enumerate(levels)
    ]  # fmt: skip
    run = {"tool": {"driver": {"name": driver, "rules": []}}, "results": results}
    run |= {"properties": {"coverage": coverage}} if coverage is not None else {}
    return Document(json.dumps({"version": "2.1.0", "runs": [run]}).encode(), "code.json")


def test_levels_mean_what_snyk_says() -> None:
    report = snyk_code.read(log("error", "warning", "note"))
    assert [one.severity for one in report.findings] == [
        Severity.HIGH, Severity.MEDIUM, Severity.LOW,
    ]  # fmt: skip
    assert report.tool == "SnykCode"


@pytest.mark.parametrize(
    ("coverage", "outcome", "files"),
    [
        ([{"isSupported": True, "files": 3}], Outcome.COMPLETED, 3),
        (
            [{"isSupported": True, "files": 3},
             {"isSupported": False, "files": 2, "type": "FAILED_PARSING"}],
            Outcome.PARTIAL, 3,
        ),
        ([{"isSupported": False, "files": 2, "type": "UNSUPPORTED"}], Outcome.NOT_RUN, 0),
        ([{"isSupported": True, "files": "x"}, 3], Outcome.NOT_RUN, 0),
        (None, Outcome.PARTIAL, None),
    ],
)  # fmt: skip
def test_the_coverage_table_says_what_was_analysed(coverage: Any, outcome: Any, files: Any) -> None:
    report = snyk_code.read(log(coverage=coverage))
    assert (report.outcome, report.files_scanned) == (outcome, files)


def test_only_that_driver_is_recognised() -> None:
    assert format_of(AUTOMATIC, log("error")) is snyk_code
    assert not snyk_code.recognises(log("error", driver="Other"))
    with pytest.raises(ParseError):
        snyk_code.read(Document(b"[]", "code.json"))
