"""Service levels, time to fix, changes and coverage, as views on a small history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.sweep import SweepScan
from coffee_pipeline.model.triage import SlaPolicy, TriageDecision

HOUR, DAY = 60, 24 * 60


@pytest.fixture
def scanned(write, record, at) -> Callable[..., None]:
    """Commit a scan that ended in a minute, with identities and severities of what it found."""

    def _scanned(
        minute: int, outcome: str = "completed", tool: str = "gosec", **found: str
    ) -> None:
        of = {"tool": tool, "scope": "services/menu", "revision": "r"}
        write(
            f"scan/{tool}/menu@r/{minute}",
            record(Scan, outcome=outcome, finished_at=at(minute), **of),
            *(
                record(Finding, identity=name, severity=severity, kind="sast", **of)
                for name, severity in found.items()
            ),
            outcome=Outcome(outcome),
        )

    return _scanned


@pytest.fixture
def asked(home, query, at) -> Callable[..., list[tuple[Any, ...]]]:
    def _asked(sql: str, minute: int) -> list[tuple[Any, ...]]:
        query("SELECT 1")
        return HistoryReader(home).answer(sql, (), at(minute)).rows

    return _asked


STATUS = "SELECT identity, status, hours_allowed FROM finding_sla ORDER BY identity"


def test_time_allowed_runs_from_first_seen_and_is_the_platforms_to_set(
    scanned, asked, write, record
) -> None:
    scanned(0, a="critical", b="high", c="info")
    assert asked(STATUS, 7 * DAY) == [
        ("a", "open", 168), ("b", "open", 720), ("c", "open", None),
    ]  # fmt: skip
    assert asked(STATUS, 7 * DAY + 1)[0] == ("a", "past_due", 168)
    write("triage/x", record(SlaPolicy, platform="x", severity="critical", hours=24.0),
          record(SlaPolicy, platform="x", severity="high", hours=None))  # fmt: skip
    assert asked(STATUS, DAY + 1) == [
        ("a", "past_due", 24), ("b", "open", None), ("c", "open", None),
    ]  # fmt: skip


def test_what_was_fixed_in_time_is_met_and_later_is_breached(scanned, asked, at) -> None:
    scanned(0, a="critical", b="critical")
    scanned(2 * DAY, b="critical")
    scanned(9 * DAY)
    assert [row[:2] for row in asked(STATUS, 10 * DAY)] == [("a", "met"), ("b", "breached")]
    [breached] = asked("SELECT identity, breached_at FROM finding_sla WHERE status = 'breached'",
                       10 * DAY)  # fmt: skip
    assert breached == ("b", at(7 * DAY))
    rows = asked("SELECT * FROM security_mttr WHERE severity IN ('critical', 'high')", 10 * DAY)
    assert rows == [("critical", 2, 132.0, 132.0, 1), ("high", 0, None, None, 0)]


def test_a_decision_stops_the_clock_while_it_holds(scanned, asked, write, record, at) -> None:
    scanned(0, a="critical")
    write(
        "triage/x", record(TriageDecision, state="accepted", identity="a", expires_at=at(9 * DAY))
    )
    assert asked(STATUS, 8 * DAY)[0][1] == "accepted"
    assert asked(STATUS, 9 * DAY)[0][1] == "past_due"


def test_changes_are_given_to_the_sweep_that_found_them(scanned, asked, write, record) -> None:
    scanned(0, a="high", b="high")
    scanned(HOUR, b="high", c="high")
    scanned(2 * HOUR, "failed")
    scanned(3 * HOUR, a="high", b="high", c="high")
    write(
        "sweep/n",
        record(SweepScan, sweep_id="n", materialization_of_scan=f"scan/gosec/menu@r/{HOUR}"),
    )
    rows = asked("SELECT sweep, new, reactivated, fixed FROM finding_deltas ORDER BY sweep",
                 DAY)  # fmt: skip
    assert rows == [("n", 1, 0, 1), (None, 2, 1, 0)]


def test_coverage_tells_the_latest_scan_and_when_one_last_completed(scanned, asked, at) -> None:
    scanned(0)
    scanned(HOUR, "not_run")
    scanned(HOUR, "partial", tool="trivy")
    sql = "SELECT tool, outcome, checked, last_completed_at, age_hours FROM scan_coverage"
    assert asked(sql, 3 * HOUR) == [
        ("gosec", "not_run", False, at(0), 2.0), ("trivy", "partial", False, None, 2.0),
    ]  # fmt: skip
