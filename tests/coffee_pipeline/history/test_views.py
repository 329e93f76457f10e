"""Every view on rows: the facts go straight into an empty database in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.history.derivation import derive_all
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.history.tables import KEY_COLUMN, TABLES, columns
from coffee_pipeline.model.build import Build
from coffee_pipeline.model.compliance import ComplianceScore, PolicyResult
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision, GateRule
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.source import Revision, ServiceRevision
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.model.test import TestCase as Case


class Facts:
    """Rows in a database that forgets them when the test ends."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, record: Callable[..., Any]) -> None:
        self._connection = connection
        self._record = record

    def add(self, key: str, record_type: type, **fields: object) -> None:
        record = self._record(record_type, **fields)
        names = [column.name for column in columns(record_type)]
        row = {KEY_COLUMN: key, **{name: getattr(record, name) for name in names}}
        self._connection.execute(
            f"INSERT INTO {TABLES[record_type]} ({', '.join(row)}) "
            f"VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        derive_all(self._connection)
        return self._connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def database():
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        current_schema().apply(connection)
        yield connection


@pytest.fixture
def facts(database, record):
    database.execute("BEGIN")
    yield Facts(database, record)
    database.execute("ROLLBACK")


# --- findings


def scan(facts: Facts, at, minute: int, outcome: str = "completed", found: str = "",
         severity: str = "high", **fields) -> None:  # fmt: skip
    """A scan that ended in a minute and reported the identities in ``found``."""
    key = f"scan/{fields.get('tool', 'x')}/{fields.get('scope', 'x')}@{minute}"
    fields["revision"] = f"r{minute}"
    facts.add(key, Scan, outcome=outcome, finished_at=at(minute), **fields)
    for identity in found:
        facts.add(key, Finding, identity=identity, title=f"in {minute}", severity=severity,
                  **fields)  # fmt: skip


STATES = "SELECT identity, state FROM finding_lifecycle ORDER BY ALL"


def test_a_problem_is_new_then_untouched_then_fixed_then_reactivated(facts, at) -> None:
    for minute, (found, state) in enumerate(
        [("a", "new"), ("a", "untouched"), ("", "fixed"), ("a", "reactivated"), ("a", "untouched")]
    ):
        scan(facts, at, minute, found=found)
        assert facts.rows(STATES) == [("a", state)], minute
    [life] = facts.rows(
        "SELECT first_seen, last_seen, fixed_at, scans, first_revision, last_revision, title "
        "FROM finding_lifecycle"
    )
    naive = [at(minute).replace(tzinfo=None) for minute in range(5)]
    assert life == (naive[0], naive[4], None, 4, "r0", "r4", "in 4")


@pytest.mark.parametrize("outcome", ["failed", "partial", "not_run"])
def test_only_a_completed_scan_fixes(outcome, facts, at) -> None:
    scan(facts, at, 0, found="a")
    scan(facts, at, 1, outcome)
    assert facts.rows(STATES) == [("a", "new")]
    scan(facts, at, 2, found="a")
    assert facts.rows(STATES) == [("a", "untouched")]
    scan(facts, at, 3)
    scan(facts, at, 4, outcome)
    [fixed] = facts.rows("SELECT state, fixed_at FROM finding_lifecycle")
    assert fixed == ("fixed", at(3).replace(tzinfo=None))


def test_a_partial_scan_opens_and_reactivates(facts, at) -> None:
    scan(facts, at, 0, "partial", found="a")
    assert facts.rows(STATES) == [("a", "new")]
    scan(facts, at, 1)
    assert facts.rows(STATES) == [("a", "fixed")]
    scan(facts, at, 2, "partial", found="a")
    assert facts.rows(STATES) == [("a", "reactivated")]


@pytest.mark.parametrize("outcome", ["failed", "not_run"])
def test_what_a_failed_scan_reported_does_not_count(outcome, facts, at) -> None:
    scan(facts, at, 0, outcome, found="a")
    assert facts.rows(STATES) == []


def test_tools_and_scopes_have_lives_of_their_own(facts, at) -> None:
    scan(facts, at, 0, found="a", tool="gosec", scope="menu")
    scan(facts, at, 1, found="a", tool="trivy", scope="menu")
    scan(facts, at, 2, found="a", tool="gosec", scope="orders")
    scan(facts, at, 3, tool="gosec", scope="menu")
    assert facts.rows("SELECT tool, scope, state FROM finding_lifecycle ORDER BY ALL") == [
        ("gosec", "menu", "fixed"),
        ("gosec", "orders", "new"),
        ("trivy", "menu", "new"),
    ]


def test_a_problem_reported_twice_in_a_scan_is_one(facts, at) -> None:
    scan(facts, at, 0, found="aa")
    assert facts.rows("SELECT identity, scans FROM finding_lifecycle") == [("a", 1)]


def test_scans_count_in_the_order_they_ended_whenever_they_are_loaded(facts, at) -> None:
    scan(facts, at, 2)
    scan(facts, at, 1, found="a")
    assert facts.rows(STATES) == [("a", "fixed")]


def lives(scans: list[tuple[str, str]]) -> dict[str, tuple[str, int, int | None]]:
    """State, number of reports and the fixing scan of every identity: the rules, step by step."""
    known: dict[str, tuple[str, int, int | None]] = {}
    for number, (outcome, found) in enumerate(scans):
        if outcome not in ("completed", "partial"):
            continue
        for identity in set(found):
            state, times, _ = known.get(identity, ("", 0, None))
            after = {"": "new", "fixed": "reactivated"}.get(state, "untouched")
            known[identity] = (after, times + 1, None)
        if outcome == "completed":
            for identity, (state, times, _) in known.items():
                if identity not in found and state != "fixed":
                    known[identity] = ("fixed", times, number)
    return known


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["completed", "completed", "partial", "failed", "not_run"]),
            st.text("abc", max_size=3),
        ),
        max_size=7,
    )
)
def test_lives_follow_the_rules_step_by_step(database, record, at, scans) -> None:
    database.execute("BEGIN")
    try:
        facts = Facts(database, record)
        for number, (outcome, found) in enumerate(scans):
            scan(facts, at, number, outcome, found)
        rows = facts.rows("SELECT identity, state, scans, fixed_at FROM finding_lifecycle")
        assert {identity: tuple(life) for identity, *life in rows} == {
            identity: (state, times, None if fixed is None else at(fixed).replace(tzinfo=None))
            for identity, (state, times, fixed) in lives(scans).items()
        }
    finally:
        database.execute("ROLLBACK")


def test_open_findings_are_those_not_fixed_most_severe_first(facts, at) -> None:
    scan(facts, at, 0, found="d", severity="low", tool="t1")
    scan(facts, at, 0, found="b", severity="critical", tool="t2")
    scan(facts, at, 0, found="c", severity="odd", tool="t3")
    scan(facts, at, 0, found="a", severity="high", tool="t4")
    scan(facts, at, 1, tool="t4")
    scan(facts, at, 2 * 24 * 60, found="d", severity="low", tool="t1")
    assert facts.rows("SELECT identity, severity, state, days_open FROM open_findings") == [
        ("b", "critical", "new", 0),
        ("d", "low", "untouched", 2),
        ("c", "odd", "new", 0),
    ]


# --- deployments


def deploy(facts: Facts, at, minute: int, revision: str, outcome: str, **fields) -> None:
    facts.add(f"deploy@{minute}", Deployment, deployment_id=f"d{minute}", revision=revision,
              outcome=outcome, finished_at=at(minute),
              **{"service": "menu", "environment": "production", "strategy": "canary", **fields},
              )  # fmt: skip


def test_what_runs_is_the_last_that_succeeded(facts, at) -> None:
    deploy(facts, at, 1, "one", "succeeded")
    deploy(facts, at, 2, "two", "succeeded")
    deploy(facts, at, 3, "three", "rolled_back")
    deploy(facts, at, 4, "four", "failed")
    deploy(facts, at, 5, "one", "succeeded", environment="staging")
    deploy(facts, at, 6, "five", "failed", service="orders")
    assert facts.rows(
        "SELECT service, environment, revision, deployment_id, unsuccessful_since "
        "FROM current_deployments ORDER BY ALL"
    ) == [("menu", "production", "two", "d2", 2), ("menu", "staging", "one", "d5", 0)]


def test_dora_counts_per_day_service_and_environment(facts, at) -> None:
    day = 24 * 60
    deploy(facts, at, 0, "a", "succeeded", strategy="initial")
    deploy(facts, at, 1, "b", "rolled_back")
    deploy(facts, at, 2, "c", "failed")
    deploy(facts, at, 3, "a", "succeeded", strategy="rollback")
    deploy(facts, at, 4, "a", "failed", strategy="rollback")
    deploy(facts, at, day - 1, "d", "succeeded")
    deploy(facts, at, day, "e", "succeeded")
    deploy(facts, at, day, "e", "succeeded", environment="staging")
    assert facts.rows(
        "SELECT day, environment, deployments, succeeded, failures, rollbacks, "
        "automatic_rollbacks FROM dora_daily ORDER BY ALL"
    ) == [
        (date(2026, 3, 1), "production", 4, 2, 1, 2, 1),
        (date(2026, 3, 2), "production", 1, 1, 0, 0, 0),
        (date(2026, 3, 2), "staging", 1, 1, 0, 0, 0),
    ]


def test_a_service_is_untouched_where_its_inputs_are_the_parents(facts, at) -> None:
    for name, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "c")):
        facts.add(name, Revision, platform="p", revision=name, parent=parent)
        if name != "d":
            digest = {"a": "x", "b": "x", "c": "y"}[name]
            facts.add(name, ServiceRevision, platform="p", revision=name, service="orders",
                      input_digest=digest, affected=True)  # fmt: skip
    for affected, service in ((True, "menu"), (False, "till")):
        facts.add("c", ServiceRevision, platform="p", revision="c", service=service,
                  input_digest="z", affected=affected)  # fmt: skip
    assert facts.rows("SELECT revision, service FROM untouched_services ORDER BY ALL") == [
        ("b", "orders"), ("c", "till"),
    ]  # fmt: skip


# --- service levels


def test_slo_status_is_the_latest_window(facts, at) -> None:
    level = {"service": "menu", "slo": "availability", "environment": "production"}
    facts.add("m@1", ServiceLevel, window_end=at(1), ratio=0.9, **level)
    facts.add("m@2", ServiceLevel, window_end=at(2), ratio=None, reason="no data", **level)
    facts.add("m@2", ServiceLevel, window_end=at(1), ratio=1.0, **{**level, "slo": "latency"})
    assert facts.rows("SELECT slo, ratio, reason FROM slo_status ORDER BY slo") == [
        ("availability", None, "no data"),
        ("latency", 1.0, None),
    ]


# --- tests


def test_run(facts: Facts, at, minute: int, **fields) -> str:
    key = f"test/{fields.get('module', 'menu')}@{minute}"
    facts.add(key, ModuleTestRun, started_at=at(minute),
              **{"module": "menu", "revision": f"r{minute}", **fields})  # fmt: skip
    return key


test_run.__test__ = False


def case(facts: Facts, key: str, name: str, seconds: float, outcome: str = "passed") -> None:
    facts.add(key, Case, module="menu", package="p", name=name, duration_seconds=seconds,
              outcome=outcome)  # fmt: skip


def test_durations_are_over_all_runs(facts, at) -> None:
    later = test_run(facts, at, 2)
    earlier = test_run(facts, at, 1)
    case(facts, later, "TestA", 3.0, "failed")
    case(facts, earlier, "TestA", 1.0)
    case(facts, earlier, "TestB", 0.0, "skipped")
    assert facts.rows(
        "SELECT name, runs, passed, skipped, not_passed, median_seconds, round(p95_seconds, 6), "
        "max_seconds, last_seconds FROM test_durations ORDER BY name"
    ) == [("TestA", 2, 1, 0, 1, 2.0, 2.9, 3.0, 3.0), ("TestB", 1, 0, 1, 0, 0.0, 0.0, 0.0, 0.0)]


def test_slowest_tests_are_those_of_the_latest_run(facts, at) -> None:
    earlier, later = test_run(facts, at, 1), test_run(facts, at, 2)
    case(facts, earlier, "TestOld", 100.0)
    case(facts, later, "TestFast", 1.0)
    case(facts, later, "TestSlow", 3.0)
    case(facts, later, "TestSlow/part", 2.9)
    assert facts.rows(
        "SELECT rank, name, revision, duration_seconds, share FROM slowest_tests"
    ) == [
        (1, "TestSlow", "r2", 3.0, 0.75),
        (2, "TestFast", "r2", 1.0, 0.25),
    ]


def test_tests_that_took_no_time_have_no_share(facts, at) -> None:
    case(facts, test_run(facts, at, 1), "TestA", 0.0)
    assert facts.rows("SELECT share FROM slowest_tests") == [(None,)]


def test_coverage_changes_between_complete_profiles_only(facts, at) -> None:
    for minute, (percent, complete) in enumerate(
        [(50.0, True), (10.0, False), (None, False), (60.0, True)]
    ):
        test_run(facts, at, minute, coverage_percent=percent, coverage_complete=complete)
    assert facts.rows("SELECT revision, coverage_percent, change_percent FROM coverage_trend") == [
        ("r0", 50.0, None),
        ("r1", 10.0, None),
        ("r2", None, None),
        ("r3", 60.0, 10.0),
    ]


# --- modules, gates, services


def test_module_status_joins_what_there_is(facts, at) -> None:
    build = {"module": "menu", "revision": "r"}
    scanned = {"scope": "menu", "revision": "r"}
    facts.add("b1", Build, package="a", outcome="compile_failed", started_at=at(0), **build)
    facts.add("b2", Build, package="a", outcome="built", started_at=at(1), **build)
    facts.add("b1", Build, package="b", outcome="timed_out", started_at=at(0), **build)
    facts.add("b1", Build, package="c", outcome="not_run", started_at=at(0), **build)
    test_run(facts, at, 0, revision="r", outcome="ok", passed=9)
    test_run(facts, at, 1, revision="r", outcome="failed", passed=3, failed=2, skipped=1,
             timed_out=4, panicked=5, coverage_percent=61.5, coverage_complete=False)  # fmt: skip
    for tool, outcome in [("gosec", "completed"), ("trivy", "not_run")]:
        facts.add(f"s/{tool}", Scan, tool=tool, outcome=outcome, finished_at=at(1), **scanned)
    facts.add("s/early", Scan, tool="gosec", outcome="failed", finished_at=at(0), **scanned)
    facts.add("s/other", Scan, tool="gosec", outcome="failed", scope="orders", revision="r")
    facts.add("s/image", Scan, tool="gosec", outcome="failed", scope="image:menu", revision="r")
    assert facts.rows("FROM module_status") == [
        ("menu", "r", "built, not_run, timed_out", 1, 1, 1, "failed", 3, 2, 1, 4, 5, 61.5, False,
         "gosec completed, trivy not_run", 1, 1),
        ("orders", "r", None, None, None, None, None, None, None, None, None, None, None, None,
         "gosec failed", 0, 1),
    ]  # fmt: skip


def test_gate_failures_are_of_the_latest_decision(facts, at) -> None:
    gate = {"gate": "release", "service": "menu", "revision": "r"}
    facts.add("g@0", GateDecision, verdict="failed", decided_at=at(0), **gate)
    facts.add("g@0", GateRule, rule="old", verdict="failed", **gate)
    facts.add("g@1", GateDecision, verdict="failed", decided_at=at(1), **gate)
    facts.add("g@1", GateRule, rule="coverage", verdict="failed", actual="10", **gate)
    facts.add("g@1", GateRule, rule="scans", verdict="not_evaluated", blocking=False, **gate)
    facts.add("g@1", GateRule, rule="tests", verdict="passed", **gate)
    other = {**gate, "service": "orders"}
    facts.add("g@2", GateDecision, verdict="passed", **other)
    facts.add("g@2", GateRule, rule="coverage", verdict="failed", blocking=False, **other)
    bare = {**gate, "service": "web"}
    facts.add("g@3", GateDecision, verdict="not_evaluated", decided_at=at(0), **bare)
    assert facts.rows(
        "SELECT service, rule, rule_verdict, blocking, actual, gate_verdict FROM gate_failures"
    ) == [
        ("menu", "coverage", "failed", True, "10", "failed"),
        ("menu", "scans", "not_evaluated", False, "x", "failed"),
        ("web", None, None, None, None, "not_evaluated"),
    ]


def stage(facts: Facts, at, minute: int, revision: str, name: str, step: str, outcome: str,
          verdict: str = "passed", reason: str | None = None) -> None:  # fmt: skip
    facts.add(f"{name}/{step}@{revision}/{minute}", StageRun, service="menu", platform="cafe",
              revision=revision, stage=name, step=step, outcome=outcome, verdict=verdict,
              reason=reason, started_at=at(minute), finished_at=at(minute + 1),
              delivery=f"d{minute}")  # fmt: skip


def test_service_status_is_the_worst_step_of_the_latest_revision(facts, at) -> None:
    stage(facts, at, 0, "old", "rollout", "canary", "completed")
    stage(facts, at, 1, "new", "build", "binary", "failed", reason="first try")
    stage(facts, at, 2, "new", "build", "binary", "completed")
    stage(facts, at, 3, "new", "build", "image", "not_run", "not_evaluated", "no tool")
    stage(facts, at, 4, "new", "build", "sbom", "partial", reason="half")
    stage(facts, at, 5, "new", "test", "results", "completed", "failed")
    gate = {"service": "menu", "revision": "new"}
    facts.add("g1", GateDecision, gate="release", verdict="failed", decided_at=at(1), **gate)
    facts.add("g2", GateDecision, gate="release", verdict="not_evaluated", decided_at=at(2), **gate)
    facts.add("g3", GateDecision, gate="build", verdict="passed", decided_at=at(2), **gate)
    deploy(facts, at, 1, "old", "succeeded")
    assert facts.rows(
        "SELECT revision, stage, outcome, verdict, reason, steps, gate_verdict, failed_gates, "
        "production_revision FROM service_status"
    ) == [
        ("new", "build", "not_run", "not_evaluated", "half; no tool", 3, "not_evaluated",
         "release", "old"),
        ("new", "test", "completed", "failed", None, 1, "not_evaluated", "release", "old"),
    ]  # fmt: skip


def test_a_service_that_was_never_deployed_has_no_production_revision(facts, at) -> None:
    stage(facts, at, 0, "new", "build", "binary", "completed")
    deploy(facts, at, 1, "new", "succeeded", environment="staging")
    assert facts.rows("SELECT production_revision, gate_verdict FROM service_status") == [
        (None, None)
    ]


# --- compliance


STATUS = "SELECT scope, service, percent, meets_minimum, reason, services FROM compliance_status"


def compliance(facts: Facts, at, minute: int, service: str | None, passed: int, of: int) -> None:
    facts.add(
        f"compliance/{service}@{minute}", ComplianceScore, platform="shop", service=service,
        percent=100 * passed / of if of else None, minimum_percent=90.0, passed_weight=passed,
        applicable_weight=of, evaluated_at=at(minute),
    )  # fmt: skip


def test_the_platforms_compliance_adds_up_the_latest_scores_of_its_services(facts, at) -> None:
    compliance(facts, at, 0, "menu", 1, 10)
    compliance(facts, at, 1, "menu", 10, 10)
    compliance(facts, at, 2, "orders", 80, 90)
    compliance(facts, at, 2, None, 0, 0)
    assert facts.rows(STATUS) == [
        ("platform", None, 90.0, False, None, 2),
        ("platform_policies", None, None, None, None, None),
        ("service", "menu", 100.0, True, None, None),
        ("service", "orders", 100 * 80 / 90, False, None, None),
    ]


def test_services_without_a_score_are_named_and_those_that_are_gone_do_not_count(facts, at) -> None:
    facts.add("source@r0", Revision, platform="shop", revision="r0", committed_at=at(0))
    facts.add("source@r1", Revision, platform="shop", revision="r1", committed_at=at(1))
    for revision, services in (("r0", ("old", "menu")), ("r1", ("menu", "orders", "new"))):
        for service in services:
            facts.add(f"source@{revision}", ServiceRevision, platform="shop", revision=revision,
                      service=service)  # fmt: skip
    compliance(facts, at, 1, "old", 0, 10)
    compliance(facts, at, 1, "menu", 10, 10)
    compliance(facts, at, 1, "orders", 0, 0)
    assert facts.rows(f"{STATUS} WHERE scope = 'platform'") == [
        ("platform", None, 100.0, True, "no score of: new, orders", 1)
    ]


def test_without_any_score_the_platform_meets_nothing(facts, at) -> None:
    compliance(facts, at, 0, "menu", 0, 0)
    assert facts.rows(f"{STATUS} WHERE scope = 'platform'") == [
        ("platform", None, None, None, "no score of: menu", 0)
    ]


def test_a_score_names_the_policies_that_are_not_met(facts, at) -> None:
    compliance(facts, at, 0, "menu", 5, 10)
    for policy, outcome in (("a", "failed"), ("b", "failed"), ("c", "not_evaluated"),
                            ("d", "passed")):  # fmt: skip
        facts.add("compliance/menu@0", PolicyResult, platform="shop", service="menu",
                  policy=policy, outcome=outcome)  # fmt: skip
    facts.add("compliance/menu@0", PolicyResult, service=None, policy="e", outcome="failed")
    [found] = facts.rows(
        "SELECT failed_policies, not_evaluated_policies FROM compliance_status "
        "WHERE service = 'menu'"
    )
    assert found == ("a, b", "c")
