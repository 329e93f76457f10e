from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.model.deployment import Measurement
from coffee_pipeline.platform.description import CanarySettings
from coffee_pipeline.rollout.access_log import RequestSample
from coffee_pipeline.rollout.judge import (
    SAMPLE_LIMIT,
    Analysis,
    TrackSamples,
    judge,
    quantile,
    track_samples,
)

SETTINGS = CanarySettings()
ANALYSIS = Analysis("a-1", "d-1")
QUICK = tuple(0.010 + index * 1e-5 for index in range(200))


def track(
    latencies: tuple[float, ...] = QUICK, *, failures: int = 0, requests: int | None = None
) -> TrackSamples:
    return TrackSamples(
        len(latencies) + failures if requests is None else requests, failures, latencies
    )


def verdicts(canary: TrackSamples, stable: TrackSamples) -> dict[str, Measurement]:
    return {m.metric: m for m in judge(ANALYSIS, SETTINGS, canary, stable)}


def phases(canary: TrackSamples, stable: TrackSamples) -> dict[str, str]:
    return {name: m.phase for name, m in verdicts(canary, stable).items()}


def test_an_equal_canary_passes_every_metric() -> None:
    assert set(phases(track(), track()).values()) == {"Successful"}


def test_errors_fail_the_success_rate_and_nothing_else() -> None:
    said = phases(track(failures=20), track())
    assert said == {
        "success_rate": "Failed",
        "latency_p95": "Successful",
        "latency_p99": "Successful",
        "latency_shift": "Successful",
    }


def test_the_reason_tells_what_was_measured_and_demanded() -> None:
    found = verdicts(track(failures=50), track())["success_rate"]
    assert "50 of 250 requests failed" in found.reason
    assert "99.00%" in found.reason
    assert (found.canary, found.stable, found.threshold) == (0.8, 1.0, 0.99)
    assert (found.canary_samples, found.stable_samples) == (250, 200)


def test_a_canary_may_not_fall_behind_a_perfect_stable_by_more_than_the_drop() -> None:
    lenient = CanarySettings(success_rate_minimum=0.5, success_rate_drop=0.02)
    rates = {
        failures: judge(ANALYSIS, lenient, track(failures=failures), track())[0].phase
        for failures in (4, 8)
    }
    assert rates == {4: "Successful", 8: "Failed"}


def test_a_slower_canary_fails_every_latency_metric() -> None:
    said = phases(track(tuple(value + 0.2 for value in QUICK)), track())
    assert said == {
        "success_rate": "Successful",
        "latency_p95": "Failed",
        "latency_p99": "Failed",
        "latency_shift": "Failed",
    }


def test_a_slow_tail_fails_the_quantiles_alone() -> None:
    said = phases(track((*QUICK[:170], *(0.5,) * 30)), track())
    assert (said["latency_p95"], said["latency_p99"]) == ("Failed", "Failed")
    assert said["latency_shift"] == "Successful"


def test_noise_of_microseconds_never_stops_a_release() -> None:
    slower = tuple(value * 4 for value in QUICK)  # four times as slow, still below the floor
    assert set(phases(track(slower), track()).values()) == {"Successful"}


def test_one_slow_request_of_forty_is_chance_and_says_so() -> None:
    found = verdicts(track((*QUICK[:39], 1.0)), track())["latency_p99"]
    assert found.phase == "Successful"
    assert found.canary == 1.0
    assert "within chance" in found.reason


@pytest.mark.parametrize("count", [0, 19])
def test_too_few_requests_are_no_answer(count: int) -> None:
    assert set(phases(track(QUICK[:count]), track()).values()) == {"Inconclusive"}
    said = phases(track(), track(QUICK[:count]))
    assert [said["latency_p95"], said["latency_shift"]] == ["Inconclusive"] * 2


def test_a_canary_that_only_fails_is_failed_not_unclear() -> None:
    assert phases(track((), failures=100), track())["success_rate"] == "Failed"


def sample(track_name: str, status: int, seconds: float | None = 0.01) -> RequestSample:
    return RequestSample(0.0, track_name, status, True, seconds, None)


def test_a_caller_mistake_is_no_failure_and_a_quick_error_is_not_quick() -> None:
    samples = [sample("canary", 200), sample("canary", 404), sample("canary", 500, 0.0001)]
    found = track_samples([*samples, sample("stable", 503)], "canary")
    assert (found.requests, found.failures, found.latencies) == (3, 1, (0.01, 0.01))


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_enough_values_do_not_exceed(
    values: list[float], q: float
) -> None:
    found = quantile(values, q)
    assert found in values
    assert sum(value <= found for value in values) >= q * len(values) - 1e-9
    assert sum(value < found for value in values) < q * len(values) + 1e-9


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.001, 1), min_size=20, max_size=120),
    st.lists(st.floats(0.001, 1), min_size=20, max_size=120),
    st.integers(0, 5),
)
def test_more_failures_or_more_latency_never_help(
    canary: list[float], stable: list[float], failures: int
) -> None:
    base = track(tuple(stable))
    order = ("Successful", "Inconclusive", "Error", "Failed")
    better = phases(track(tuple(canary), failures=failures), base)
    worse = phases(track(tuple(v + 0.3 for v in canary), failures=failures + 3), base)
    for metric in better:
        assert order.index(worse[metric]) >= order.index(better[metric])


def test_a_flood_of_samples_is_thinned_evenly() -> None:
    many = tuple(0.01 + (index % 100) * 1e-4 for index in range(SAMPLE_LIMIT * 4))
    found = verdicts(track(many), track(many))["latency_shift"]
    assert found.effect_size == pytest.approx(0.5, abs=0.01)
