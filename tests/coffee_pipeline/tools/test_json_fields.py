from __future__ import annotations

import pytest

from coffee_pipeline.tools import json_fields as fields


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), ("12", 12), (0, None), (-1, None), (True, None), ("x", None), (None, None),
     (2**40, None), ("9" * 30, None), (1.5, None), ("٣", None)],
)  # fmt: skip
def test_numbers_of_lines(value: object, expected: object) -> None:
    assert fields.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7.5, 7.5), ("9.8", 9.8), (11, None), ("nan", None), ("x", None), (True, None), (-1, None),
     (10**400, None)],
)  # fmt: skip
def test_scores(value: object, expected: object) -> None:
    assert fields.score(value) == expected


def test_weaknesses_however_they_are_written() -> None:
    words = ["CWE-89: SQL injection", "external/cwe/cwe-022", "MITRE, CWE-89", "cwe", "CWE_79"]
    assert fields.cwe_numbers(words) == (89, 22, 79)


def test_names_of_vulnerabilities_are_spelled_as_their_issuers_do() -> None:
    words = "cve-2026-1234-openssl ghsa-ABCD-1234-efgh GO-2026-0001 SNYK-JS-LODASH-1040724"
    assert fields.advisory_names(words) == (
        "CVE-2026-1234", "GHSA-abcd-1234-efgh", "GO-2026-0001", "SNYK-JS-LODASH-1040724",
    )  # fmt: skip
    assert fields.advisory_names("nothing here, CVE-1") == ()
