from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import govulncheck
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import findings_of
from coffee_pipeline.tools.reported import ReadReport
from coffee_pipeline.tools.vulndb import count_advisories, database_folder, database_url


def database(folder: Path, advisories: int = 1) -> Path:
    (folder / "index").mkdir(parents=True)
    listed = [
        {"id": f"GO-2026-{n:04}", "modified": "2026-01-05T00:00:00Z"} for n in range(advisories)
    ]
    modules = [{"path": "stdlib", "vulns": listed}, {"path": "example.test/lib", "vulns": listed}]
    (folder / "index" / "modules.json").write_text(json.dumps(modules if advisories else []))
    (folder / "index" / "db.json").write_text('{"modified":"2026-01-05T00:00:00Z"}')
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Target:
    url = database(tmp_path / "db", 3).as_uri()
    return Target(
        checkout=Path("/src"), module="services/menu", revision="r", packages_listed=2,
        settings={"vulndb": url},
    )  # fmt: skip


def config(url: str, modified: str = "2026-01-05T00:00:00Z") -> dict[str, Any]:
    return {"config": {"protocol_version": "v1.0.0", "scanner_version": "v1.9.0", "db": url,
                       "scanner_name": "govulncheck", "db_last_modified": modified}}  # fmt: skip


SBOM = {"SBOM": {"go_version": "go1.26.8", "roots": ["m/a", "m/b"]}}
OSV = {"osv": {"id": "GO-2026-0001", "aliases": ["GHSA-x", "CVE-2026-1"], "summary": "It leaks"}}


def finding(*frames: dict[str, Any], osv: str = "GO-2026-0001") -> dict[str, Any]:
    return {"finding": {"osv": osv, "fixed_version": "v1.2.0", "trace": list(frames)}}


MODULE = {"module": "example.test/lib", "version": "v1.1.0"}
PACKAGE = {**MODULE, "package": "example.test/lib/p"}
CALLED = {**PACKAGE, "function": "Leak", "position": {"filename": "p.go", "line": 3}}
CALLER = {
    "module": "example.test/menu", "package": "example.test/menu/a", "function": "main",
    "position": {"filename": "/src/services/menu/a/main.go", "line": 7},
}  # fmt: skip


def stream(*messages: dict[str, Any], indent: int | None = 2) -> bytes:
    return "\n".join(json.dumps(message, indent=indent) for message in messages).encode()


def run(target: Target, stdout: bytes, words: str = "", code: int = 0, **more: Any) -> Report:
    output = Output(
        command=Command(argv=("govulncheck",), timeout_seconds=5), exit_code=code, stdout=stdout,
        stderr=words.encode(), started_at=datetime.now(UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return govulncheck.parse(target, output, "v1.9.0")


def scan(report: Report) -> Scan:
    (found,) = [record for record in report.records if isinstance(record, Scan)]
    return found


def findings(report: Report) -> list[Finding]:
    return [record for record in report.records if isinstance(record, Finding)]


def test_one_finding_for_all_levels_of_an_advisory(target: Target) -> None:
    content = stream(
        config(target.settings["vulndb"]), SBOM, OSV,
        finding(MODULE), finding(PACKAGE), finding(CALLED, CALLER),
    )  # fmt: skip
    report = run(target, content)
    assert report.outcome is Outcome.COMPLETED
    (found,) = findings(report)
    assert (found.rule, found.component, found.reachable) == (
        "GO-2026-0001", "example.test/lib", True,
    )  # fmt: skip
    assert (found.severity, found.severity_source) == ("high", "reachability")
    assert (found.component_version, found.fixed_version) == ("v1.1.0", "v1.2.0")
    assert found.aliases == "CVE-2026-1,GHSA-x"
    assert (found.path, found.line) == ("services/menu/a/main.go", 7)
    assert (found.scope, found.kind) == ("services/menu", "dependency")
    assert found.detail == "example.test/menu/a.main calls example.test/lib/p.Leak"
    assert (scan(report).database_entries, scan(report).packages_scanned) == (3, 2)
    assert scan(report).database_date == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(("frame", "severity"), [(PACKAGE, "medium"), (MODULE, "low")])
def test_what_is_not_called_is_not_reachable(
    target: Target, frame: dict[str, Any], severity: str
) -> None:
    report = run(target, stream(config(target.settings["vulndb"]), SBOM, OSV, finding(frame)))
    (found,) = findings(report)
    assert (found.reachable, found.severity) == (False, severity)


def test_the_advisorys_own_severity_comes_first(target: Target) -> None:
    advisory = {"osv": {**OSV["osv"], "database_specific": {"severity": "CRITICAL"}}}
    content = stream(config(target.settings["vulndb"]), SBOM, advisory, finding(MODULE))
    (found,) = findings(run(target, content))
    assert (found.severity, found.severity_source) == ("critical", "advisory")


def test_its_other_formats_are_read_as_any_of_them() -> None:
    driver = {"driver": {"name": "govulncheck", "rules": [{"id": "GO-2026-0001"}]}}
    result = {"ruleId": "GO-2026-0001", "level": "error", "message": {"text": "It is called"}}
    log = {"version": "2.1.0", "runs": [{"tool": driver, "results": [result]}]}
    statement = {
        "vulnerability": "GO-2026-0001",
        "products": ["pkg:golang/m"],
        "status": "affected",
    }
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [statement]}
    for value in (log, document):
        report = govulncheck.read(Document(json.dumps(value).encode(), "report.json"))
        assert [found.rule for found in report.findings] == ["GO-2026-0001"]


def test_a_clean_run_has_positive_evidence(target: Target) -> None:
    report = run(target, stream(config(target.settings["vulndb"]), SBOM))
    assert (report.outcome, scan(report).findings) == (Outcome.COMPLETED, 0)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([{"SBOM": {"roots": []}}], "no package"),
        ([], "no package"),
    ],
)
def test_without_packages_it_did_not_run(target: Target, messages: list[Any], reason: str) -> None:
    report = run(target, stream(config(target.settings["vulndb"]), *messages))
    assert report.outcome is Outcome.NOT_RUN
    assert reason in str(report.reason)
    assert scan(report).findings is None


def test_fewer_packages_than_listed_is_partial(target: Target) -> None:
    sbom = {"SBOM": {"roots": ["m/a"]}}
    report = run(target, stream(config(target.settings["vulndb"]), sbom))
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, "1 of 2 packages were analysed")


def test_a_database_without_a_date_is_not_clean(target: Target) -> None:
    content = stream(config("https://db.test", "0001-01-01T00:00:00Z"), SBOM)
    assert run(target, content).outcome is Outcome.NOT_RUN


def test_an_empty_or_absent_database_is_an_obstacle(tmp_path: Path, target: Target) -> None:
    def obstacle(url: str) -> str | None:
        return govulncheck.obstacle(
            Target(checkout=tmp_path, module=".", revision="r", settings={"vulndb": url})
        )

    assert govulncheck.obstacle(target) is None
    assert "lists no advisory" in str(obstacle(database(tmp_path / "empty", 0).as_uri()))
    assert "is not there" in str(obstacle((tmp_path / "gone").as_uri()))
    assert obstacle("https://vuln.go.dev") is None


@pytest.mark.parametrize(
    ("words", "outcome", "reason"),
    [
        ("creating client: stat /db: no such file", Outcome.NOT_RUN, "database cannot be read"),
        ("govulncheck: no packages matched the provided patterns", Outcome.NOT_RUN, "no packages"),
        (
            "govulncheck: loading packages: \nThere are errors with the provided package "
            "patterns:\n\n/src/main.go:3:15: undefined: x\n\nFor details on package patterns, see",
            Outcome.FAILED,
            "does not compile: /src/main.go:3:15: undefined: x",
        ),
        ("", Outcome.FAILED, "exit code 1"),
    ],
)
def test_failures_say_why(target: Target, words: str, outcome: Outcome, reason: str) -> None:
    report = run(target, stream(config(target.settings["vulndb"])), words, code=1)
    assert report.outcome is outcome
    assert reason in str(report.reason)
    assert scan(report).findings is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"not json",
        b'{"config": 1}',
        stream(config("x"), {"finding": {"osv": "GO-1"}}),
        stream(config("x"), {"osv": {}}),
        stream(config("x"), SBOM)[:-3],
    ],
)
def test_broken_reports_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        govulncheck.read(Document(content, "report.json"))


LEVELS = [finding(MODULE), finding(PACKAGE), finding(CALLED, CALLER)]
OTHER = finding(MODULE, osv="GO-2026-0002")


@settings(deadline=None)  # a busy machine is no fault
@given(st.permutations([*LEVELS, OTHER]), st.sampled_from([None, 1]))
def test_order_and_format_do_not_change_findings(messages, indent) -> None:
    place = Target(checkout=Path("/src"), module="services/menu", revision="r")
    content = stream(config("https://db.test"), SBOM, OSV, *messages, indent=indent)
    read = govulncheck.read(Document(content, "report"))
    found, _ = findings_of(
        govulncheck.NAME, govulncheck.KIND, govulncheck.IDENTITY, read.findings, place
    )
    assert [(f.rule, f.reachable) for f in found] == [
        ("GO-2026-0001", True), ("GO-2026-0002", False),
    ]  # fmt: skip
    assert len({f.identity for f in found}) == 2


def test_database_settings(tmp_path: Path) -> None:
    assert database_url("https://vuln.go.dev", tmp_path) == "https://vuln.go.dev"
    url = database_url("my db", tmp_path)
    assert url.startswith("file://")
    assert database_folder(url) == (tmp_path / "my db").resolve()
    assert database_folder("https://vuln.go.dev") is None


@pytest.mark.parametrize("index", ["", "[", "{}", "[1]", '[{"vulns": 1}]', '[{"vulns":[{}]}]'])
def test_a_broken_index_counts_nothing(tmp_path: Path, index: str) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "modules.json").write_text(index)
    assert count_advisories(tmp_path) == 0


def test_advisories_are_counted_once(tmp_path: Path) -> None:
    assert count_advisories(database(tmp_path / "db", 5)) == 5


OLD = {"scanner_version": "v1.0.1", "scanner_name": "govulncheck", "db": "https://db.test",
       "db_last_modified": "2026-01-05T00:00:00Z"}  # fmt: skip
NAMED = {"osv": {**OSV["osv"], "affected": [{"package": {"name": "example.test/lib"}}]}}


def read_list(*messages: dict[str, Any]) -> ReadReport:
    document = Document(json.dumps(messages).encode(), "report.json")
    assert govulncheck.recognises(document)
    return govulncheck.read(document)


def test_messages_in_a_list_are_read_alike() -> None:
    report = read_list({"config": OLD}, NAMED, finding(MODULE), finding(CALLED, CALLER))
    (found,) = report.findings
    assert (found.rule, found.component, found.reachable) == (
        "GO-2026-0001", "example.test/lib", True,
    )  # fmt: skip
    assert report.outcome is Outcome.PARTIAL
    assert "does not say which packages" in str(report.reason)


@pytest.mark.parametrize("line", [0, -1, True, 1 << 70, "seven", None, {}])
def test_a_line_that_is_none_leaves_the_finding_without_one(line: object) -> None:
    caller = {**CALLER, "position": {"filename": "a/main.go", "line": line}}
    (found,) = read_list({"config": OLD}, NAMED, finding(CALLED, caller)).findings
    assert (found.path, found.line) == ("a/main.go", None)


def test_an_advisory_alone_counts_only_where_old_scanners_named_it() -> None:
    (found,) = read_list({"config": OLD}, NAMED).findings
    assert (found.component, found.reachable) == ("example.test/lib", False)
    assert not read_list({"config": {**OLD, "scanner_version": "v1.1.4"}}, NAMED).findings
    assert not read_list({"config": OLD}, SBOM, NAMED).findings
