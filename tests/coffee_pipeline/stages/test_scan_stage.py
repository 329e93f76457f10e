"""Real scanners over a tiny module; the advisory is of a made-up flaw in the standard library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.scan import scan_module
from coffee_pipeline.stages.scanner import REQUIRED_TOOLS
from coffee_pipeline.toolbox.toolbox import Toolbox

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

FLAWED = """package main

import (
	"crypto/md5"
	"fmt"
	"net/url"
)

func main() {
	fmt.Println(md5.Sum([]byte("a")))
	fmt.Println(url.Parse("a"))
}
"""
FILES = {
    "go.mod": "module a.test\n\ngo 1.22\n",
    "cmd/a/main.go": FLAWED,
    "inner/go.mod": "module b.test\n\ngo 1.22\n",
    "inner/main.go": FLAWED,
    "broken/go.mod": "module c.test\n\ngo 1.22\n",
    "broken/main.go": "package main\n\nfunc main() { nope() }\n",
    "empty/go.mod": "module d.test\n\ngo 1.22\n",
}
ADVISORY = {
    "schema_version": "1.3.1", "id": "GO-2026-9001", "modified": "2026-01-05T00:00:00Z",
    "published": "2026-01-05T00:00:00Z", "aliases": ["CVE-2026-9001"],
    "summary": "Parsing is made up to be unsafe in net/url", "details": "A test advisory.",
    "affected": [{
        "package": {"name": "stdlib", "ecosystem": "Go"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "99.0.0"}]}],
        "ecosystem_specific": {"imports": [{"path": "net/url", "symbols": ["Parse"]}]},
    }],
}  # fmt: skip


def write_database(folder: Path, advisories: list[dict[str, object]]) -> None:
    (folder / "index").mkdir(parents=True)
    (folder / "ID").mkdir()
    index = [{"id": a["id"], "modified": a["modified"], "fixed": "99.0.0"} for a in advisories]
    modules = [{"path": "stdlib", "vulns": index}] if index else []
    (folder / "index" / "modules.json").write_text(json.dumps(modules))
    (folder / "index" / "db.json").write_text('{"modified": "2026-01-05T00:00:00Z"}')
    (folder / "index" / "vulns.json").write_text(json.dumps(index))
    for advisory in advisories:
        (folder / "ID" / f"{advisory['id']}.json").write_text(json.dumps(advisory))


@pytest.fixture
def delivery(deliver, tmp_path: Path):
    write_database(tmp_path / "vulndb", [ADVISORY])
    return deliver(FILES).platform(vulndb=str(tmp_path / "vulndb"))


def of(evidence, record_type):
    return [record for record in evidence.records if isinstance(record, record_type)]


@pytest.mark.slow
def test_gosec_finds_weak_hashing_once_in_its_innermost_module(delivery) -> None:
    outer = scan_module(delivery.context, ".", "gosec").evidence
    inner = scan_module(delivery.context, "inner", "gosec").evidence
    assert outer.outcome is inner.outcome is Outcome.COMPLETED
    assert outer.materialization == f"scan/gosec/.@{delivery.context.revision}"
    rules = {finding.rule for finding in of(outer, Finding)}
    assert {"G401", "G501"} <= rules
    assert {finding.path for finding in of(outer, Finding)} == {"cmd/a/main.go"}
    assert {finding.path for finding in of(inner, Finding)} == {"inner/main.go"}
    (scan,) = of(outer, Scan)
    assert (scan.files_scanned, scan.packages_scanned) == (1, 1)
    assert scan.tool_version == "v2.30.0"
    (run,) = of(outer, ToolRun)
    assert (run.stage, run.tool, run.scope) == ("scan", "gosec", ".")
    assert scan_module(delivery.context, ".", "gosec").reused


@pytest.mark.slow
def test_govulncheck_proves_the_call(delivery) -> None:
    evidence = scan_module(delivery.context, ".", "govulncheck").evidence
    assert (evidence.outcome, evidence.reason) == (Outcome.COMPLETED, None)
    (scan,) = of(evidence, Scan)
    assert (scan.findings, scan.database_entries, scan.packages_scanned) == (1, 1, 1)
    (finding,) = of(evidence, Finding)
    assert (finding.rule, finding.component, finding.aliases) == (
        "GO-2026-9001", "stdlib", "CVE-2026-9001",
    )  # fmt: skip
    assert finding.reachable
    assert (finding.path, finding.line) == ("cmd/a/main.go", 11)


@pytest.mark.slow
@pytest.mark.parametrize("tool", REQUIRED_TOOLS)
def test_modules_that_cannot_be_analysed_are_never_clean(delivery, tool: str) -> None:
    broken = scan_module(delivery.context, "broken", tool).evidence
    assert broken.outcome in (Outcome.FAILED, Outcome.PARTIAL)
    assert "undefined: nope" in str(broken.reason)
    empty = scan_module(delivery.context, "empty", tool).evidence
    assert empty.outcome is Outcome.NOT_RUN
    assert empty.reason
    (scan,) = of(empty, Scan)
    assert scan.findings is None


def test_an_empty_database_is_not_asked(delivery, tmp_path: Path) -> None:
    write_database(tmp_path / "nothing", [])
    changed = delivery.platform(vulndb=str(tmp_path / "nothing"))
    evidence = scan_module(changed.context, ".", "govulncheck").evidence
    assert evidence.outcome is Outcome.NOT_RUN
    assert "lists no advisory" in str(evidence.reason)
    assert not of(evidence, ToolRun)


def test_a_scanner_that_cannot_be_had_is_not_run(
    delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    alone = delivery.again(toolbox=Toolbox(delivery.context.home))
    evidence = scan_module(alone.context, ".", "gosec").evidence
    assert evidence.outcome is Outcome.NOT_RUN
    assert "cannot be built" in str(evidence.reason)
    assert "no static security analysis" in str(evidence.reason)
    (scan,) = of(evidence, Scan)
    assert (scan.outcome, scan.findings) == ("not_run", None)


def test_a_module_that_is_not_there_is_not_run(delivery) -> None:
    evidence = scan_module(delivery.context, "gone", "gosec").evidence
    assert evidence.outcome is Outcome.NOT_RUN
    assert "no go.mod" in str(evidence.reason)
