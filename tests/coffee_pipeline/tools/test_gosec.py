from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import gosec, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document

TARGET = Target(
    checkout=Path("/src"), module="services/menu", revision="r", nested=("inner",),
    packages=("./a", "./b"), packages_listed=2,
)  # fmt: skip


def issue(path: str = "/src/services/menu/a/a.go", line: str = "12", **more: Any) -> dict[str, Any]:
    number = int(line.split("-")[0])
    return {
        "severity": "HIGH",
        "confidence": "MEDIUM",
        "cwe": {"id": "338", "url": "https://cwe.mitre.org/data/definitions/338.html"},
        "rule_id": "G404",
        "details": "Use of weak random number generator",
        "file": path,
        "code": f"{number - 1}: \n{number}: x := rand.Int()\n{number + 1}: return x\n",
        "line": line,
        "column": "7",
        **more,
    }


def document(issues: list[Any], errors: Any = None, files: int = 2, lines: int = 40) -> bytes:
    stats = {"files": files, "lines": lines, "nosec": 0, "found": len(issues)}
    return json.dumps(
        {"Golang errors": errors or {}, "Issues": issues, "Stats": stats, "GosecVersion": "dev"}
    ).encode()


def parse(stdout: bytes, words: str | None = None, code: int = 1, **more: Any) -> Report:
    said = words or "[gosec] Import directory: /src/a\n[gosec] Import directory: /src/b\n"
    output = Output(
        command=Command(argv=("gosec",), answers=frozenset({0, 1}), timeout_seconds=5),
        exit_code=code, stdout=stdout, stderr=said.encode(), started_at=datetime.now(UTC),
        duration_seconds=1.0, **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return gosec.parse(TARGET, output, "v2.30.0")


def scan(report: Report) -> Scan:
    (found,) = [record for record in report.records if isinstance(record, Scan)]
    return found


def findings(report: Report) -> list[Finding]:
    return [record for record in report.records if isinstance(record, Finding)]


def read(content: bytes) -> list[Finding]:
    report = gosec.read(Document(content, "report.json"))
    return findings(scan_record.of_read(gosec, TARGET, report))


def test_a_finding_with_everything_it_says() -> None:
    report = parse(document([issue()]))
    assert report.outcome is Outcome.COMPLETED
    (found,) = findings(report)
    assert found.path == "services/menu/a/a.go"
    assert (found.line, found.severity, found.confidence) == (12, "high", "medium")
    assert (found.cwe, found.kind, found.scope) == ("CWE-338", "sast", "services/menu")
    assert (scan(report).findings, scan(report).files_scanned) == (1, 2)
    assert scan(report).packages_scanned == 2


def test_findings_of_nested_modules_and_dependencies_are_left_out() -> None:
    elsewhere = [
        issue("/src/services/menu/inner/x.go"),
        issue("/home/ci/go/pkg/mod/example.test/lib/x.go"),
        issue("/src/services/menu/../other/x.go"),
    ]
    report = parse(document([issue(), *elsewhere]))
    assert len(findings(report)) == 1
    assert report.left_out == 3


def test_no_file_looked_at_is_not_clean() -> None:
    report = parse(document([], files=0, lines=0), code=0)
    assert report.outcome is Outcome.NOT_RUN
    assert scan(report).findings is None


def test_code_that_cannot_be_analysed_makes_it_partial() -> None:
    errors = {"/src/services/menu/a/a.go": [{"line": 3, "column": 1, "error": "undefined: x"}]}
    report = parse(document([issue()], errors))
    assert report.outcome is Outcome.PARTIAL
    assert report.reason
    assert "a/a.go: undefined: x" in report.reason
    assert len(findings(report)) == 1


def test_fewer_packages_than_listed_is_partial() -> None:
    report = parse(document([]), words="[gosec] Import directory: /src/a\n", code=0)
    assert report.outcome is Outcome.PARTIAL
    assert report.reason == "1 of 2 packages with code were analysed"


def test_nothing_printed_is_not_run() -> None:
    report = parse(b"", words="[gosec] 2026/01/05 10:00:00 No packages found\n")
    assert report.outcome is Outcome.NOT_RUN
    assert report.reason == "gosec printed no report: No packages found"


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({"timed_out": True}, -15, "gosec did not end within 5 s"),
        ({"truncated": True}, 0, "gosec printed more than 256 MiB"),
        ({}, -9, "gosec was ended by signal 9"),
        ({}, 2, "gosec ended with exit code 2: boom"),
    ],
)
def test_a_tool_that_did_not_end_well_failed(more: Any, code: int, reason: str) -> None:
    report = parse(document([]), words="[gosec] boom", code=code, **more)
    assert (report.outcome, report.reason) == (Outcome.FAILED, reason)
    assert scan(report).findings is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"Stats": {"files": "1", "lines": 2}}',
        b'{"Stats": {"files": 1180591620717411303424, "lines": 2}}',
        b'{"Stats": {"files": 1, "lines": 2}, "Issues": [{}]}',
        b'{"Stats": {"files": 1, "lines": 2}, "Issues": {}}',
        document([issue()])[:-20],
        b"\xff\xfe",
    ],
)
def test_broken_reports_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        gosec.read(Document(content, "report.json"))


def test_a_line_that_several_packages_report_counts_once() -> None:
    again = [issue(), issue(column="9"), issue(line="13"), issue(rule_id="G101")]
    assert len(read(document(again))) == 3


@pytest.mark.parametrize("spelling", ["id", "ID"])
def test_the_weakness_in_its_older_spelling(spelling: str) -> None:
    issue = {"rule_id": "G101", "details": "x", "file": "a.go", "line": "3", "code": "",
             "severity": "HIGH", "cwe": {spelling: "798", "URL": "https://a.test"}}  # fmt: skip
    content = {"Golang errors": {}, "Issues": [issue], "Stats": {"files": 1, "lines": 9}}
    (found,) = gosec.read(Document(json.dumps(content).encode(), "report.json")).findings
    assert found.cwes == (798,)


def test_gosec_1_had_no_list_of_errors() -> None:
    old = json.loads(document([issue()]))
    del old["Golang errors"], old["GosecVersion"]
    report = gosec.read(Document(json.dumps(old).encode(), "old"))
    assert (len(report.findings), report.outcome) == (1, Outcome.COMPLETED)


ISSUES = st.lists(
    st.tuples(st.integers(1, 300), st.sampled_from(["a/a.go", "b/b.go"])), unique=True, max_size=8
)


@given(ISSUES, st.integers(1, 50), st.randoms(use_true_random=False), st.sampled_from([None, 2]))
def test_identities_survive_moved_lines_order_and_format(places, inserted, random, indent) -> None:
    def report(offset: int) -> list[dict[str, Any]]:
        return [issue(f"/src/services/menu/{path}", str(n + offset)) for n, path in places]

    before = read(document(report(0)))
    moved = report(inserted)
    random.shuffle(moved)
    content = json.dumps(json.loads(document(moved)), indent=indent).encode()
    after = read(content)
    assert {(f.path, f.line, f.identity) for f in before} == {
        (f.path, (f.line or 0) - inserted, f.identity) for f in after
    }
    assert len({f.identity for f in before}) == len(places)


def test_paths_of_a_foreign_checkout(tmp_path: Path) -> None:
    (tmp_path / "cmd").mkdir()
    (tmp_path / "cmd" / "main.go").write_text("package main\n")
    nested = Target(checkout=tmp_path, module="services/menu", revision="r", foreign=True)
    assert nested.module_path("/ci/work/services/menu/a.go") == "a.go"
    assert nested.module_path("/ci/work/services/orders/a.go") is None
    root = Target(checkout=tmp_path, module=".", revision="r", foreign=True)
    assert root.module_path("/ci/work/cmd/main.go") == "cmd/main.go"
    assert root.module_path("/ci/work/gone.go") == "ci/work/gone.go"


def test_quiet_is_never_used() -> None:
    argv = gosec.command(TARGET, Path("/bin/gosec")).argv
    assert argv == ("/bin/gosec", "-fmt=json", "./a", "./b")
    assert gosec.obstacle(TARGET) is None
