from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.outcome import AnalysisPhase
from coffee_pipeline.rollout.analysis import (
    Limits,
    Pending,
    Tally,
    assess,
    step_limits,
    tally,
    worst,
)

S, F, U, E, R = (
    AnalysisPhase.SUCCESSFUL,
    AnalysisPhase.FAILED,
    AnalysisPhase.INCONCLUSIVE,
    AnalysisPhase.ERROR,
    AnalysisPhase.RUNNING,
)

# failure limit, consecutive success limit, count | failed, successful, in a row, measured | the end
ARGO_WITH_SUCCESS_LIMIT = [
    (-1, 3, None, 3, 4, 3, 7, False, S),
    (-1, 5, None, 3, 4, 3, 7, True, S),
    (-1, 5, 7, 3, 4, 3, 7, False, F),
    (-1, 5, 9, 3, 4, 3, 7, False, R),
    (4, 4, None, 3, 4, 3, 7, True, S),
    (4, 4, None, 5, 5, 4, 10, False, F),
    (4, 4, 10, 4, 6, 4, 10, False, S),
    (4, 4, 10, 5, 5, 4, 10, False, F),
    (4, 4, 10, 3, 5, 3, 8, False, R),
    (4, 4, 10, 5, 4, 4, 9, True, F),
]


@pytest.mark.parametrize("row", ARGO_WITH_SUCCESS_LIMIT)
def test_success_limits_are_assessed_as_argo_rollouts_does(row: tuple[object, ...]) -> None:
    failure_limit, wanted, count, failed, successful, streak, measured, terminating, phase = row
    limits = Limits(
        failure_limit=failure_limit,  # type: ignore[arg-type]
        consecutive_success_limit=wanted,  # type: ignore[arg-type]
        count=count,  # type: ignore[arg-type]
        repeats=True,
    )
    counts = Tally(
        failed=failed,  # type: ignore[arg-type]
        successful=successful,  # type: ignore[arg-type]
        consecutive_success=streak,  # type: ignore[arg-type]
        measured=measured,  # type: ignore[arg-type]
    )
    assert assess(limits, counts, terminating=bool(terminating)) is phase


def test_a_limit_is_the_number_still_tolerated() -> None:
    two = Limits(failure_limit=2, inconclusive_limit=2, repeats=True)
    assert assess(two, Tally(failed=2, measured=2)) is R
    assert assess(two, Tally(failed=3, measured=3)) is F
    assert assess(two, Tally(inconclusive=2, measured=2)) is R
    assert assess(two, Tally(inconclusive=3, measured=3)) is U


def test_five_errors_in_a_row_are_one_more_than_argo_tolerates() -> None:
    assert assess(Limits(repeats=True), Tally(consecutive_error=4)) is R
    assert assess(Limits(repeats=True), Tally(consecutive_error=5)) is E


def test_nothing_measured_is_pending_and_a_success_only_when_told_to_stop() -> None:
    assert assess(Limits(), Tally()) is Pending.PENDING
    assert assess(Limits(), Tally(), terminating=True) is S
    assert assess(Limits(), Tally(failed=9, measured=9), in_flight=True) is R


def test_without_count_and_interval_one_measurement_is_enough() -> None:
    assert assess(Limits(), tally([S])) is S
    assert assess(Limits(count=10), Tally(successful=10, measured=10)) is S


def test_an_error_ends_a_row_of_successes_and_is_no_measurement() -> None:
    counts = tally([S, S, E, S])
    assert (counts.consecutive_success, counts.consecutive_error, counts.measured) == (1, 0, 3)


@pytest.mark.parametrize(
    ("seen", "phase"),
    [([S], S), ([F], F), ([U], R), ([U, U], R), ([U, U, S], S), ([U, U, U], U), ([E] * 3, E)],
)
def test_a_canary_step_is_repeated_while_it_is_unclear(
    seen: list[AnalysisPhase], phase: AnalysisPhase
) -> None:
    assert assess(step_limits(2), tally(seen)) is phase


@given(st.lists(st.sampled_from([S, F, U, E]), min_size=1, max_size=12), st.integers(0, 3))
def test_a_step_never_succeeds_without_a_success_nor_runs_for_ever(
    seen: list[AnalysisPhase], limit: int
) -> None:
    phase = assess(step_limits(limit), tally(seen))
    if phase is S:
        assert seen[-1] is S
        assert F not in seen
    if F in seen:
        assert phase is not R
    assert assess(step_limits(limit), tally([U] * (limit + 1))) is U


@given(st.lists(st.sampled_from([S, F, U, E]), max_size=6))
def test_one_failure_makes_the_whole_worse_than_anything(seen: list[AnalysisPhase]) -> None:
    assert worst([*seen, F]) is F
    assert worst([]) is E
