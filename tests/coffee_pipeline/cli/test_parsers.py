from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coffee_pipeline.cli import parsers
from coffee_pipeline.errors import StageFailedError, UsageError
from coffee_pipeline.tools import gosec
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.reported import CountsOtherwise
from tests.conftest import ROOT

GOSEC = {
    "Golang errors": {},
    "Issues": [
        {"severity": "HIGH", "confidence": "HIGH", "rule_id": "G101", "details": "Hardcoded",
         "cwe": {"id": "798"}, "file": "/ci/shop/a.go", "code": "3: x", "line": "3", "column": "1"}
    ],
    "Stats": {"files": 1, "lines": 9, "nosec": 0, "found": 1},
}  # fmt: skip
SARIF = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "Lint", "rules": [{"id": "A"}]}},
        "results": [{"ruleId": "A", "message": {"text": "one"}},
                    {"ruleId": "A", "message": {"text": "two"}}],
    }],
}  # fmt: skip
STREAM = [
    {"config": {"protocol_version": "v1.0.0", "scanner_name": "govulncheck"}},
    {"SBOM": {"roots": ["example.test/shop"], "modules": [{"path": "example.test/shop"}]}},
    {"osv": {"id": "GO-2020-0001", "summary": "does not apply"}},
]


def check(folder: Path, *rows: tuple[str, str, int]) -> list[dict[str, object]]:
    """What ``parsers check --json`` prints; its exit tells whether all are equal."""
    table = folder / "expected.csv"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([("tool", "file", "peer_finding_count"), *rows])
    done = CliRunner().invoke(parsers.application, ["check", str(folder), str(table), "--json"])
    found: list[dict[str, object]] = json.loads(done.stdout)
    assert [(row["tool"], row["file"], row["expected"]) for row in found] == list(rows)
    assert isinstance(done.exception, StageFailedError) != all(row["equal"] for row in found)
    return found


def write(folder: Path, **reports: object) -> None:
    for name, report in reports.items():
        (folder / f"{name}.json").write_text(
            report if isinstance(report, str) else json.dumps(report)
        )


def test_counts_are_compared_and_a_difference_is_told(tmp_path: Path) -> None:
    write(tmp_path, gosec=GOSEC)
    right, wrong = check(tmp_path, ("gosec", "gosec.json", 1), ("gosec", "gosec.json", 2))
    assert (right["count"], right["equal"], right["reason"]) == (1, True, None)
    assert (wrong["count"], wrong["equal"]) == (1, False)
    assert wrong["reason"] == "gosec reads 1 findings, 2 are expected"


def test_a_difference_on_purpose_says_what_is_counted(tmp_path: Path) -> None:
    write(tmp_path, stream="\n".join(map(json.dumps, STREAM)))
    (row,) = check(tmp_path, ("govulncheck", "stream.json", 1))
    assert row["count"] == 0
    assert "counted otherwise on purpose: advisories that apply to the module (docs/" in str(
        row["reason"]
    )


def test_a_tools_report_in_another_tools_format_is_read_as_that(tmp_path: Path) -> None:
    write(tmp_path, sarif=SARIF)
    rows = check(tmp_path, ("snyk", "sarif.json", 2), ("a tool of nobody", "sarif.json", 2))
    assert [row["equal"] for row in rows] == [True, True]


def test_what_cannot_be_read_takes_no_other_report_with_it(tmp_path: Path, monkeypatch) -> None:
    write(tmp_path, gosec=GOSEC, broken='{"Issues": [', sarif=SARIF)

    def fault(_: Document) -> None:
        raise KeyError("found")

    monkeypatch.setattr(gosec, "read", fault)
    rows = check(
        tmp_path, ("gosec", "gosec.json", 1), ("gosec", "broken.json", 1),
        ("snyk", "missing.json", 1), ("sarif", "sarif.json", 2),
    )  # fmt: skip
    assert [row["count"] for row in rows] == [None, None, None, 2]
    reasons = [str(row["reason"]) for row in rows]
    assert reasons[0] == "gosec.json: the reader failed (KeyError: 'found'); please report this"
    assert "missing.json" in reasons[2]


@pytest.mark.parametrize(
    "table", ["tool,file\ngosec,a.json\n", "tool,file,peer_finding_count\ngosec,a.json,many\n"]
)
def test_a_table_that_is_none_is_a_usage_error(tmp_path: Path, table: str) -> None:
    (tmp_path / "expected.csv").write_text(table)
    done = CliRunner().invoke(
        parsers.application, ["check", str(tmp_path), str(tmp_path / "expected.csv")]
    )
    assert isinstance(done.exception, UsageError)
    assert "expected.csv:" in str(done.exception)


def test_every_difference_on_purpose_is_argued_in_the_docs() -> None:
    argued = " ".join((ROOT / "docs" / "parsers.md").read_text(encoding="utf-8").split())
    counting = {
        one.NAME: one.COUNTING for one in FORMATS.values() if isinstance(one, CountsOtherwise)
    }
    assert "govulncheck" in counting
    assert [name for name, words in counting.items() if words not in argued] == []
