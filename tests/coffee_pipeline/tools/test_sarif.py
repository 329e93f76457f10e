from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import codeql, sarif
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport, Reported

RULE = {
    "id": "go/sql-injection",
    "name": "SqlInjection",
    "shortDescription": {"text": "Query built from user input"},
    "helpUri": "https://rules.test/go/sql-injection",
    "defaultConfiguration": {"level": "error"},
    "messageStrings": {"flow": {"text": "{0} reaches '{1}' unchecked {{sic}}"}},
    "properties": {"tags": ["security", "external/cwe/cwe-089"], "precision": "high"},
}


def place(uri: str = "internal/store.go", line: int = 12, **region: Any) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line, "startColumn": 3, **region},
        }
    }


def result(**more: Any) -> dict[str, Any]:
    return {
        "ruleId": "go/sql-injection",
        "ruleIndex": 0,
        "message": {"text": "Query built from name"},
        "locations": [place(snippet={"text": "db.Query(q + name)"})],
        **more,
    }


def run(*results: Any, rules: Any = (RULE,), **more: Any) -> dict[str, Any]:
    driver = {"name": "Scanner", "semanticVersion": "1.2.3", "rules": list(rules)}
    return {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "results": list(results),
        **more,
    }


def log(*runs: Any) -> Document:
    return Document(json.dumps({"version": "2.1.0", "runs": list(runs)}).encode(), "report.sarif")


def read(*runs: Any) -> ReadReport:
    return sarif.read(log(*runs))


def one(*runs: Any) -> Reported:
    (found,) = read(*runs).findings
    return found


def test_a_result_with_what_its_rule_says() -> None:
    report = read(run(result(partialFingerprints={"b/v1": "2", "a/v1": "1"})))
    (found,) = report.findings
    assert (found.rule, found.title) == ("go/sql-injection", "Query built from name")
    assert (found.severity, found.severity_source) == (Severity.HIGH, "level")
    assert (found.path, found.line, found.column) == ("internal/store.go", 12, 3)
    assert (found.cwes, found.confidence, found.code) == ((89,), "high", "db.Query(q + name)")
    assert found.reference == "https://rules.test/go/sql-injection"
    assert found.fingerprint == "a/v1:1|b/v1:2"
    assert (report.tool, report.tool_version) == ("Scanner", "1.2.3")
    assert report.outcome is Outcome.COMPLETED


@pytest.mark.parametrize("kind", ["pass", "notApplicable", "open", "review", "informational"])
def test_only_failures_are_problems(kind: str) -> None:
    report = read(run(result(kind=kind), result(kind="fail"), result()))
    assert len(report.findings) == 2


def test_every_location_is_a_problem_and_none_is_one_too() -> None:
    many = result(locations=[place(line=3), place("cmd/main.go", 9)])
    assert [(f.path, f.line) for f in read(run(many)).findings] == [
        ("internal/store.go", 3), ("cmd/main.go", 9),
    ]  # fmt: skip
    assert one(run(result(locations=[]))).path is None


@pytest.mark.parametrize(
    ("level", "severity"),
    [("error", Severity.HIGH), ("warning", Severity.MEDIUM), ("note", Severity.INFO),
     ("none", Severity.INFO), (None, Severity.HIGH), ("odd", Severity.MEDIUM)],
)  # fmt: skip
def test_the_level_of_the_result_counts_before_that_of_the_rule(level: Any, severity: Any) -> None:
    assert one(run(result(level=level))).severity is severity


def test_no_level_anywhere_is_a_warning() -> None:
    found = one(run(result(ruleId="unknown", ruleIndex=-1), rules=()))
    assert (found.severity, found.severity_source) == (Severity.MEDIUM, "level")


@pytest.mark.parametrize(
    ("value", "severity", "source", "score"),
    [("9.1", Severity.CRITICAL, "CVSS", 9.1), (7, Severity.HIGH, "CVSS", 7.0),
     ("0.0", Severity.INFO, "CVSS", 0.0), ("Critical", Severity.CRITICAL, "tool", None),
     ("odd", Severity.INFO, "tool", None)],
)  # fmt: skip
def test_a_security_severity_counts_before_any_level(
    value: Any, severity: Any, source: str, score: Any
) -> None:
    rule = {**RULE, "properties": {"security-severity": value}}
    found = one(run(result(level="note"), rules=[rule]))
    assert (found.severity, found.severity_source, found.cvss_score) == (severity, source, score)
    own = result(properties={"security-severity": "4.0"})
    assert one(run(own, rules=[rule])).severity is Severity.MEDIUM


def test_rules_of_extensions_and_of_parts_of_a_rule() -> None:
    tool = {
        "driver": {"name": "CodeQL", "rules": []},
        "extensions": [
            {"name": "first", "rules": [{"id": "x/other"}]},
            {"name": "second", "rules": [{"id": "x/other"}, {**RULE, "id": "x/pack"}]},
        ],
    }
    by_index = result(
        ruleId="x/pack", rule={"id": "x/pack", "index": 1, "toolComponent": {"index": 1}}
    )
    by_name = result(ruleId="x/pack/part", ruleIndex=None)
    for entry in (by_index, by_name):
        found = one(run(entry, tool=tool))
        assert found.cwes == (89,)
    assert one(run(by_name, tool=tool)).rule == "x/pack/part"


def test_an_index_that_is_not_of_the_named_rule_is_not_believed() -> None:
    rules = [{"id": "other", "helpUri": "https://rules.test/other"}, RULE]
    assert one(run(result(ruleIndex=0), rules=rules)).reference == RULE["helpUri"]
    assert one(run(result(ruleIndex=77), rules=rules)).reference == RULE["helpUri"]


def test_a_result_that_only_has_an_index_and_one_without_any_rule() -> None:
    assert one(run(result(ruleId=None))).rule == "go/sql-injection"
    assert one(run(result(ruleId=None, ruleIndex=None))).rule == "unnamed"


def test_messages_by_id_with_arguments() -> None:
    by_id = result(message={"id": "flow", "arguments": ["name", "query"]})
    assert one(run(by_id)).title == "name reaches 'query' unchecked {sic}"
    short = result(message={"id": "flow", "arguments": ["name"]})
    assert one(run(short)).title == "name reaches '{1}' unchecked {sic}"
    assert one(run(result(message={}))).title == "Query built from user input"


@pytest.mark.parametrize(
    ("suppressions", "reason"),
    [([], None), (None, None), ([{"kind": "inSource"}], "suppressed (inSource)"),
     ([{"kind": "external", "justification": "not reachable"}], "not reachable"),
     ([{"kind": "external", "status": "underReview"}], None),
     ([{"kind": "external", "status": "rejected"}], None),
     ([{"kind": "external", "status": "accepted"}], "suppressed (external)")],
)  # fmt: skip
def test_suppressed_results_are_read_and_marked(suppressions: Any, reason: Any) -> None:
    assert one(run(result(suppressions=suppressions))).suppressed == reason


def test_a_result_that_only_the_baseline_has_is_marked() -> None:
    assert str(one(run(result(baselineState="absent"))).suppressed).startswith("absent")
    assert one(run(result(baselineState="new"))).suppressed is None


def test_data_flows_become_the_detail() -> None:
    steps = [
        {"location": {**place("a.go", 1), "message": {"text": "name enters"}}},
        {"location": place("b.go", 2, snippet={"text": "  db.Query(q)"})},
    ]
    flow = [{"threadFlows": [{"locations": steps}]}]
    assert one(run(result(codeFlows=flow))).detail == (
        "data flow:\na.go:1 name enters\nb.go:2 db.Query(q)"
    )


@pytest.mark.parametrize(
    ("uri", "base", "path", "resource"),
    [("file:///src/a%20b.go", None, "/src/a b.go", None),
     ("file:///C:/src/a.go", None, "C:/src/a.go", None),
     ("file://build/src/a.go", None, "/src/a.go", None),
     ("a.go", "SOURCES", "services/menu/a.go", None),
     ("a.go", "ROOT", "a.go", None),
     ("a.go", "CIRCLE", None, None),
     ("pkg:golang/example.test/x@v1", None, None, "pkg:golang/example.test/x@v1"),
     ("https://shop.test/login", None, None, "https://shop.test/login")],
)  # fmt: skip
def test_files_are_named_below_the_root_of_the_sources(
    uri: str, base: Any, path: Any, resource: Any
) -> None:
    bases = {
        "ROOT": {"uri": "file:///home/ci/work/"},
        "SOURCES": {"uri": "services/menu/", "uriBaseId": "ROOT"},
        "CIRCLE": {"uri": "x/", "uriBaseId": "CIRCLE"},
    }
    location = {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}}}
    found = one(run(result(locations=[location]), originalUriBaseIds=bases))
    if base == "CIRCLE":
        assert str(found.path).endswith("a.go")
    else:
        assert (found.path, found.resource) == (path, resource)


def test_a_file_by_its_index_and_a_place_without_a_file() -> None:
    artifacts = [{"location": {"uri": "x.go"}, "roles": ["analysisTarget"]}]
    indexed = {"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"byteOffset": 5}}}
    report = read(run(result(locations=[indexed]), artifacts=artifacts))
    assert (report.findings[0].path, report.findings[0].line) == ("x.go", None)
    assert report.files_scanned == 1
    logical = {"logicalLocations": [{"fullyQualifiedName": "shop/Deployment/menu"}]}
    assert one(run(result(locations=[logical]))).resource == "shop/Deployment/menu"


def test_advisories_and_secrets_are_of_their_kinds() -> None:
    vulnerable = one(run(result(ruleId="CVE-2026-1234", ruleIndex=None)))
    assert vulnerable.identifiers == ("CVE-2026-1234",)
    leaks = {"driver": {"name": "gitleaks", "rules": []}}
    assert one(run(result(), tool=leaks)).kind is FindingKind.SECRET
    tagged = {**RULE, "properties": {"tags": ["misconfiguration"]}}
    assert one(run(result(), rules=[tagged])).kind is FindingKind.INFRASTRUCTURE
    own = result(properties={"cwe": "CWE-798: hard-coded"})
    assert one(run(own)).cwes == (798, 89)


def test_runs_of_several_tools_have_no_one_tool() -> None:
    other = run(result(), tool={"driver": {"name": "Other"}})
    report = read(run(result()), other)
    assert (len(report.findings), report.tool) == (2, None)


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        ([], Outcome.NOT_RUN),
        ([{**run(), "results": None}], Outcome.NOT_RUN),
        ([run(), {**run(), "results": None}], Outcome.PARTIAL),
        ([run()], Outcome.COMPLETED),
        ([run(invocations=[])], Outcome.PARTIAL),
        ([run(invocations=[], artifacts=[{"location": {"uri": "a.go"}}])], Outcome.COMPLETED),
        ([run(invocations=[{"executionSuccessful": False}])], Outcome.FAILED),
        ([run(result(), invocations=[{"executionSuccessful": False}])], Outcome.PARTIAL),
    ],
)
def test_an_empty_report_is_clean_only_if_something_was_analysed(runs: Any, outcome: Any) -> None:
    report = read(*runs)
    assert report.outcome is outcome
    assert (report.reason is None) == (outcome is Outcome.COMPLETED)


def test_errors_of_the_tool_are_the_reason() -> None:
    notice = {"level": "error", "message": {"text": "store.go does not parse"}}
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": [notice]}
    report = read(run(result(), invocations=[invocation]))
    assert report.outcome is Outcome.PARTIAL
    assert report.reason == "the tool reports: store.go does not parse"


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"runs": {}}',
        b'{"version": "1.0.0", "runs": []}',
        b'{"runs": [1]}',
        b'{"runs": [{"results": []}]}',
        b'{"runs": [{"tool": {"driver": {"rules": [1]}}}]}',
        b'{"runs": [{"tool": {"driver": {}}, "results": {}}]}',
        b'{"runs": [{"tool": {"driver": {}}, "results": [1]}]}',
        b'{"runs": [{"tool": {"driver": {}}, "results": [{"locations": {"a": 1}}]}]}',
        b'{"runs": [{"tool": {"driver": {}}, "results": [{"locations": [1]}]}]}',
    ],
)
def test_broken_logs_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError, match=r"report\.sarif"):
        sarif.read(Document(content, "report.sarif"))


def test_which_sarif_is_whose() -> None:
    theirs = {"driver": {"name": "CodeQL", "rules": [RULE]}}
    assert format_of(AUTOMATIC, log(run(result()))) is sarif
    assert format_of(AUTOMATIC, log(run(result(), tool=theirs))) is codeql
    assert format_of(AUTOMATIC, log()) is sarif
    failed = Document(b'{"version": "2.1.0", "runs": null}', "x")
    assert format_of(AUTOMATIC, failed) is sarif
    assert sarif.read(failed).outcome is Outcome.NOT_RUN
    assert codeql.read(log(run(result(), tool=theirs))).tool == "CodeQL"
    mixed = log(run(result(), tool=theirs), run(result()))
    assert format_of(AUTOMATIC, mixed) is sarif
    assert not sarif.recognises(Document(b'{"runs": [1]}', "x"))
