from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools import staticcheck
from coffee_pipeline.tools.base import Report, Scanner, Target
from coffee_pipeline.tools.document import Document

TARGET = Target(
    checkout=Path("/src"), module="services/menu", revision="r",
    packages=("./a", "./b"), packages_listed=2,
)  # fmt: skip
SCANNER: Scanner = staticcheck


def diagnostic(code: str = "SA4009", **more: Any) -> dict[str, Any]:
    return {
        "code": code, "severity": "error",
        "location": {"file": "/src/services/menu/a/a.go", "line": 5, "column": 8},
        "end": {"file": "/src/services/menu/a/a.go", "line": 5, "column": 9},
        "message": "argument x is overwritten before first use", **more,
    }  # fmt: skip


UNLOADED = diagnostic(
    "compile",
    location={"file": "", "line": 0, "column": 0},
    message="# shop.test/menu/b\nb/b.go:2:12: undefined: nope",
)


def lines(*found: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


def parse(
    stdout: bytes, code: int = 1, words: bytes = b"", target: Target = TARGET, **more: Any
) -> Report:
    output = Output(
        command=staticcheck.command(target, Path("/bin/staticcheck")), exit_code=code,
        stdout=stdout, stderr=words, started_at=datetime.now(UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return staticcheck.parse(target, output, "v0.8.2")


def scan(of: Report) -> Scan:
    (found,) = [record for record in of.records if isinstance(record, Scan)]
    return found


def test_diagnostics_with_their_places() -> None:
    related = [{"message": "assignment to x"}, 3]
    made = parse(lines(diagnostic(related=related), diagnostic("U1000")))
    first, second = [record for record in made.records if isinstance(record, Finding)]
    assert (first.rule, first.path, first.line) == ("SA4009", "services/menu/a/a.go", 5)
    assert (first.severity, second.severity) == ("medium", "low")
    assert first.detail == "assignment to x"
    assert (made.outcome, scan(made).packages_scanned) == (Outcome.COMPLETED, 2)


def test_nothing_printed_is_clean_if_packages_are_known_to_be_there() -> None:
    assert parse(b"", 0).outcome is Outcome.COMPLETED
    unknown = replace(TARGET, packages_listed=None)
    assert parse(b"", 0, target=unknown).outcome is Outcome.PARTIAL
    nothing = parse(b"", 0, b'warning: "./..." matched no packages\n')
    assert (nothing.outcome, scan(nothing).findings) == (Outcome.NOT_RUN, None)
    assert parse(b"", 0, target=replace(TARGET, packages_listed=0)).outcome is Outcome.NOT_RUN
    assert parse(b"", 0, b"warning: odd\n").outcome is Outcome.PARTIAL


def test_packages_that_do_not_load_are_no_findings() -> None:
    made = parse(lines(UNLOADED, diagnostic()))
    assert made.outcome is Outcome.PARTIAL
    assert "undefined: nope" in str(made.reason)
    assert (scan(made).findings, scan(made).packages_scanned) == (1, 1)
    alone = replace(TARGET, packages=("./b",), packages_listed=1)
    assert parse(lines(UNLOADED), target=alone).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [({"timed_out": True}, -15, "did not end within"), ({}, -9, "ended by signal 9"),
     ({}, 2, "exit code 2: flag provided but not defined")],
)  # fmt: skip
def test_a_run_that_did_not_end_well_failed(more: Any, code: int, words: str) -> None:
    made = parse(b"", code, b"flag provided but not defined\nUsage", **more)
    assert made.outcome is Outcome.FAILED
    assert words in str(made.reason)


def test_ignored_diagnostics_are_marked() -> None:
    document = Document(lines(diagnostic("S1039", severity="ignored")), "report.json")
    assert staticcheck.recognises(document)
    (found,) = staticcheck.read(document).findings
    assert (found.suppressed, found.severity) == ("lint:ignore", Severity.INFO)


def test_an_empty_report_is_read_but_is_not_clean() -> None:
    document = Document(b"\n", "report.json")
    read = staticcheck.read(document)
    assert (list(read.findings), read.outcome) == ([], Outcome.PARTIAL)
    assert "nothing says that packages were analysed" in str(read.reason)
    assert not staticcheck.recognises(document)


@pytest.mark.parametrize(
    "content",
    [b"x", b"[]", b"{}", b'{"code": "SA1"}', b'{"code": "SA1", "message": "x"}',
     lines(diagnostic())[:-20]],
)  # fmt: skip
def test_what_is_no_report_is_refused(content: bytes) -> None:
    document = Document(content, "report.json")
    assert not staticcheck.recognises(document)
    with pytest.raises(ParseError, match=r"report\.json"):
        staticcheck.read(document)
