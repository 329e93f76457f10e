"""The five metrics of dora.dev: values, reasons, goals and levels."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora import bands
from coffee_pipeline.dora.failures import Plan
from coffee_pipeline.dora.metrics import DeliveryPerformance, delivery_performance
from coffee_pipeline.dora.quantiles import distribution
from coffee_pipeline.model.outcome import DeploymentOutcome

DAY = 24 * 60


def measured(story, start: float = -DAY, end: float = DAY) -> DeliveryPerformance:
    return delivery_performance(
        revisions=story.revisions, untouched=story.untouched,
        deployments=story.deployments, incidents=story.incidents,
        start=story.at(start), end=story.at(end),
    )  # fmt: skip


def test_nothing_deployed_is_no_data_with_reasons(story) -> None:
    found = measured(story)
    for metric in found.platform.metrics:
        assert (metric.value, metric.count, metric.band) == (None, 0, None)
        assert metric.reason
        assert metric.goal is None or metric.goal.met is None
    assert found.services == ()


def test_a_service_without_a_deployment_is_told_of(story) -> None:
    story.deploy("c1", 5)
    found = delivery_performance(
        revisions=(), untouched={}, deployments=story.deployments, incidents=(),
        start=story.at(-DAY), end=story.at(DAY), services=["menu", "orders"],
        teams={"menu": "menus"},
    )  # fmt: skip
    assert [one.service for one in found.services] == ["menu", "orders"]
    assert [one.service for one in found.teams] == ["menus"]
    menu = found.services[0]
    assert {one.value for one in menu.metrics} == {None}
    assert menu.change_fail_rate.reason == "no production deployment in the period"


def test_silence_is_no_success(story) -> None:
    """Deployments that others tell of, and nobody who could have said that one failed."""
    story.deploy("c0", 0, strategy="direct", deployment_id="github:1")
    story.deploy("c60", 60, strategy="direct", deployment_id="flux:2")
    story.deploy("c120", 120, strategy="direct", deployment_id="github-3", cause="github")
    for metric in (measured(story).platform.change_fail_rate, measured(story).platform.rework_rate):
        assert (metric.value, metric.band, metric.count) == (None, None, 3)
        assert "incidents import" in metric.reason
    story.incident(None, 130, 140)
    assert measured(story).platform.change_fail_rate.value == 0


def test_a_link_to_a_deployment_that_is_not_recorded_is_in_no_metric(story) -> None:
    story.deploy("c1", 5)
    story.incident("elsewhere", 10, 20)
    found = measured(story)
    assert found.platform.recovery_time.value is None
    assert found.platform.change_fail_rate.value == 0
    assert any("no deployment is blamed" in one for one in found.notes)
    assert "not recorded here" in found.attributions[0].reason


def test_frequency_is_over_the_days_that_could_be_deployed_on(story) -> None:
    for ended in (0, 60, 120, 180):
        story.deploy("c1", ended)
    story.deploy("c1", 200, "failed")
    story.deploy("c1", 210, environment="staging")
    story.deploy("c0", 220, strategy="rollback", previous_revision="c9")
    found = measured(story, start=-30 * DAY, end=2 * DAY).platform.deployment_frequency
    assert (found.value, found.count) == (2.0, 4)
    assert found.goal is not None
    assert (found.goal.met, found.band) == (True, bands.Band("elite", bands.SOURCE_2024))


def test_a_service_that_came_later_is_not_diluted_by_the_days_before(story) -> None:
    for day in range(10):
        story.deploy("c1", day * DAY)
    story.deploy("c1", 8 * DAY, service="menu")
    story.deploy("c1", 9 * DAY, service="menu")
    found = measured(story, start=-DAY, end=10 * DAY)
    assert {one.service: one.deployment_frequency.value for one in found.services} == {
        "orders": 1.0, "menu": 1.0,
    }  # fmt: skip
    assert found.platform.deployment_frequency.value == 1.2


def test_a_young_history_counts_at_least_one_day(story) -> None:
    story.deploy("c1", 0)
    assert measured(story, end=60).platform.deployment_frequency.value == 1.0


def test_only_deployments_of_the_period_count(story) -> None:
    story.deploy("c1", 0, "rolled_back")
    story.deploy("c2", 100)
    found = measured(story, start=50, end=200)
    assert [one.deployment.deployment_id for one in found.deployments] == ["d1"]
    assert found.platform.change_fail_rate.value == 0.0


def test_change_fail_rate_counts_stops_incidents_and_operators_rollbacks(story) -> None:
    story.deploy("c1", 0, "rolled_back")
    story.deploy("c2", 10, "failed")
    hurt = story.deploy("c3", 20)
    story.deploy("c4", 30)
    story.deploy("c3", 40, strategy="rollback", cause="operator", previous_revision="c4")
    story.deploy("c5", 50)
    story.incident(hurt, 21, 25)
    found = measured(story)
    assert [one.failure for one in found.deployments] == [
        "it rolled_back", "it failed", "incident i0: errors", "rolled back by operator", None, None,
    ]  # fmt: skip
    rate = found.platform.change_fail_rate
    assert (rate.value, rate.events, rate.count) == (pytest.approx(4 / 5), 4, 5)


def test_recovery_is_from_open_to_resolved_and_never_negative(story) -> None:
    failed = story.deploy("c1", 0, "rolled_back")
    for opened, resolved in ((0, 10), (0, 30), (20, 10), (5, None)):
        story.incident(failed, opened, resolved)
    story.incident(None, 0, 500)
    found = measured(story)
    recovery = found.platform.recovery_time
    assert (recovery.value, recovery.count) == (20 * 60, 2)
    notes = "\n".join(found.notes)
    for said in (
        "no deployment is blamed for: in no metric (1)",
        "still open",
        "end before they begin",
    ):
        assert said in notes


def test_open_incidents_only_are_said(story) -> None:
    story.incident(story.deploy("c1", 0, "rolled_back"), 0, None)
    recovery = measured(story).platform.recovery_time
    assert (recovery.value, recovery.reason) == (
        None,
        "none of 1 incidents of deployments has a valid end yet",
    )


def test_rework_is_what_was_made_because_of_the_failure(story) -> None:
    for name, minutes in (("planned", -100), ("bad", -50), ("fix", 5), ("next", 20)):
        story.commit(name, minutes)
    story.deploy("bad", 0, "rolled_back")
    story.deploy("bad", 3, "rolled_back")  # a new try of the same revision
    story.deploy("planned", 6, "rolled_back")  # was committed before anything failed
    story.deploy("fix", 10)  # was committed after the deployment before it had begun
    story.deploy("next", 30)
    story.deploy("unrecorded", 40, "failed")
    story.deploy("unrecorded too", 50)
    found = measured(story)
    assert [one.plan for one in found.deployments] == [
        Plan.PLANNED, Plan.REWORK, Plan.PLANNED, Plan.REWORK, Plan.PLANNED, Plan.PLANNED,
        Plan.UNKNOWN,
    ]  # fmt: skip
    rework = found.platform.rework_rate
    assert (rework.value, rework.events, rework.count) == (pytest.approx(2 / 6), 2, 6)
    assert "Deployments of an unrecorded commit: not in the rework rate (1)" in found.notes


def test_another_services_failure_makes_no_rework(story) -> None:
    story.commit("c1", 5)
    story.deploy("c0", 0, "rolled_back", service="menu")
    story.deploy("c1", 10)
    found = measured(story)
    assert [one.plan for one in found.deployments] == [Plan.PLANNED, Plan.PLANNED]
    assert [scope.service for scope in found.services] == ["menu", "orders"]
    assert [scope.change_fail_rate.value for scope in found.services] == [1.0, 0.0]


def test_lead_time_has_its_spread_and_goal(story) -> None:
    story.commit("c0", 0)
    story.commit("c1", 0, "c0")
    story.commit("c2", 60, "c1")
    story.deploy("c2", 180)
    lead = measured(story).platform.lead_time
    assert lead.distribution is not None
    assert (lead.value, lead.count, lead.distribution.p75) == (9_000, 2, 9_900)
    assert lead.goal is not None
    assert (lead.goal.met, lead.band) == (False, bands.Band("elite", bands.SOURCE_2024))


@pytest.mark.parametrize(
    ("band", "boundaries"),
    [
        (bands.deployment_frequency_band,
         ((1.01, "elite"), (1, "high"), (1 / 7, "high"), (0.1, "medium"), (0.01, "low"))),
        (bands.lead_time_band,
         ((86_399, "elite"), (86_400, "high"), (604_800, "high"), (604_801, "medium"),
          (3e6, "low"))),
        (bands.change_fail_rate_band,
         ((0.05, "elite"), (0.051, "high"), (0.11, "medium"), (0.16, "low"))),
        (bands.recovery_time_band,
         ((3_599, "elite"), (3_600, "high"), (86_399, "high"), (86_400, "low"))),
    ],
)  # fmt: skip
def test_levels_at_their_boundaries(band, boundaries) -> None:
    assert [band(value).name for value, _ in boundaries] == [name for _, name in boundaries]
    assert bands.rework_rate_band(0.5).name is None


def test_the_median_of_two_is_their_mean() -> None:
    assert distribution([]) is None
    found = distribution([4.0, 1.0])
    assert found is not None
    assert (found.median, found.minimum, found.maximum) == (2.5, 1.0, 4.0)


@given(st.lists(st.floats(0, 1e7), min_size=2, max_size=50))
def test_quantiles_are_those_of_the_standard_library(values: list[float]) -> None:
    found = distribution(values)
    assert found is not None
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    for ours, theirs in ((found.median, cuts[9]), (found.p75, cuts[14]), (found.p90, cuts[17])):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-6)
    assert found.minimum <= found.median <= found.p75 <= found.p90 <= found.maximum


drawn_deployments = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "x"]), st.integers(0, 1000),
        st.sampled_from(list(DeploymentOutcome)), st.sampled_from(["canary", "rollback", "direct"]),
        st.sampled_from(["orders", "menu"]), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@given(drawn_deployments)
def test_whatever_was_deployed_rates_are_rates(new_story, drawn) -> None:
    story = new_story()
    for name, minutes in (("a", 0), ("b", 200), ("c", 600)):
        story.commit(name, minutes)
    for revision, ended, outcome, strategy, service, hurt in drawn:
        name = story.deploy(revision, ended, outcome.value, strategy=strategy, service=service)
        if hurt:
            story.incident(name, ended, ended + 5)
    found = measured(story)
    for scope in (found.platform, *found.services):
        for metric in scope.metrics:
            assert (metric.value is None) == (metric.reason is not None)
            assert metric.value is None or metric.value >= 0
            assert metric.unit != "ratio" or metric.value is None or metric.value <= 1
    assert found.platform.change_fail_rate.count == sum(
        scope.change_fail_rate.count for scope in found.services
    )
