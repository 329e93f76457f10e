from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.severity import advisory_severity, cvss3_base_score, rating

# Vectors and scores: FIRST, CVSS v3.1 examples.
EXAMPLES = {
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N": 6.1,
    "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N": 6.4,
    "CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N": 3.1,
    "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H": 9.9,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N": 7.5,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8,
    "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:C/C:H/I:N/A:N": 5.6,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0.0,
}


@pytest.mark.parametrize("vector", EXAMPLES)
def test_published_scores(vector: str) -> None:
    assert cvss3_base_score(vector) == EXAMPLES[vector]


@pytest.mark.parametrize(
    "vector", ["", "7.5", "CVSS:4.0/AV:N", "CVSS:3.1/AV:N/AC:L", "CVSS:3.1/::"]
)
def test_what_is_no_vector_has_no_score(vector: str) -> None:
    assert cvss3_base_score(vector) is None


@given(st.floats(0, 10))
def test_every_score_has_a_rating(score: float) -> None:
    assert rating(score) in Severity


def test_words_come_before_vectors() -> None:
    vector = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    both = {"database_specific": {"severity": "moderate"}, "severity": vector}
    assert advisory_severity(both) == (Severity.MEDIUM, "advisory")
    assert advisory_severity({"severity": vector}) == (Severity.CRITICAL, "CVSS")
    amended = {"severity": "high", "database_specific": []}
    assert advisory_severity(amended) == (Severity.HIGH, "advisory")
    assert advisory_severity({"severity": "CVSS"}) is None
    assert advisory_severity({}) is None
