from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.rollout.mann_whitney import Classification, Direction, classify, shift

LATENCIES = st.lists(
    st.floats(0.001, 10, allow_nan=False).map(lambda value: round(value, 4)),
    min_size=3,
    max_size=40,
)


# Small samples of the kinds Kayenta's own tests have: tied ranks, leading zeros, near zero mean.
@pytest.mark.parametrize(
    ("experiment", "control", "direction", "said"),
    [
        ([20.0, 22, 21, 25, 23], [10.0, 12, 11, 15, 13], Direction.EITHER, Classification.HIGH),
        ([2.0, 2, 2, 2, 2], [10.0, 12, 11, 15, 13], Direction.EITHER, Classification.LOW),
        ([20.0, 22, 21, 25, 23], [10.0, 12, 11, 15, 13], Direction.DECREASE, Classification.PASS),
        ([1.0, 2, 3, 4, 5], [5.0, 4, 3, 2, 1], Direction.DECREASE, Classification.PASS),
        ([1.0, 1, 1, 1, 1], [1.0, 1, 1, 1, 5], Direction.EITHER, Classification.PASS),
        ([10.0] * 5, [20.0] * 5, Direction.EITHER, Classification.LOW),
        ([10.0] * 5, [0.0] * 5, Direction.EITHER, Classification.HIGH),
        ([3.0] * 5, [3.0] * 4, Direction.EITHER, Classification.PASS),
        ([], [1.0], Direction.EITHER, Classification.NO_DATA),
    ],
)
def test_samples_are_classified_as_kayenta_does(
    experiment: list[float], control: list[float], direction: Direction, said: Classification
) -> None:
    found = classify(
        experiment,
        control,
        tolerance=0.1,
        confidence=0.95,
        effect_sizes=(1.0, 1.0),
        direction=direction,
    )
    assert found is said


def test_the_interval_is_that_of_the_textbook_for_large_samples() -> None:
    # Two groups of fifty, one moved by exactly 7: every pairwise difference is centred on it.
    control = [float(n) for n in range(50)]
    found = shift([value + 7 for value in control], control, 0.95)
    assert found.estimate == pytest.approx(7, abs=0.5)
    assert found.lower < 7 < found.upper
    assert found.lower > 0
    assert found.p_value < 0.02


@settings(deadline=None)
@given(LATENCIES, LATENCIES)
def test_exchanging_the_samples_mirrors_the_answer(one: list[float], two: list[float]) -> None:
    there, back = shift(one, two, 0.95), shift(two, one, 0.95)
    assert there.effect_size == pytest.approx(1 - back.effect_size)
    assert min(one) - max(two) <= there.estimate <= max(one) - min(two)
    assert 0 <= there.effect_size <= 1
    assert 0 <= there.p_value <= 1
    assert there.lower <= there.upper


@settings(deadline=None)
@given(LATENCIES, st.floats(11, 1000))
def test_a_sample_moved_past_all_others_is_slower_in_every_pair(
    values: list[float], distance: float
) -> None:
    found = shift([value + distance for value in values], values, 0.95)
    assert found.effect_size == 1
    assert found.estimate > 0
