"""The golden lives of findings: scans written as parts, loaded one after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.triage import TriageDecision

A = ("kept", "goes")
B = ("kept", "comes")
STATES = "SELECT identity, state FROM finding_lifecycle ORDER BY identity"
OPEN = "SELECT identity FROM open_findings ORDER BY identity"


@pytest.fixture
def scanned(write, record, at) -> Callable[..., None]:
    """Commit a scan that ended in a minute, with what it found."""

    def _scanned(minute: int, found: tuple[str, ...], outcome: str = "completed") -> None:
        of = {"tool": "gosec", "scope": "services/menu", "revision": "r"}
        write(
            f"scan/gosec/services/menu@r/{minute}",
            record(Scan, outcome=outcome, finished_at=at(minute), **of),
            *(record(Finding, identity=one, severity="high", **of) for one in found),
            outcome=Outcome(outcome),
        )

    return _scanned


@pytest.fixture
def states(query) -> Callable[[], dict[object, object]]:
    return lambda: {row["identity"]: row["state"] for row in query(STATES)}


def changes(query) -> dict[str, int]:
    rows = query("SELECT change, sum(findings) AS n FROM finding_changes GROUP BY change")
    return {str(row["change"]): int(row["n"]) for row in rows}


def test_the_same_again_is_untouched(scanned, states, query) -> None:
    scanned(0, A)
    assert states() == {"goes": "new", "kept": "new"}
    scanned(1, A)
    assert states() == {"goes": "untouched", "kept": "untouched"}
    assert changes(query) == {"new": 2}


def test_one_gone_and_one_come_is_one_fixed_and_one_new(scanned, states, query) -> None:
    scanned(0, A)
    scanned(1, B)
    assert states() == {"comes": "new", "goes": "fixed", "kept": "untouched"}
    assert changes(query) == {"new": 3, "fixed": 1}


def test_what_comes_back_is_reactivated_and_keeps_its_first_seen(
    scanned, states, query, at
) -> None:
    scanned(0, A)
    scanned(1, B)
    states()
    scanned(2, A)
    assert states() == {"comes": "fixed", "goes": "reactivated", "kept": "untouched"}
    [back] = query("SELECT * FROM finding_lifecycle WHERE identity = 'goes'")
    assert (back["first_seen"], back["opened_at"]) == (at(0), at(2))
    assert (back["last_seen"], back["fixed_at"], back["scans"]) == (at(2), None, 2)


@pytest.mark.parametrize("outcome", ["failed", "partial", "not_run"])
def test_a_scan_without_a_whole_answer_in_between_changes_nothing(
    outcome, scanned, states, query
) -> None:
    scanned(0, A)
    scanned(1, (), outcome)
    assert states() == {"goes": "new", "kept": "new"}
    scanned(2, B)
    scanned(3, (), outcome)
    assert states() == {"comes": "new", "goes": "fixed", "kept": "untouched"}
    scanned(4, A)
    assert states() == {"comes": "fixed", "goes": "reactivated", "kept": "untouched"}
    assert changes(query) == {"new": 3, "fixed": 2, "reactivated": 1}


def test_an_accepted_risk_expires_and_is_open_again(
    scanned, write, record, query, home, at
) -> None:
    scanned(0, A)
    write(
        "triage/x",
        record(TriageDecision, state="accepted", identity="goes", expires_at=at(60)),
    )
    query("SELECT 1")
    for minute, still_open in ((59, ["kept"]), (60, ["goes", "kept"])):
        with HistoryReader(home).connect() as connection:
            naive = at(minute).replace(tzinfo=None)
            connection.execute(f"SET VARIABLE asked_at = TIMESTAMP '{naive}'")
            assert [one for (one,) in connection.execute(OPEN).fetchall()] == still_open
            issues = "SELECT issue FROM issues WHERE is_open ORDER BY issue"
            assert [one for (one,) in connection.execute(issues).fetchall()] == still_open
            states = "SELECT DISTINCT state FROM finding_lifecycle"
            assert connection.execute(states).fetchall() == [("new",)]


def test_the_same_part_again_changes_nothing(scanned, query) -> None:
    everything = "SELECT * FROM finding_lifecycle ORDER BY identity"
    scanned(0, A)
    scanned(1, B)
    before = query(everything)
    scanned(1, B)
    scanned(0, A)
    assert query(everything) == before
