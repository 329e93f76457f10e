"""Findings out again, and the security report, over a small history of scans."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import plotly.graph_objects
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.model.triage import Exploitation, TriageDecision
from coffee_pipeline.reports.findings import COLUMNS, findings_csv, findings_json, findings_page
from coffee_pipeline.reports.findings_sarif import sarif_document
from coffee_pipeline.reports.findings_vex import vex_document
from coffee_pipeline.reports.page import Page, Tone, summary
from coffee_pipeline.reports.render import to_html, to_markdown
from coffee_pipeline.reports.security import security_json, security_page
from coffee_pipeline.reports.security_facts import findings_report
from coffee_pipeline.reports.sweep_digest import sweep_digest
from coffee_pipeline.tools import cyclonedx, sarif
from coffee_pipeline.tools.document import Document
from tests.coffee_pipeline.reports.browser import DESKTOP, PHONE, show

HOSTILE = "=cmd|'/c calc'!A1 <script>alert(1)</script>"
TIMES = {"started_at", "finished_at"}


def record(kind: type, /, **fields: Any) -> Any:
    return kind(**{**dict.fromkeys(one.name for one in dataclasses.fields(kind)), **fields})


class Scans:
    """Writes the scans of nights before the report is made."""

    def __init__(self, home: Home, now: datetime) -> None:
        self.home = home
        self.now = now

    def put(self, key: str, *records: Any) -> None:
        HistoryWriter(self.home).write(
            Evidence(materialization=key, outcome=Outcome.COMPLETED, records=records)
        )

    def scan(
        self, night: int, tool: str, scope: str, *found: dict[str, Any],
        outcome: str = "completed", **about: Any,
    ) -> None:  # fmt: skip
        at = self.now - timedelta(days=night)
        of = {"tool": tool, "scope": scope, "revision": "r" * 40, **about}
        texts = {"kind": "sast", "severity": "high", "severity_source": "tool", "title": "t"}
        scan = record(
            Scan, outcome=outcome, started_at=at, finished_at=at, tool_version="v1.0.0",
            reason=None if outcome == "completed" else "no database", **of,
        )  # fmt: skip
        findings = [record(Finding, **{**texts, **of, **one}) for one in found]
        key = f"scan/{tool}/{scope}@r/night-{night}"
        self.put(key, scan, *findings)
        self.put(
            f"sweep/night-{night}/{tool}/{scope}",
            record(SweepScan, sweep_id=f"night-{night}", materialization_of_scan=key, tool=tool,
                   scope=scope, outcome=outcome),
        )  # fmt: skip

    def sweep(self, night: int, scans: int, completed: int, previous: int | None) -> None:
        at = self.now - timedelta(days=night)
        self.put(
            f"sweep/night-{night}",
            Sweep(sweep_id=f"night-{night}", platform="shop", revision="r" * 40,
                  outcome="completed" if scans == completed else "partial",
                  reason=None if scans == completed else "trivy not run", scans=scans,
                  completed=completed, previous_completed=previous, attempts=1,
                  started_at=at - timedelta(minutes=1), finished_at=at),
        )  # fmt: skip


VULNERABLE = {
    "rule": "GO-2024-1", "identity": "v", "kind": "dependency", "severity": "critical",
    "component": "a.test/b", "component_version": "v1.0.0", "aliases": "CVE-2024-1111",
    "fixed_version": "v1.0.1", "reachable": True, "title": "Overflow", "cwe": "CWE-787",
    "cvss_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "cvss_score": 9.8,
}  # fmt: skip
INJECTION = {
    "rule": "G201", "identity": "i", "title": HOSTILE, "path": "cmd/a b.go", "line": 3,
}  # fmt: skip
ACCEPTED = {
    "rule": "CVE-2024-2222", "identity": "n", "kind": "dependency", "severity": "medium",
    "component": "c.test/d", "title": "Slow",
}  # fmt: skip


@pytest.fixture
def history(home: Home, now: datetime) -> HistoryReader:
    """Ten nights ago and now: one fixed, one new, one old, one accepted, one not checked."""
    scans = Scans(home, now)
    menu = {"service": "menu"}
    gone = {"rule": "G101", "identity": "g", "severity": "critical", "title": "Key"}
    scans.scan(10, "govulncheck", ".", VULNERABLE, ACCEPTED, **menu)
    scans.scan(10, "gosec", ".", gone, **menu)
    scans.sweep(10, 2, 2, None)
    trivy = {**VULNERABLE, "rule": "CVE-2024-1111", "aliases": None, "identity": "t"}
    scans.scan(0, "govulncheck", ".", VULNERABLE, ACCEPTED, **menu)
    scans.scan(0, "trivy", "image:menu", trivy, **menu)
    scans.scan(0, "gosec", ".", INJECTION, **menu)
    scans.scan(0, "grype", "image:menu", outcome="not_run", **menu)
    scans.sweep(0, 4, 3, 2)
    scans.put(
        "triage/shop",
        record(TriageDecision, source="triage", file="triage.yaml", state="accepted",
               reason="behind a proxy", author="ada", vulnerability="CVE-2024-2222",
               expires_at=now + timedelta(days=1)),
        record(Exploitation, vulnerability="CVE-2024-1111", known_exploited=True),
    )  # fmt: skip
    reader = HistoryReader(home)
    reader.refresh()
    return reader


def document(content: Any) -> Document:
    return Document(json.dumps(content).encode(), "out")


def test_issues_are_counted_once_with_their_witnesses(history, now) -> None:
    said = findings_json(findings_report(history, "shop", now))
    assert [(one["issue"], one["tools"], len(one["seen_by"])) for one in said["issues"]] == [
        ("CVE-2024-1111 in a.test/b", "govulncheck, trivy", 2), ("i", "gosec", 1),
    ]  # fmt: skip
    assert (said["not_checked"], said["coverage"]) == (1, "3 of 4 scans gave a whole answer.")
    everything = findings_json(findings_report(history, "shop", now, everything=True))
    assert {one["issue"]: one["state"] for one in everything["issues"]}["g"] == "fixed"
    assert findings_json(findings_report(history, "shop", now, "other"))["issues"] == []
    json.dumps(everything)


def test_sarif_out_is_sarif_in(history, now) -> None:
    log = sarif_document(findings_report(history, "shop", now, everything=True))
    read = sarif.read(document(log))
    assert {one.rule for one in read.findings if one.suppressed is None} == {
        "GO-2024-1", "CVE-2024-1111", "G201",
    }  # fmt: skip
    runs = {run["tool"]["driver"]["name"]: run for run in log["runs"]}
    assert runs["grype"]["results"] == []
    [invocation] = runs["grype"]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "no database" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    states = {one["ruleId"]: one["baselineState"] for one in runs["gosec"]["results"]}
    assert states == {"G201": "new", "G101": "absent"}
    [injection] = [one for one in runs["gosec"]["results"] if one["ruleId"] == "G201"]
    place = injection["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "cmd/a%20b.go"


def test_vex_out_is_valid_and_says_what_was_decided(history, now) -> None:
    content = vex_document(findings_report(history, "shop", now, everything=True))
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(content))
    assert problem is None, problem
    states = {one["id"]: one["analysis"]["state"] for one in content["vulnerabilities"]}
    assert states == {"CVE-2024-1111": "exploitable", "CVE-2024-2222": "exploitable"}
    [accepted] = [one for one in content["vulnerabilities"] if one["id"] == "CVE-2024-2222"]
    assert accepted["analysis"]["response"] == ["will_not_fix"]
    assert {one.rule for one in cyclonedx.read(document(content)).findings} == set(states)
    [missing] = content["metadata"]["properties"]
    assert missing["value"] == "grype of image:menu: not_run: no database"


def test_csv_has_a_line_for_each_issue_and_no_formula(history, now) -> None:
    text = findings_csv(findings_report(history, "shop", now))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["title"][:5] for row in rows] == ["Overf", "'=cmd"]


@pytest.fixture
def page(history: HistoryReader, now: datetime) -> Page:
    return security_page(history, "shop", now)


def test_numbers_are_those_of_the_facts(history, page: Page, now) -> None:
    numbers = summary(page)
    assert (numbers["open"], numbers["open critical"], numbers["open high"]) == (2, 1, 1)
    assert (numbers["past due"], numbers["scans"], numbers["not checked"]) == (1, 4, 1)
    assert numbers["critical mean hours to fix"] == 240
    assert numbers["high median hours to fix"] == "no data"
    said = security_json(history, "shop", now)
    assert said["numbers"] == numbers
    assert said["ages"]["critical"]["7 to 30 days"] == 1
    json.dumps(said)


def test_the_page_says_what_was_not_checked_and_runs_nothing(page: Page) -> None:
    html, markdown = to_html(page), to_markdown(page)
    assert "<script>alert" not in html
    assert "| grype | image:menu | ▲ not run | no database | never |" in markdown
    assert "Service menu" in html
    tables = [table for section in page.sections for table in section.tables]
    for table in tables:
        assert {len(row) for row in table.rows} <= {len(table.columns)}
    figures = [figure for section in page.sections for figure in section.figures]
    assert len(figures) == 3
    for figure in figures:
        plain = json.loads(json.dumps(figure.traces))
        for trace in plain:
            trace["marker"].pop("color")
        plotly.graph_objects.Figure({"data": plain})


@pytest.mark.slow
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_browser_shows_it_without_complaint(page: Page, width: int, tmp_path: Path) -> None:
    shown = show(to_html(page), tmp_path, width)
    assert shown.console == []
    assert (shown.width, shown.sideways) == (width, 0), "the page is wider than the screen"
    assert shown.drawn > 0


def test_without_scans_nothing_is_said_to_be_good(empty_history, now) -> None:
    page = security_page(empty_history, "shop", now)
    assert summary(page)["open"] == "no data"
    tiles = [tile for section in page.sections for tile in section.tiles]
    assert all(tile.tone is not Tone.GOOD for tile in tiles)
    assert "nothing was ever scanned" in to_markdown(page)
    assert "Nothing was ever scanned" in to_markdown(
        findings_page(findings_report(empty_history, "shop", now))
    )


def test_the_digest_has_what_is_new_and_what_is_past_due_each_once(history) -> None:
    told = sweep_digest(history, "shop", "night-0")
    assert told is not None
    assert told.title == "shop security: 1 new (1 high), 1 past due (1 critical)"
    assert [line.split(":")[0] for line in told.lines] == [
        "not checked", "past due by 3 days", "new",
    ]  # fmt: skip
    first = sweep_digest(history, "shop", "night-10")
    assert first is not None
    assert "past due" in first.title
