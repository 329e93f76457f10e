from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import govulncheck
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

OSV = {
    "id": "GO-2026-0001", "aliases": ["CVE-2026-1"], "summary": "It leaks",
    "affected": [{"package": {"name": "example.test/lib"}}],
}  # fmt: skip


def graph(*calls: int, **more: Any) -> dict[str, Any]:
    return {
        "Calls": {"Functions": {}, "Entries": None},
        "Imports": {"Packages": {"1": {"Path": "example.test/menu"}}},
        "Requires": {"Modules": {"4": {"Path": "example.test/lib", "Version": "v1.1.0"}}},
        "Vulns": [
            {"OSV": OSV, "Symbol": f"Leak{n}", "ModPath": "example.test/lib",
             "CallSink": call, "ImportSink": 1, "RequireSink": 4}
            for n, call in enumerate(calls)
        ],
        **more,
    }  # fmt: skip


def read_graph(value: dict[str, Any]) -> ReadReport:
    document = Document(json.dumps(value).encode(), "report.json")
    assert govulncheck.recognises(document)
    return govulncheck.read(document)


def test_the_graphs_of_old_versions_are_read_by_advisory_and_module() -> None:
    report = read_graph(graph(0, 7))
    (found,) = report.findings
    assert (found.rule, found.component, found.component_version, found.reachable) == (
        "GO-2026-0001", "example.test/lib", "v1.1.0", True,
    )  # fmt: skip
    assert (report.outcome, report.packages_scanned) == (Outcome.PARTIAL, 1)
    assert not read_graph(graph(Vulns=None)).findings
    assert read_graph(graph(Imports={})).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("entries", [1, [1], [{}], [{"OSV": {"id": 1}}]])
def test_broken_graphs_are_refused(entries: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        read_graph(graph(Vulns=entries))


def test_severity_follows_reach_and_the_module_may_be_the_advisorys() -> None:
    value = graph(0)
    del value["Vulns"][0]["ModPath"]
    (imported,) = read_graph(value).findings
    assert (imported.severity, imported.component) == (Severity.MEDIUM, "example.test/lib")
    value["Vulns"][0]["ImportSink"] = 0
    assert read_graph(value).findings[0].severity is Severity.LOW
