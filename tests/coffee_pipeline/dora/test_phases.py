"""Where the lead time of changes went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.phases import MILESTONES, PHASES, Passed, phases

COMMITTED = datetime(2026, 3, 2, 9, tzinfo=UTC)
DEPLOYED = {"d1": "c2"}


def change(revision: str = "c2", minutes: float = 60) -> DeliveredChange:
    """A change of orders that reached production some minutes after its commit."""
    return DeliveredChange(
        service="orders", revision=revision, subject="", committed_at=COMMITTED,
        deployed_at=COMMITTED + timedelta(minutes=minutes), deployment_id="d1",
        lead_time=minutes * 60,
    )  # fmt: skip


def passed(milestone: str, minutes: float, revision: str = "c2") -> Passed:
    return Passed("orders", revision, milestone, COMMITTED + timedelta(minutes=minutes))


def minutes_of(milestones: list[Passed], changes: list[DeliveredChange]) -> dict[str, float | None]:
    return {
        one.name: one.spread.median / 60 if one.spread else None
        for one in phases(changes, milestones, DEPLOYED)
    }


def test_the_phases_are_between_the_milestones_of_the_deployed_revision() -> None:
    milestones = [passed("built", 10), passed("tested", 30), passed("scanned", 35),
                  passed("staged", 50), passed("built", 1, "c1")]  # fmt: skip
    assert minutes_of(milestones, [change("c1")]) == dict(
        zip(PHASES, [10, 20, 5, 15, 10], strict=True)
    )


def test_a_phase_without_one_of_its_ends_has_no_length() -> None:
    milestones = [passed("built", 10), passed("scanned", 35), passed("staged", 50)]
    assert minutes_of(milestones, [change()]) == dict(
        zip(PHASES, [10, None, None, 15, 10], strict=True)
    )
    assert minutes_of([], [change()]) == dict.fromkeys(PHASES)


def test_the_last_time_before_the_deployment_ended_counts() -> None:
    milestones = [passed("built", 10), passed("built", 20), passed("built", 61)]
    assert minutes_of(milestones, [change()])["commit to built"] == 20
    assert minutes_of(milestones, [change(minutes=15)])["commit to built"] == 10
    assert minutes_of(milestones, [change(minutes=5)])["commit to built"] is None


@given(st.lists(st.floats(-30, 60), min_size=len(MILESTONES), max_size=len(MILESTONES)))
def test_phases_of_known_milestones_add_up_to_the_lead_time(at: list[float]) -> None:
    milestones = [passed(*each) for each in zip(MILESTONES, at, strict=True)]
    lengths = list(minutes_of(milestones, [change()]).values())
    assert all(one is not None and one >= 0 for one in lengths)
    assert abs(sum(one or 0 for one in lengths) - 60) < 1e-6
