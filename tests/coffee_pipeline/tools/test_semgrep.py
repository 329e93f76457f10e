from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools import semgrep
from coffee_pipeline.tools.base import Report, Scanner, Target
from coffee_pipeline.tools.document import Document

TARGET = Target(checkout=Path("/src"), module="services/menu", revision="r")
SCANNER: Scanner = semgrep


def result(line: int = 12, **more: Any) -> dict[str, Any]:
    extra = {
        "message": "An SQL statement is put together from text.",
        "severity": "ERROR",
        "metadata": {"cwe": ["CWE-89: SQL"], "confidence": "MEDIUM", "technology": ["go"]},
        "lines": "requires login",
        "fingerprint": "requires login",
        **more.pop("extra", {}),
    }
    return {
        "check_id": "go-sql-built-from-text", "path": "internal/store.go",
        "start": {"line": line, "col": 2}, "end": {"line": line, "col": 9}, "extra": extra, **more,
    }  # fmt: skip


def report(*results: Any, **more: Any) -> dict[str, Any]:
    return {
        "version": "1.182.0", "results": list(results), "errors": [],
        "paths": {"scanned": ["internal/store.go"]}, "time": {"rules": ["a", "b"]}, **more,
    }  # fmt: skip


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "semgrep.json")


def parse(value: Any, code: int = 0, **more: Any) -> Report:
    output = Output(
        command=semgrep.command(TARGET, Path("/bin/semgrep")), exit_code=code,
        stdout=json.dumps(value).encode(), stderr=b"said", started_at=datetime.now(UTC),
        duration_seconds=1.0, **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return semgrep.parse(TARGET, output, "1.182.0")


def scan(of: Report) -> Scan:
    (found,) = [record for record in of.records if isinstance(record, Scan)]
    return found


def test_a_result_with_everything_it_says() -> None:
    read = semgrep.read(document(report(result())))
    (found,) = read.findings
    assert (found.rule, found.severity, found.severity_source) == (
        "go-sql-built-from-text", Severity.HIGH, "tool",
    )  # fmt: skip
    assert (found.path, found.line, found.column) == ("internal/store.go", 12, 2)
    assert (found.cwes, found.confidence) == ((89,), "medium")
    assert (found.code, found.fingerprint) == (None, None)
    assert (read.files_scanned, read.checks_run, read.tool_version) == (1, 2, "1.182.0")


def test_several_results_of_one_rule_on_one_line_are_one() -> None:
    same = result(start={"line": 12, "col": 30})
    assert len(semgrep.read(document(report(result(), same, result(13)))).findings) == 2


def test_what_a_result_may_say_besides() -> None:
    extra = {"lines": "\tdb.Query(q)", "fingerprint": "ab", "is_ignored": True, "severity": "odd",
             "metadata": {"technology": ["kubernetes"], "references": ["x", "https://a.test"],
                          "rationale": "Because."}}  # fmt: skip
    (found,) = semgrep.read(document(report(result(extra=extra)))).findings
    assert (found.code, found.fingerprint) == ("\tdb.Query(q)", "ab")
    assert (found.suppressed, found.kind) == ("nosemgrep", FindingKind.INFRASTRUCTURE)
    assert (found.severity, found.reference) == (Severity.MEDIUM, "https://a.test")
    assert found.detail == "Because."


def test_the_export_of_vulnerable_dependencies() -> None:
    entry = {
        "title": "Assertion in lib",
        "advisory": {"ruleId": "ssc-1", "severity": "HIGH", "references": {
            "cveIds": ["CVE-2026-1"], "cweIds": ["CWE-617: Assertion"], "urls": ["https://a.test"],
        }},
        "exposureType": "REACHABLE",
        "matchedDependency": {"name": "lib", "versionSpecifier": "1.0.0"},
        "closestSafeDependency": {"versionSpecifier": "1.1.0"},
        "dependencyFileLocation": {"path": "go.mod", "startLine": "9"},
    }  # fmt: skip
    assert semgrep.recognises(document({"vulns": [entry]}))
    (found,) = semgrep.read(document({"vulns": [entry, entry]})).findings
    assert (found.rule, found.kind, found.reachable) == ("ssc-1", FindingKind.DEPENDENCY, True)
    assert (found.component, found.fixed_version, found.line) == ("lib", "1.1.0", 9)
    page = semgrep.read(document({"vulns": [entry], "hasMore": True, "cursor": "7"}))
    assert (page.outcome, page.reason) == (
        Outcome.PARTIAL, "a page of the export: Semgrep has more of it",
    )  # fmt: skip
    (closed,) = semgrep.read(
        document({"vulns": [{**entry, "triage": {"status": "CLOSED"}}]})
    ).findings
    assert (found.suppressed, closed.suppressed) == (None, "closed")


def test_the_findings_of_the_platform() -> None:
    item = {
        "match_based_id": "f00d_0", "rule_name": "go.sql", "rule_message": "Bind it.",
        "severity": "medium", "confidence": "High", "status": "open", "triage_state": "untriaged",
        "location": {"file_path": "store/menu.go", "line": 7, "column": 2},
        "repository": {"name": "cafe/menu"}, "line_of_code_url": "https://code.test/menu.go#L7",
        "rule": {"cwe_names": ["CWE-89: SQL"]}, "assistant": {"autofix": {"fix_code": "db.Q(?)"}},
    }  # fmt: skip
    export = document(
        {"findings": [item, item, {**item, "match_based_id": "f1", "status": "fixed"}]}
    )
    assert semgrep.recognises(export)
    report = semgrep.read(export)
    found, fixed = report.findings
    assert (found.rule, found.title, found.severity) == ("go.sql", "Bind it.", Severity.MEDIUM)
    assert (found.path, found.line, found.cwes, found.fingerprint) == (
        "store/menu.go", 7, (89,), "f00d_0",
    )  # fmt: skip
    assert (found.confidence, found.suppressed, fixed.suppressed) == ("high", None, "fixed")
    assert report.outcome is Outcome.PARTIAL
    none = semgrep.read(document({"findings": []}))
    assert (list(none.findings), none.outcome) == ([], Outcome.PARTIAL)


@pytest.mark.parametrize(
    ("more", "outcome", "reason"),
    [
        ({}, Outcome.COMPLETED, None),
        ({"paths": {"scanned": []}}, Outcome.NOT_RUN, "semgrep scanned no file"),
        ({"time": {"rules": []}}, Outcome.NOT_RUN, "semgrep loaded no rule for the files"),
        ({"time": {}}, Outcome.NOT_RUN, "semgrep loaded no rule for the files"),
        (
            {"errors": [{"level": "warn", "message": "Syntax\n error", "path": "a.go"}, {}]},
            Outcome.PARTIAL,
            "semgrep could not do all of it (and 1 more): a.go: Syntax error",
        ),
    ],
)
def test_an_empty_answer_is_clean_only_with_rules_and_files(
    more: Any, outcome: Any, reason: Any
) -> None:
    made = parse(report(**more))
    assert (made.outcome, made.reason) == (outcome, reason)
    assert scan(made).findings == (None if outcome is Outcome.NOT_RUN else 0)


@pytest.mark.parametrize(
    ("value", "code", "more", "words"),
    [
        (report(errors=[{"message": "Invalid YAML"}]), 7, {}, "exit code 7: Invalid YAML"),
        ({}, 2, {}, "exit code 2: said"),
        ({}, -9, {}, "ended by signal 9"),
        ({}, 0, {"timed_out": True}, "did not end within"),
    ],
)
def test_a_scan_that_did_not_end_well_failed(value: Any, code: int, more: Any, words: str) -> None:
    made = parse(value, code, **more)
    assert made.outcome is Outcome.FAILED
    assert words in str(made.reason)


def test_findings_have_paths_of_the_repository() -> None:
    made = parse(report(result()))
    (found,) = [record for record in made.records if isinstance(record, Finding)]
    assert (found.path, found.severity_source) == ("services/menu/internal/store.go", "semgrep")


def test_rules_come_from_folders_only(tmp_path: Path) -> None:
    target = replace(TARGET, settings={semgrep.RULES: str(tmp_path / "own")})
    assert "set semgrep_rules" in str(semgrep.obstacle(TARGET))
    assert "is not there" in str(semgrep.obstacle(target))
    (tmp_path / "own").mkdir()
    assert "holds no Semgrep rule" in str(semgrep.obstacle(target))
    (tmp_path / "own" / "go.yaml").touch()
    assert semgrep.obstacle(target) is None
    both = f"{tmp_path / 'own'}{os.pathsep}{tmp_path}"
    argv = semgrep.command(replace(TARGET, settings={semgrep.RULES: both}), Path("semgrep")).argv
    assert argv.count("--config") == 2
    assert {"--metrics=off", "--disable-version-check", "--no-rewrite-rule-ids"} <= set(argv)


def test_results_tell_semgrep_without_a_list_of_errors() -> None:
    result = {"check_id": "go.sql", "path": "a.go", "extra": {"severity": "ERROR"}}
    document = Document(json.dumps({"results": [result]}).encode(), "report.json")
    assert semgrep.recognises(document)
    assert len(semgrep.read(document).findings) == 1
    assert not semgrep.recognises(Document(b'{"results": []}', "report.json"))


def test_only_semgrep_is_recognised() -> None:
    assert semgrep.recognises(document(report(result())))
    assert semgrep.recognises(document({"results": [], "errors": []}))
    assert not semgrep.recognises(document({"results": [], "errors": [], "metrics": {}}))
    assert not semgrep.recognises(document({"results": [{"source": {}}], "errors": []}))
    assert not semgrep.recognises(document({"results": []}))


@pytest.mark.parametrize(
    "value",
    [3, {}, {"results": {}}, {"results": [3]}, {"results": [{}]},
     {"results": [{"check_id": "a", "path": "b"}]}, {"vulns": [{}]}, {"vulns": [{"advisory": {}}]}],
)  # fmt: skip
def test_what_is_no_report_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"semgrep\.json"):
        semgrep.read(document(value))
