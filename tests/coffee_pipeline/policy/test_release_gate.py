"""The release gate: each rule, the overall verdict, and what no evidence may ever do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision, GateRule
from coffee_pipeline.model.outcome import BuildOutcome, Outcome, Severity, Verdict
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.platform.description import GateSettings
from coffee_pipeline.policy.error_budget import Budget
from coffee_pipeline.policy.release_gate import RULES, GateEvidence, decide

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
SETTINGS = GateSettings()
BUILD = Build(
    service="orders", module="services/orders", package="./cmd/orders", revision="a" * 40,
    outcome="built", detail=None, digest="sha256:1", size_bytes=1, go_version="go1.26",
    started_at=NOW, duration_seconds=1,
)  # fmt: skip
ARTIFACT = Artifact(
    service="orders", revision="a" * 40, kind="binary", digest="sha256:1",
    media_type="application/octet-stream", path="x", size_bytes=1,
)  # fmt: skip
TESTS = ModuleTestRun(
    module="services/orders", revision="a" * 40, outcome="ok", detail=None, packages=2, passed=9,
    failed=0, skipped=0, timed_out=0, panicked=0, statements=100, covered_statements=90,
    coverage_percent=90.0, coverage_complete=True, race_detector=False, started_at=NOW,
    duration_seconds=1,
)  # fmt: skip


def scan(tool: str, outcome: str = "completed", reason: str | None = None) -> Scan:
    return Scan(
        tool=tool, tool_version="1", scope="services/orders", service=None, environment=None,
        image_digest=None, revision="a" * 40, outcome=outcome, reason=reason, findings=0,
        packages_scanned=2, files_scanned=3, lines_scanned=40, checks_run=None,
        database_date=None, database_entries=None, started_at=NOW, finished_at=NOW,
    )  # fmt: skip


def finding(severity: str, title: str = "SQL from input") -> Finding:
    return Finding(
        tool="gosec", rule="G201", identity="1", kind="sast", severity=severity,
        severity_source="gosec", title=title, scope="services/orders", service=None,
        environment=None, image_digest=None, revision="a" * 40, path="a.go", line=3,
        resource=None, cwe=None, aliases=None, cvss_vector=None, cvss_score=None, component=None,
        component_version=None, fixed_version=None, reachable=None, confidence=None,
        suppressed=None, reference=None, detail=None,
    )  # fmt: skip


CLEAN = GateEvidence(
    build=BUILD,
    artifacts=(ARTIFACT,),
    test_run=TESTS,
    scans=(scan("gosec"), scan("govulncheck")),
    open_findings=(),
    required_tools=("gosec", "govulncheck"),
    budgets=(Budget("orders-availability", 0.25, None, "99 % of its period measured"),),
)


def decided(
    evidence: GateEvidence, settings: GateSettings = SETTINGS
) -> tuple[GateDecision, dict[str, GateRule]]:
    decision, rules = decide("orders", "a" * 40, settings, evidence, NOW)
    return decision, {rule.rule: rule for rule in rules}


def test_complete_clean_evidence_passes() -> None:
    decision, rules = decided(CLEAN)
    assert (decision.verdict, decision.reason) == ("passed", "7 of 7 rules passed")
    assert list(rules) == list(RULES)
    assert {rule.verdict for rule in rules.values()} == {"passed"}
    assert all(rule.actual and rule.required and rule.evidence for rule in rules.values())


def test_no_evidence_at_all_is_not_evaluated() -> None:
    decision, rules = decided(GateEvidence(None, (), None, (), (), ()))
    assert decision.verdict == Verdict.NOT_EVALUATED
    assert {rule.verdict for rule in rules.values()} == {"not_evaluated"}


CASES = [
    ("build_succeeded", {"build": replace(BUILD, outcome="compile_failed")}, "failed"),
    ("build_succeeded", {"build": replace(BUILD, outcome="not_run")}, "not_evaluated"),
    ("build_succeeded", {"build": None}, "not_evaluated"),
    ("artifact_present", {"artifacts": ()}, "not_evaluated"),
    ("artifact_present", {"artifacts": (replace(ARTIFACT, digest="sha256:2"),)}, "failed"),
    ("artifact_present", {"artifacts": (replace(ARTIFACT, kind="sbom"),)}, "not_evaluated"),
    ("tests_passed", {"test_run": replace(TESTS, failed=1)}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, timed_out=1, outcome="timed_out")}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, panicked=1, outcome="panicked")}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, outcome="did_not_compile")}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, outcome="vet_failed")}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, outcome="a new outcome")}, "failed"),
    ("tests_passed", {"test_run": replace(TESTS, outcome="no_tests", passed=0)}, "not_evaluated"),
    ("tests_passed", {"test_run": replace(TESTS, outcome="tool_failed")}, "not_evaluated"),
    ("tests_passed", {"test_run": replace(TESTS, passed=0, skipped=9)}, "not_evaluated"),
    ("tests_passed", {"test_run": None}, "not_evaluated"),
    ("coverage_minimum", {"test_run": replace(TESTS, coverage_percent=80.0)}, "failed"),
    ("coverage_minimum", {"test_run": replace(TESTS, coverage_percent=80.1)}, "passed"),
    ("coverage_minimum", {"test_run": replace(TESTS, coverage_percent=None)}, "not_evaluated"),
    ("coverage_minimum", {"test_run": replace(TESTS, coverage_complete=False)}, "not_evaluated"),
    ("no_open_critical_or_high", {"open_findings": (finding("high"),)}, "failed"),
    ("no_open_critical_or_high", {"open_findings": (finding("critical"),), "scans": ()}, "failed"),
    ("no_open_critical_or_high", {"open_findings": (finding("medium"),)}, "passed"),
    ("no_open_critical_or_high", {"scans": (scan("gosec"),)}, "not_evaluated"),
    ("no_open_critical_or_high", {"required_tools": ()}, "not_evaluated"),
    ("scans_completed", {"scans": (scan("gosec"), scan("govulncheck", "partial"))},
     "not_evaluated"),
    ("scans_completed", {"scans": (*CLEAN.scans, scan("gosec", "failed"))}, "passed"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "change", "verdict"), CASES)
def test_rules(rule: str, change: dict[str, object], verdict: str) -> None:
    decision, rules = decided(replace(CLEAN, **change))
    assert rules[rule].verdict == verdict
    assert decision.verdict == (
        "failed"
        if any(one.verdict == "failed" for one in rules.values())
        else ("passed" if verdict == "passed" else "not_evaluated")
    )
    if verdict != "passed":
        assert rule in decision.reason
        assert "\n" not in decision.reason


def test_every_test_outcome_that_is_not_ok_is_no_pass() -> None:
    for outcome in ("dependency_missing", "no_packages", "not_run", "timed_out"):
        _, rules = decided(replace(CLEAN, test_run=replace(TESTS, outcome=outcome)))
        assert rules["tests_passed"].verdict != "passed", outcome


def test_the_worst_finding_is_named_in_one_line() -> None:
    found = (finding("high", "b"), finding("critical", "many\nlines"))
    decision, rules = decided(replace(CLEAN, open_findings=found))
    assert rules["no_open_critical_or_high"].actual == (
        "2 open, worst critical gosec G201: many lines"
    )
    assert "\n" not in decision.reason


def test_the_reason_of_a_missing_scan_is_kept() -> None:
    scans = (scan("gosec"), scan("govulncheck", "not_run", "database not reachable"))
    _, rules = decided(replace(CLEAN, scans=scans))
    assert rules["scans_completed"].actual == "govulncheck: not_run (database not reachable)"


def test_missing_evidence_blocks_only_where_it_is_set() -> None:
    lenient = GateSettings(missing_evidence_blocks=False)
    decision, rules = decided(replace(CLEAN, scans=()), lenient)
    assert decision.verdict == "passed"
    assert "not evaluated and not blocking: no_open_critical_or_high" in decision.reason
    assert not rules["scans_completed"].blocking
    assert rules["tests_passed"].blocking


def test_the_platform_chooses_the_severities_and_the_floor() -> None:
    strict = GateSettings(blocking_severities=("low",), coverage_minimum_percent=95)
    _, rules = decided(replace(CLEAN, open_findings=(finding("low"), finding("high"))), strict)
    assert rules["no_open_critical_or_high"].verdict == "failed"
    assert rules["coverage_minimum"].verdict == "failed"
    assert rules["coverage_minimum"].required == "> 95 % of statements"


builds = st.none() | st.builds(
    lambda outcome, digest: replace(BUILD, outcome=outcome.value, digest=digest),
    st.sampled_from(list(BuildOutcome)), st.sampled_from([None, "sha256:1", "sha256:2"]),
)  # fmt: skip
test_runs = st.none() | st.builds(
    lambda outcome, passed, failed, coverage, complete: replace(
        TESTS, outcome=outcome, passed=passed, failed=failed, coverage_percent=coverage,
        coverage_complete=complete,
    ),
    st.sampled_from(["ok", "failed", "no_tests", "timed_out", "not_run"]),
    st.integers(0, 3), st.integers(0, 1), st.none() | st.floats(0, 100), st.booleans(),
)  # fmt: skip
evidence = st.builds(
    GateEvidence,
    build=builds,
    artifacts=st.sampled_from([(), (ARTIFACT,)]),
    test_run=test_runs,
    scans=st.lists(
        st.builds(
            scan, st.sampled_from(["gosec", "govulncheck"]),
            st.sampled_from([one.value for one in Outcome]),
        ), max_size=4,
    ).map(tuple),
    open_findings=st.lists(
        st.builds(finding, st.sampled_from([one.value for one in Severity])), max_size=3
    ).map(tuple),
    required_tools=st.sampled_from([(), ("gosec",), ("gosec", "govulncheck")]),
)  # fmt: skip


@given(evidence, st.booleans())
def test_a_critical_finding_never_helps(given_evidence: GateEvidence, blocks: bool) -> None:
    settings = GateSettings(missing_evidence_blocks=blocks)
    worse = replace(
        given_evidence, open_findings=(*given_evidence.open_findings, finding("critical"))
    )
    assert decided(worse, settings)[0].verdict == "failed"


@given(evidence, st.data())
def test_taking_evidence_away_never_makes_a_pass(
    given_evidence: GateEvidence, data: st.DataObject
) -> None:
    before = decided(given_evidence)[0].verdict
    nothing = {"build": None, "artifacts": (), "test_run": None, "scans": ()}
    taken = data.draw(st.sets(st.sampled_from(sorted(nothing)), min_size=1))
    after = decided(replace(given_evidence, **{name: nothing[name] for name in taken}))[0].verdict
    assert after != "passed"
    assert before in {"passed", "failed", "not_evaluated"}


@given(evidence)
def test_passed_means_that_every_rule_passed(given_evidence: GateEvidence) -> None:
    decision, rules = decided(given_evidence)
    assert (decision.verdict == "passed") == all(
        rule.verdict == "passed" for rule in rules.values()
    )
