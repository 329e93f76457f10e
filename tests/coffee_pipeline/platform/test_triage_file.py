"""Decisions about findings: what they say, and how a broken file is told."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.triage_file import path_pattern, read_triage

GOOD = """\
version: 1
decisions:
  - vulnerability: cve-2024-1
    component: com.example:Lib
    component_version: v1.2.0
    service: menu
    state: not_affected
    reason: The  parser is not
      used.
    author: ada@example.com
  - rule: G304
    path: services/menu/**/*.go
    state: accepted
    reason: Opens files of its own only.
    author: ada@example.com
    expires: 2026-03-31
  - {identity: abc, state: false_positive, reason: a test, author: bob,
     expires: 2026-04-01T12:00:00+02:00}
"""


def test_decisions_are_spelled_as_issues_are() -> None:
    first, second, third = read_triage("triage.yaml", GOOD.encode(), "r1")
    assert (first.vulnerability, first.component, first.component_version, first.service) == (
        "CVE-2024-1", "com.example/lib", "1.2.0", "menu",
    )  # fmt: skip
    assert (first.reason, first.expires_at) == ("The parser is not used.", None)
    assert [one.line for one in (first, second, third)] == [3, 11, 17]
    assert second.expires_at == datetime(2026, 4, 1, tzinfo=UTC), "the last day counts to its end"
    assert third.expires_at == datetime(2026, 4, 1, 10, tzinfo=UTC)
    assert {one.revision for one in (first, second, third)} == {"r1"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1", "version: 2", "t.yaml:1: version: Input should be 1"),
        (
            "    service: menu",
            "    servce: menu",
            "t.yaml:6: decisions[0].servce: unknown key",
        ),
        ("rule: G304", "title: G304", "t.yaml:11: decisions[1].title: unknown key"),
        ("    expires: 2026-03-31\n", "", "t.yaml:11: decisions[1]: an accepted risk must expire"),
        ("identity: abc", "identity: abc, rule: x", "t.yaml:17: decisions[2]: name exactly one"),
        ("identity: abc", "identity: abc, path: x", "t.yaml:17: decisions[2]: path narrows a rule"),
        ("services/menu/**", "../menu/**", "t.yaml:12: decisions[1].path: must be a relative"),
        ("author: bob", "author: ' '", "decisions[2].author: must not be empty"),
        ("decisions:", "decisions: [", "t.yaml:3: not YAML"),
        ("state: not_affected", "state: wontfix", "t.yaml:7: decisions[0].state"),
    ],
)
def test_a_broken_file_names_line_and_field(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_triage("t.yaml", GOOD.replace(old, new, 1).encode(), None)
    assert message in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_decisions_or_an_error_with_the_name(content: bytes) -> None:
    try:
        read_triage("t.yaml", content, None)
    except ConfigurationError as error:
        assert str(error).startswith("t.yaml")  # noqa: PT017


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("a/**/c.go", "a/c.go", True), ("a/**/c.go", "a/b/b/c.go", True),
        ("a/*.go", "a/b/c.go", False), ("**/c.go", "c.go", True), ("a/**", "a/b/c", True),
        ("a/?.go", "a/b.go", True), ("a+b (1)/#x", "a+b (1)/#x", True), ("a.go", "abgo", False),
    ],
)  # fmt: skip
def test_globs_of_paths_are_patterns_of_the_database(glob: str, path: str, matches: bool) -> None:
    row = duckdb.execute("SELECT regexp_full_match(?, ?)", [path, path_pattern(glob)]).fetchone()
    assert row == (matches,)
