from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.tools import gitleaks, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORTS = Path(__file__).parent / "reports" / "gitleaks"
TARGET = Target(checkout=Path("/src"), module=".", revision="r", timeout_seconds=5)
READ_SOMETHING = "8:00AM INF scanned ~118 bytes (118 bytes) in 3.2ms\n"
NOTHING_FOUND = f"{READ_SOMETHING}8:00AM INF no leaks found\n"
FOUND = f"{READ_SOMETHING}8:00AM WRN leaks found: 1\n"


def leak(line: int = 3, path: str = "a.env", **more: Any) -> dict[str, Any]:
    return {"RuleID": "bean-token", "Description": "A token", "StartLine": line, "StartColumn": 2,
            "Match": "x", "Secret": "REDACTED", "File": path, "Commit": "", **more}  # fmt: skip


def read(value: object) -> ReadReport:
    return gitleaks.read(Document(json.dumps(value).encode(), "leaks"))


def parse(value: object, words: str, code: int, **more: Any) -> Report:
    output = Output(
        command=Command(argv=("gitleaks",), answers=frozenset({0, 3}), timeout_seconds=5),
        exit_code=code, stdout=json.dumps(value).encode(), stderr=words.encode(),
        started_at=datetime.now(UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return gitleaks.parse(TARGET, output, "v8.30.1")


def test_leaks_of_version_8() -> None:
    first, second = gitleaks.read(Document.of_file(REPORTS / "version-8.json")).findings
    assert (first.rule, first.path, first.line, first.column) == (
        "bean-token", "config/shop.env", 3, 9,
    )  # fmt: skip
    assert (first.cwes, first.resource) == ((798,), None)
    assert (first.severity, first.severity_source) == (Severity.HIGH, "default")
    assert second.resource == "commit 0123456789ab", "the two commits with it are one"


def test_leaks_of_version_7() -> None:
    token, key = gitleaks.read(Document.of_file(REPORTS / "version-7.json")).findings
    assert (token.rule, token.line, token.severity) == ("Bean Token", 3, Severity.HIGH)
    assert (key.rule, key.line, key.severity) == ("AWS Access Key", None, Severity.CRITICAL)
    assert key.resource is None


@pytest.mark.parametrize("name", ["version-7.json", "version-8.json"])
def test_neither_secret_nor_line_nor_message_is_kept(name: str) -> None:
    report = gitleaks.read(Document.of_file(REPORTS / name))
    kept = repr([dataclasses.asdict(one) for one in report.findings])
    kept += repr(scan_record.of_read(gitleaks, TARGET, report).records)
    assert "sesame" not in kept
    assert "Ada" not in kept
    assert "ada@" not in kept


def test_the_same_place_counts_once_and_other_secrets_of_a_line_too() -> None:
    assert len(read([leak(), leak(StartColumn=40)]).findings) == 1
    assert len(read([leak(Secret="a"), leak(Secret="b")]).findings) == 2
    assert len(read([leak(), leak(4), leak(path="b.env")]).findings) == 3


def test_version_7_names_a_secret_by_several_rules_and_what_it_blanks_out_may_be_several() -> None:
    def old(rule: str, secret: str = "x") -> dict[str, Any]:
        return {"rule": rule, "file": "a.env", "commit": "c", "offender": secret, "lineNumber": 3}

    assert len(read([old("Password"), old("Generic")]).findings) == 1
    assert len(read([old("Password"), old("Generic", "y")]).findings) == 2
    assert len(read([old("Password", "REDACTED"), old("Generic", "REDACTED")]).findings) == 2


def test_the_first_releases_of_version_8_had_no_rule_id() -> None:
    first = {name: value for name, value in leak().items() if name != "RuleID"}
    document = Document(json.dumps([first]).encode(), "leaks")
    assert gitleaks.recognises(document)
    assert [one.rule for one in gitleaks.read(document).findings] == ["A token"]


@pytest.mark.parametrize("value", [None, []])
def test_no_leak(value: object) -> None:
    assert list(read(value).findings) == []


@given(st.sets(st.integers(1, 300), max_size=8), st.integers(1, 50), st.randoms())
def test_identities_survive_moved_lines_and_order(lines, inserted, random) -> None:
    def named(leaks: list[dict[str, Any]], offset: int) -> set[tuple[int, str]]:
        report = scan_record.of_read(gitleaks, TARGET, read(leaks))
        found = [record for record in report.records if isinstance(record, Finding)]
        return {((one.line or 0) - offset, one.identity) for one in found}

    moved = [leak(line + inserted) for line in lines]
    random.shuffle(moved)
    assert named([leak(line) for line in lines], 0) == named(moved, inserted)


def test_the_command_reads_files_and_keeps_secrets_out_of_the_report() -> None:
    command = gitleaks.command(TARGET, Path("/bin/gitleaks"))
    assert command.argv[:3] == ("/bin/gitleaks", "dir", ".")
    assert "--redact" in command.argv
    assert command.argv[command.argv.index("--report-path") + 1] == "-"
    assert (command.cwd, command.answers) == (Path("/src"), frozenset({0, 3}))


def test_a_run_that_found_something() -> None:
    report = parse([leak()], FOUND, 3)
    assert report.outcome is Outcome.COMPLETED
    scan, finding = report.records
    assert isinstance(scan, Scan)
    assert isinstance(finding, Finding)
    assert (scan.findings, finding.kind, finding.path) == (1, "secret", "a.env")


@pytest.mark.parametrize(
    ("words", "outcome", "reason"),
    [
        (NOTHING_FOUND, Outcome.COMPLETED, None),
        ("8:00AM INF scanned ~0 bytes (0) in 4ms\n8:00AM INF no leaks found\n", Outcome.NOT_RUN,
         "gitleaks had no file to read"),
        ("8:00AM INF no leaks found\n", Outcome.PARTIAL, "gitleaks does not say how much it read"),
        (f"8:00AM ERR skipping file: permission denied\n8:00AM WRN x\n{NOTHING_FOUND}",
         Outcome.PARTIAL, "gitleaks says: skipping file: permission denied (and 1 more)"),
        (f"\x1b[90m8:00AM\x1b[0m \x1b[31mERR\x1b[0m failed to read\n{NOTHING_FOUND}",
         Outcome.PARTIAL, "gitleaks says: failed to read"),
    ],
)  # fmt: skip
def test_no_leaks_found_needs_evidence(words: str, outcome: Outcome, reason: str | None) -> None:
    report = parse([], words, 0)
    assert (report.outcome, report.reason) == (outcome, reason)


def test_leaks_that_the_report_lacks() -> None:
    assert parse([], FOUND, 3).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    ("code", "more", "reason"),
    [
        (1, {}, "gitleaks ended with exit code 1: FTL no such folder"),
        (-9, {}, "gitleaks was ended by signal 9"),
        (-15, {"timed_out": True}, "gitleaks did not end within 5 s"),
    ],
)
def test_a_run_that_did_not_end_well_failed(code: int, more: Any, reason: str) -> None:
    report = parse([leak()], "FTL no such folder\n", code, **more)
    assert (report.outcome, report.reason, len(report.records)) == (Outcome.FAILED, reason, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, None),
        ("[extend]\nuseDefault = true\n", None),
        ('[extend]\npath = "base.toml"\n', None),
        ('[[rules]]\nid = "a"\nregex = "b"\n', None),
        ('title = "nothing"\n', "has no rules and extends none"),
        ("", "has no rules and extends none"),
        ("[extend]\nuseDefault = false\n", "has no rules and extends none"),
        ("broken =", "cannot be read"),
    ],
)
def test_a_configuration_without_rules_stands_in_the_way(
    tmp_path: Path, content: str | None, words: str | None
) -> None:
    if content is not None:
        (tmp_path / ".gitleaks.toml").write_text(content)
    said = gitleaks.obstacle(Target(checkout=tmp_path, module=".", revision="r"))
    assert (said is None) == (words is None)
    assert (words or "") in (said or "")


@pytest.mark.parametrize(
    "value", [{}, [1], [{}], [leak(Secret=None)], [leak(File="")], [{"rule": "a"}], "x"]
)
def test_broken_reports_are_refused(value: object) -> None:
    with pytest.raises(ParseError, match=r"^leaks:"):
        read(value)


@pytest.mark.slow
def test_the_real_tool(tmp_path: Path, installed: Callable[[str], Path]) -> None:
    program = installed(gitleaks.NAME)
    token = "AK" + "IA" + "QYLPMN5HHHFPZAM2"
    (tmp_path / "shop").mkdir()
    target = Target(checkout=tmp_path, module="shop", revision="r", timeout_seconds=60)
    empty = gitleaks.parse(target, run(gitleaks.command(target, program)), None)
    assert empty.outcome is Outcome.NOT_RUN
    (tmp_path / "shop" / "b.txt").write_text("nothing here\n")
    clean = gitleaks.parse(target, run(gitleaks.command(target, program)), None)
    assert (clean.outcome, len(clean.records)) == (Outcome.COMPLETED, 1)
    (tmp_path / "shop" / "a.env").write_text(f'aws_key = "{token}"\n')
    output = run(gitleaks.command(target, program))
    report = gitleaks.parse(target, output, None)
    assert report.outcome is Outcome.COMPLETED
    (found,) = [record for record in report.records if isinstance(record, Finding)]
    assert (found.path, found.line, found.rule) == ("shop/a.env", 1, "aws-access-token")
    assert token not in output.stdout.decode() + output.stderr.decode()
