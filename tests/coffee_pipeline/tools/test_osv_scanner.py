from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import osv_scanner
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document

REPORT = Path(__file__).parent / "recordings" / "scanners" / "osv-scanner.json"
FOUND = "Scanned /src/services/menu/go.mod file and found 12 packages\n"
CLEAN = b'{"results": [], "experimental_config": {}}'


def database(folder: Path, advisories: int = 2, below: str = "osv-scalibr") -> str:
    archive = folder / below / "Go" / "all.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as content:
        for number in range(advisories):
            content.writestr(f"GO-2026-{number:04}.json", "{}")
    return str(folder)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    module = tmp_path / "src" / "services" / "menu"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module example.test/menu\n")
    return Target(
        checkout=tmp_path / "src", module="services/menu", revision="r",
        settings={"osv_database": database(tmp_path / "db")},
    )  # fmt: skip


def run(target: Target, stdout: bytes, words: str = FOUND, code: int = 0, **more: Any) -> Report:
    command = osv_scanner.command(target, Path("/bin/osv-scanner"))
    output = Output(
        command=replace(command, timeout_seconds=5), exit_code=code, stdout=stdout,
        stderr=words.encode(), started_at=datetime.now(UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return osv_scanner.parse(target, output, "2.6.0")


def scan(report: Report) -> Scan:
    (found,) = [record for record in report.records if isinstance(record, Scan)]
    return found


def findings(report: Report) -> list[Finding]:
    return [record for record in report.records if isinstance(record, Finding)]


def recorded(target: Target) -> bytes:
    text = REPORT.read_text()
    return text.replace("/src/services/menu", target.folder.as_posix()).encode()


def test_it_reads_go_mod_and_nothing_of_the_network(target: Target) -> None:
    command: Command = osv_scanner.command(target, Path("/bin/osv-scanner"))
    assert command.argv == (
        "/bin/osv-scanner", "scan", "source", "--format", "json", "--offline",
        "--local-db-path", target.settings["osv_database"], "--lockfile", "go.mod",
    )  # fmt: skip
    assert (command.cwd, command.answers) == (target.folder, frozenset({0, 1}))


def test_findings_of_a_module(target: Target) -> None:
    report = run(target, recorded(target), code=1)
    assert report.outcome is Outcome.COMPLETED
    first, second, licence = findings(report)
    assert (first.rule, first.component, first.component_version, first.fixed_version) == (
        "GO-2026-0001", "example.test/lib", "1.1.0", "1.2.0",
    )  # fmt: skip
    assert (first.severity, first.severity_source, first.reachable) == ("high", "CVSS", False)
    assert (first.path, first.cwe, first.aliases) == (
        "services/menu/go.mod", "CWE-400", "CVE-2026-1000",
    )  # fmt: skip
    assert first.reference == "https://example.test/advisory"
    assert (second.severity, second.severity_source, second.reachable) == (
        "medium", "advisory", None,
    )  # fmt: skip
    assert (licence.rule, licence.kind) == ("licence AGPL-3.0", FindingKind.COMPLIANCE)
    assert (scan(report).packages_scanned, scan(report).database_entries) == (12, 2)


def test_a_clean_run_has_positive_evidence(target: Target) -> None:
    report = run(target, CLEAN)
    assert (report.outcome, scan(report).findings) == (Outcome.COMPLETED, 0)
    silent = run(target, CLEAN, words="")
    assert silent.outcome is Outcome.PARTIAL
    assert "how many packages" in str(silent.reason)


@pytest.mark.parametrize(
    ("code", "words", "outcome", "reason"),
    [
        (128, "No package sources found", Outcome.NOT_RUN, "go.mod names no package"),
        (127, "could not load db\n", Outcome.FAILED, "exit code 127: could not load db"),
        (130, "", Outcome.FAILED, "exit code 130: it says nothing"),
        (-9, "", Outcome.FAILED, "signal 9"),
    ],
)
def test_what_exit_codes_mean(
    target: Target, code: int, words: str, outcome: Outcome, reason: str
) -> None:
    report = run(target, recorded(target), words, code)  # 127 prints its report all the same
    assert report.outcome is outcome
    assert reason in str(report.reason)
    assert scan(report).findings is None


def test_a_report_that_names_nothing_of_what_was_found_failed(target: Target) -> None:
    assert run(target, CLEAN, code=1).outcome is Outcome.FAILED


def test_an_empty_report_is_no_answer(target: Target) -> None:
    report = osv_scanner.read(Document(b"\n", "report.json"))
    assert (report.outcome, report.findings) == (Outcome.NOT_RUN, [])
    assert run(target, b"").outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("beside", ["experimental_config", "image_metadata", "license_summary"])
def test_a_report_without_results_is_told_by_what_stands_beside_them(beside: str) -> None:
    def recognised(**value: Any) -> bool:
        return osv_scanner.recognises(Document(json.dumps(value).encode(), "report.json"))

    assert recognised(results=[])
    assert recognised(results=[], **{beside: {}})
    assert not recognised(results=[], errors=[])


def test_what_stands_in_its_way(target: Target, tmp_path: Path) -> None:
    def obstacle(**settings: str) -> str:
        return str(osv_scanner.obstacle(replace(target, settings=settings)))

    assert osv_scanner.obstacle(target) is None
    assert obstacle() == "no OSV database is configured"
    assert "there is no OSV database" in obstacle(osv_database=str(tmp_path))
    misplaced = database(tmp_path / "old", below="osv-scanner")
    assert "there is no OSV database" in obstacle(osv_database=misplaced)
    assert "lists no advisory" in obstacle(osv_database=database(tmp_path / "empty", 0))
    broken = database(tmp_path / "broken")
    (Path(broken) / "osv-scalibr" / "Go" / "all.zip").write_bytes(b"x")
    assert "cannot be read" in obstacle(osv_database=broken)
    assert "no go.mod" in str(osv_scanner.obstacle(replace(target, module=".")))


def test_a_database_that_was_emptied_meanwhile_proves_nothing(target: Target) -> None:
    archive = Path(target.settings["osv_database"]) / "osv-scalibr" / "Go" / "all.zip"
    archive.unlink()
    report = run(target, CLEAN)
    assert (report.outcome, scan(report).findings) == (Outcome.NOT_RUN, None)


@pytest.mark.parametrize("highest", ["9.8", 9.8])
def test_a_severity_that_the_scanner_derived(highest: object) -> None:
    value = json.loads(REPORT.read_text())
    package = value["results"][0]["packages"][0]
    package["vulnerabilities"][0]["severity"] = []
    package["groups"][0]["max_severity"] = highest
    report = osv_scanner.read(Document(json.dumps(value).encode(), "report.json"))
    assert report.findings[0].severity is Severity.CRITICAL


def test_output_that_is_no_report_is_refused(target: Target) -> None:
    with pytest.raises(ParseError, match="osv_scanner output"):
        run(target, b"{}")
