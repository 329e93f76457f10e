"""Triage of a repository: read at the head of its branch, counted by the history's views."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.triage import decisions_if_sound, triage
from coffee_pipeline.stages.workspace import checkout_of
from coffee_pipeline.toolbox.toolbox import Toolbox

START = datetime(2026, 3, 1, tzinfo=UTC)
PLATFORM = {
    "name": "shop",
    "modules": [{"path": "."}],
    "services": [{"name": "menu", "module": "."}],
    "security": {"sla_hours": {"critical": 24, "low": None}, "epss": "epss.csv", "kev": "kev.json"},
}
TRIAGE = """
version: 1
decisions:
  - {rule: G304, path: "cmd/**", state: false_positive, reason: own files, author: ada}
"""
VEX = {
    "@context": "https://openvex.dev/ns/v0.2.0", "author": "Ada",
    "timestamp": "2026-03-01T00:00:00Z",
    "statements": [
        {"vulnerability": {"name": "GO-2024-1"}, "status": "not_affected",
         "justification": "component_not_present",
         "products": [{"@id": "pkg:oci/menu",
                       "subcomponents": [{"@id": "pkg:golang/a.test/b@v1.0.0"}]}]},
    ],
}  # fmt: skip


@pytest.fixture
def context(home: Home, tmp_path: Path, git_folder) -> Callable[..., StageContext]:
    (tmp_path / "epss.csv").write_text("cve,epss,percentile\nCVE-2024-7777,0.5,0.9\n")
    (tmp_path / "kev.json").write_text('{"vulnerabilities": [{"cveID": "CVE-2024-7777"}]}')
    folder = git_folder("shop")
    first = folder.commit({"go.mod": "module shop.test\n"})

    def _context(**files: str) -> StageContext:
        named = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
        if named:
            folder.commit(named)
        repository = Repository(folder.path)
        return StageContext(
            platform=Platform.model_validate(PLATFORM),
            base=tmp_path,
            repository=folder.path,
            revision=first,
            delivery="d",
            home=home,
            toolbox=Toolbox(home),
            history=HistoryReader(home),
            checkout=checkout_of(home, repository, first),
        )

    return _context


def empty(record_type: type, **fields: object):
    """A record of the given fields."""
    filled = dict.fromkeys((one.name for one in dataclasses.fields(record_type)), None)
    times = {"started_at": START, "finished_at": START} if record_type is Scan else {}
    texts = {"kind": "sast", "severity": "high", "severity_source": "tool", "title": "t"}
    return record_type(**{**filled, **(texts if record_type is Finding else times), **fields})


def test_decisions_of_the_branch_hold_although_an_older_commit_is_delivered(context, home) -> None:
    made = triage(context(triage_yaml=TRIAGE, vex__a_json=json.dumps(VEX), vex__b_json="[]"))
    assert [one.outcome for one in made] == [Outcome.COMPLETED, Outcome.COMPLETED]
    assert [one.reason for one in made] == ["2 decisions", "2 vulnerabilities with scores"]
    assert [one.materialization for one in made] == ["triage/shop", "priorities/shop"]
    for one in made:
        HistoryWriter(home).write(one)
    history = HistoryReader(home)
    history.refresh()
    hours = {row["severity"]: row["hours"] for row in history.query("SELECT * FROM sla_policy")}
    assert hours == {"critical": 24, "high": 720, "medium": 2160, "low": None, "info": None}


def test_one_issue_of_many_witnesses_is_decided_and_sorted(context, home) -> None:
    for one in triage(context(vex__a_json=json.dumps(VEX))):
        HistoryWriter(home).write(one)
    shared = {
        "kind": "dependency", "severity": "high", "component": "a.test/b", "service": "menu",
        "component_version": "v1.0.0",
    }  # fmt: skip
    seen = [
        ("govulncheck", ".", "GO-2024-1", "CVE-2024-1", {}),
        ("trivy", "image:menu", "CVE-2024-1", "GHSA-aaaa-bbbb-1111", {}),
        ("snyk", ".", "SNYK-GOLANG-1", "CVE-2024-7777, CWE-79", {"severity": "low"}),
        ("grype", "image:menu", "CVE-2024-7777", None, {"severity": "medium"}),
        ("grype", "image:other", "CVE-2024-7777", None, {"service": "other"}),
    ]
    for tool, scope, rule, aliases, more in seen:
        scan = empty(Scan, tool=tool, scope=scope, outcome="completed", revision="r")
        found = empty(Finding, tool=tool, scope=scope, rule=rule, aliases=aliases, revision="r",
                      identity=f"{tool} {rule}", **{**shared, **more})  # fmt: skip
        key = f"scan/{tool}/{scope}@r"
        HistoryWriter(home).write(
            Evidence(materialization=key, outcome=Outcome.COMPLETED, records=(scan, found))
        )
    history = HistoryReader(home)
    history.refresh()
    rows = history.query(
        "SELECT issue, service, witnesses, tools, severity, is_open, decision, known_exploited, "
        "epss_score FROM issues"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("CVE-2024-7777 in a.test/b", "other", 1, "grype", "high", True, None, True, 0.5),
        ("CVE-2024-7777 in a.test/b", "menu", 2, "grype, snyk", "medium", True, None, True, 0.5),
        ("CVE-2024-1 in a.test/b", "menu", 2, "govulncheck, trivy", "high", False,
         "not_affected", None, None),
    ]  # fmt: skip


def test_a_broken_file_is_named_and_a_missing_one_decides_nothing(context) -> None:
    assert [one.reason for one in triage(context())] == [
        "0 decisions",
        "2 vulnerabilities with scores",
    ]
    with pytest.raises(ConfigurationError, match=r"triage.yaml:1: version: missing"):
        triage(context(triage_yaml="decisions: []\n"))


def test_without_the_branch_the_delivered_commit_is_read(context) -> None:
    here = context(triage_yaml=TRIAGE)
    away = here.platform.model_copy(update={"branch": "gone"})
    assert "0 decisions" in str(triage(replace(here, platform=away))[0].reason)


def test_a_gate_has_todays_decisions_and_keeps_yesterdays_where_a_file_is_broken(
    context, home
) -> None:
    def decided() -> list[str]:
        history = HistoryReader(home)
        history.refresh()
        return [row["state"] for row in history.query("SELECT state FROM triage_decisions")]

    found = decisions_if_sound(context(triage_yaml=TRIAGE))
    assert found is not None
    HistoryWriter(home).write(found)
    before = decided()
    assert len(before) == 1
    said: list[str] = []
    broken = replace(context(triage_yaml="decisions: []\n"), report=said.append)
    assert decisions_if_sound(broken) is None
    assert "read before are used: triage.yaml:1: version: missing" in said[0]
    assert decided() == before
    nothing = decisions_if_sound(context(triage_yaml=None))
    assert nothing is not None
    HistoryWriter(home).write(nothing)
    assert decided() == []
