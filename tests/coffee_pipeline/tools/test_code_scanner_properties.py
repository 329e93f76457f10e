"""What must hold for every format of a code scanner: stable identities, no other errors."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools import (
    codeql,
    github_sast,
    sarif,
    semgrep,
    snyk,
    snyk_code,
    sonarqube,
    staticcheck,
)
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import findings_of
from coffee_pipeline.tools.reported import ReportFormat

TARGET = Target(checkout=Path("/nowhere"), module=".", revision="r", foreign=True)
PLACES = [("a.go", 3), ("a.go", 9), ("a.go", 20), ("b/c.go", 3), ("b/c.go", 70)]


def sarif_log(driver: str, moved: int, order: list[int]) -> Any:
    results = [
        {
            "ruleId": f"r{index % 2}",
            "message": {"text": f"Problem seen in line {line + moved}"},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": path},
                "region": {"startLine": line + moved, "snippet": {"text": f"call({index // 3})"}},
            }}],
            "suppressions": [{"kind": "inSource"}],
            "codeFlows": [{"threadFlows": [{"locations": []}]}],
            "partialFingerprints": {"a": "b"},
            "properties": {"tags": ["x"]},
        }
        for index, (path, line) in enumerate(PLACES)
    ]  # fmt: skip
    tool = {"driver": {"name": driver, "rules": [{"id": "r0", "properties": {"tags": ["y"]}}]}}
    return {"version": "2.1.0", "runs": [{"tool": tool, "results": [results[i] for i in order]}]}


def alerts(moved: int, order: list[int]) -> Any:
    found = [
        {"number": index, "state": "open", "rule": {"id": f"r{index % 2}", "tags": ["cwe-1"]},
         "tool": {"name": "T"}, "most_recent_instance": {
             "message": {"text": "x"}, "location": {"path": path, "start_line": line + moved}}}
        for index, (path, line) in enumerate(PLACES)
    ]  # fmt: skip
    return [found[i] for i in order]


def scan(moved: int, order: list[int]) -> Any:
    found = [
        {"check_id": f"r{index % 2}", "path": path, "start": {"line": line + moved, "col": 1},
         "extra": {"message": "x", "severity": "ERROR", "metadata": {"cwe": "CWE-1"}}}
        for index, (path, line) in enumerate(PLACES)
    ]  # fmt: skip
    return {"results": [found[i] for i in order], "errors": [{"message": "e"}],
            "paths": {"scanned": ["a.go"]}}  # fmt: skip


def projects(moved: int, order: list[int]) -> Any:
    found = [
        {"id": f"SNYK-{index % 2}", "title": "x", "packageName": "lib", "version": f"1.{moved}",
         "semver": {"vulnerable": ["<2"]}, "identifiers": {"CVE": ["CVE-2026-1"], "CWE": []},
         "from": [f"app@{moved}", path, "lib@1"]}
        for index, (path, _line) in enumerate(PLACES)
    ]  # fmt: skip
    return {"vulnerabilities": [found[i] for i in order], "ok": False, "dependencyCount": 2,
            "packageManager": "npm", "applications": [{"vulnerabilities": []}]}  # fmt: skip


def issues(moved: int, order: list[int]) -> Any:
    found = [
        {"key": f"k{index}", "rule": f"r{index % 2}", "severity": "MAJOR", "project": "p",
         "component": f"p:{path}", "line": line + moved, "message": "x", "tags": ["cwe-1"],
         "impacts": [{"severity": "LOW"}]}
        for index, (path, line) in enumerate(PLACES)
    ]  # fmt: skip
    return {"paging": {"total": 5}, "components": [{"key": "p:a.go", "path": "a.go"}],
            "issues": [found[i] for i in order], "hotspots": [], "rules": {"r0": {}}}  # fmt: skip


def diagnostics(moved: int, order: list[int]) -> Any:
    found = [
        {"code": "SA1000", "severity": "error", "message": "x", "end": {}, "related": [{}],
         "location": {"file": path, "line": line + moved, "column": 1}}
        for path, line in PLACES
    ]  # fmt: skip
    return [found[i] for i in order]


@dataclass(frozen=True)
class Case:
    """A format with its reports: of lines moved down, in an order of its results."""

    format: ReportFormat
    make: Callable[[int, list[int]], Any]

    def document(self, moved: int = 0, order: list[int] | None = None, indent: Any = None) -> bytes:
        value = self.make(moved, order if order is not None else list(range(len(PLACES))))
        if self.format is staticcheck:
            return b"\n".join(json.dumps(line).encode() for line in value)
        return json.dumps(value, indent=indent).encode()

    def identities(self, content: bytes) -> list[str]:
        assert self.format.recognises(Document(content, "x"))
        read = self.format.read(Document(content, "x"))
        found, left_out = findings_of(
            self.format.NAME, self.format.KIND, self.format.IDENTITY, read.findings, TARGET
        )
        assert left_out == 0
        return sorted(one.identity for one in found)


CASES = [
    Case(sarif, lambda moved, order: sarif_log("Scanner", moved, order)),
    Case(codeql, lambda moved, order: sarif_log("CodeQL", moved, order)),
    Case(snyk_code, lambda moved, order: sarif_log("SnykCode", moved, order)),
    Case(github_sast, alerts),
    Case(semgrep, scan),
    Case(snyk, projects),
    Case(sonarqube, issues),
    Case(staticcheck, diagnostics),
]
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.format.NAME)
QUICK = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@cases
@QUICK
@given(
    moved=st.integers(0, 500),
    order=st.permutations(range(len(PLACES))),
    indent=st.sampled_from([None, 2]),
)
def test_identities_survive_moved_lines_other_orders_and_formatting(
    case: Case, moved: int, order: list[int], indent: Any
) -> None:
    before = case.identities(case.document())
    assert len(set(before)) == len(PLACES)
    assert case.identities(case.document(moved, order, indent)) == before


@cases
def test_a_report_that_loses_a_result_keeps_the_identities_of_the_others(case: Case) -> None:
    # The last of a file: those before it have the same order among equals.
    before = case.identities(case.document())
    without = case.identities(case.document(order=[0, 1, 2, 3]))
    assert set(without) < set(before)


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(
    []
) | st.just({}) | st.lists(st.integers(), max_size=2) | st.just({"text": [1]})  # fmt: skip


def mutated(value: Any, chance: random.Random, junk: Any) -> Any:
    """``value`` with one node, at any depth, replaced."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        return {**value, name: mutated(value[name], chance, junk)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        index = chance.randrange(len(value))
        return [*value[:index], mutated(value[index], chance, junk), *value[index + 1 :]]
    return junk


@cases
@settings(parent=QUICK, max_examples=120)
@given(seed=st.integers(0, 2**32), junk=JUNK)
def test_a_mutated_report_is_read_or_refused(case: Case, seed: int, junk: Any) -> None:
    value = mutated(case.make(0, list(range(len(PLACES)))), random.Random(seed), junk)
    lines = value if case.format is staticcheck and isinstance(value, list) else [value]
    document = Document(b"\n".join(json.dumps(line).encode() for line in lines), "x")
    assert case.format.recognises(document) in (True, False)
    try:
        read = case.format.read(document)
    except ParseError:
        return
    found, _ = findings_of(
        case.format.NAME, case.format.KIND, case.format.IDENTITY, read.findings, TARGET
    )
    assert all(one.rule and one.title for one in found)
    assert read.reason or read.outcome.value == "completed"


@cases
@QUICK
@given(cut=st.floats(0, 0.99))
def test_a_truncated_report_is_refused(case: Case, cut: float) -> None:
    content = case.document()
    short = content[: int(len(content) * cut)]
    if case.format is staticcheck and (not short.strip() or short.rstrip().endswith(b"}")):
        return  # whole lines are a report, and so are none
    assert not case.format.recognises(Document(short, "x"))
    with pytest.raises(ParseError):
        case.format.read(Document(short, "x"))


@cases
@settings(parent=QUICK, max_examples=30)
@given(content=st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(case: Case, content: bytes) -> None:
    for start in (b"", b"{", b"PK\x03\x04", b"<title>Sonar</title><div class=detail>"):
        document = Document(start + content, "x")
        assert case.format.recognises(document) in (True, False)
        try:
            case.format.read(document)
        except ParseError:
            continue


def test_a_report_of_one_format_is_not_taken_for_another() -> None:
    general = {"sarif": {"codeql", "snyk_code"}}
    for case in CASES:
        document = Document(case.document(), "x")
        takers = {one.format.NAME for one in CASES if one.format.recognises(document)}
        wider = {name for name, narrow in general.items() if case.format.NAME in narrow}
        assert takers == {case.format.NAME} | wider


def test_a_finding_of_a_place_outside_of_the_repository_has_no_path() -> None:
    content = CASES[0].document().replace(b"a.go", b"../../etc/passwd")
    read = sarif.read(Document(content, "x"))
    found, _ = findings_of("sarif", sarif.KIND, sarif.IDENTITY, read.findings, TARGET)
    assert {one.path for one in found} == {None, "b/c.go"}
    assert replace(TARGET, foreign=False).module_path("../../etc/passwd") is None
