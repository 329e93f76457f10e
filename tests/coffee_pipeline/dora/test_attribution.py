"""Which deployment is blamed for an incident: the order of evidence, and the bounds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.attribution import (
    BOUND,
    BREACH_WINDOW,
    CLOCK_SKEW,
    CONFIDENCE,
    LINK_BOUND,
    Attribution,
    Breach,
    Evidence,
    attribute,
)
from coffee_pipeline.dora.metrics import delivery_performance
from tests.coffee_pipeline.dora.year import END, START, make_year

HOURS = 60


def blamed(story, breaches=()) -> list[tuple[str | None, Evidence]]:
    found = attribute(story.incidents, story.deployments, story.revisions, breaches)
    return [(one.deployment_id, one.evidence) for one in found]


def breach(story, begins: float, service: str = "orders") -> Breach:
    return Breach(service, "production", "availability", story.at(begins), story.at(begins + 5),
                  0.98, 0.999)  # fmt: skip


def test_a_link_is_believed_whatever_else_speaks(story) -> None:
    named = story.deploy("c1", 0)
    story.deploy("c2", 10)
    story.deploy("c1", 20, strategy="rollback", previous_revision="c2")
    story.incident(named, 12, 25)
    assert blamed(story, [breach(story, 11)]) == [("d0", Evidence.LINK)]


def test_a_link_to_what_is_not_recorded_is_kept_and_said(story) -> None:
    story.incident("elsewhere", 0, 5)
    (found,) = attribute(story.incidents, story.deployments)
    assert (found.deployment_id, found.confidence) == ("elsewhere", 1.0)
    assert "not recorded" in found.reason


@pytest.mark.parametrize("opened", [-20, LINK_BOUND.days * 24 * HOURS + 1])
def test_a_link_that_contradicts_itself_is_set_aside_and_said(story, opened: float) -> None:
    story.incident(story.deploy("c1", 0), opened, None)
    (found,) = attribute(story.incidents, story.deployments)
    assert (found.deployment_id, found.evidence) == (None, Evidence.NONE)
    assert found.reason.startswith("it names d0, which ")


def test_a_link_within_the_clocks_skew_is_believed(story) -> None:
    story.incident(story.deploy("c1", 0), -2 - CLOCK_SKEW.total_seconds() / 60, 9)
    assert blamed(story) == [("d0", Evidence.LINK)]


def test_a_rollback_while_it_was_open_shows_the_cause(story) -> None:
    story.deploy("c1", 0)
    story.deploy("c0", 20, strategy="rollback", previous_revision="c1")
    story.incident(None, 5, 25)
    story.incident(None, 30, 40)  # after the rollback nothing speaks
    assert blamed(story) == [("d0", Evidence.ROLLBACK), (None, Evidence.NONE)]


def test_a_hotfix_is_a_commit_made_after_the_incident_began(story) -> None:
    for name, minutes in (("c1", -5), ("c2", 3), ("c3", 8)):
        story.commit(name, minutes)
    story.deploy("c1", 0)
    story.deploy("c2", 10)  # committed before the incident: planned
    story.incident(None, 5, 30)
    assert blamed(story) == [(None, Evidence.NONE)]
    story.deploy("c3", 20)
    assert blamed(story) == [("d0", Evidence.HOTFIX)]


def test_a_missed_objective_speaks_only_within_its_window(story) -> None:
    story.deploy("c1", 0)
    window = BREACH_WINDOW.total_seconds() / 60
    story.incident(None, window, None)
    story.incident(None, window + 1, None)
    assert blamed(story, [breach(story, 30)]) == [("d0", Evidence.BREACH), (None, Evidence.NONE)]
    assert blamed(story, [breach(story, -30)])[0] == (None, Evidence.NONE)
    assert blamed(story, [breach(story, 30, "menu")])[0] == (None, Evidence.NONE)


def test_what_put_back_the_old_revision_is_not_blamed_for_a_missed_objective(story) -> None:
    story.deploy("c1", 0)
    story.deploy("c0", 10, strategy="rollback", previous_revision="c1")
    story.incident(None, 40, None)
    assert blamed(story, [breach(story, 30)]) == [(None, Evidence.NONE)]


def test_the_deployment_before_is_not_blamed_for_being_there(story) -> None:
    story.deploy("c1", 0)
    story.incident(None, 1, 2)
    (found,) = attribute(story.incidents, story.deployments)
    assert (found.deployment_id, found.confidence) == (None, 0.0)
    assert found.reason


def test_a_rollback_after_the_bound_blames_nobody(story) -> None:
    story.deploy("c1", 0)
    late = BOUND.total_seconds() / 60 + 1
    story.incident(None, late, late + 60)
    story.deploy("c0", late + 30, strategy="rollback", previous_revision="c1")
    assert blamed(story) == [(None, Evidence.NONE)]


def check(year, found: Attribution) -> None:
    """What holds of every attribution, by the year's deployments."""
    assert found.confidence == CONFIDENCE[found.evidence]
    assert found.reason
    assert (found.deployment_id is None) == (found.evidence is Evidence.NONE)
    cause = next(
        (one for one in year.deployments if one.deployment_id == found.deployment_id), None
    )
    if cause is None:
        return
    assert (cause.environment, cause.service) == ("production", found.incident.service)
    limits = {Evidence.LINK: LINK_BOUND, Evidence.BREACH: BREACH_WINDOW}
    assert found.incident.opened_at - cause.finished_at <= limits.get(found.evidence, BOUND)
    if found.evidence is Evidence.LINK:
        assert cause.started_at <= found.incident.opened_at + CLOCK_SKEW
    else:
        assert cause.finished_at <= found.incident.opened_at


@given(seed=st.integers(0, 2**32), order=st.randoms(use_true_random=False))
def test_every_attribution_keeps_the_bounds_in_any_order(seed: int, order: random.Random) -> None:
    year = make_year(seed, commits=60)
    found = attribute(year.incidents, year.deployments, year.revisions, year.breaches)
    for one in found:
        check(year, one)
    by_incident = {one.incident.incident_id: one for one in found}
    for records in (year.incidents, year.deployments, year.revisions, year.breaches):
        order.shuffle(records)
    again = attribute(year.incidents, year.deployments, year.revisions, year.breaches)
    assert {one.incident.incident_id: one for one in again} == by_incident


@given(seed=st.integers(0, 2**32))
def test_no_recovery_is_negative(seed: int) -> None:
    year = make_year(seed, commits=60)
    found = delivery_performance(
        revisions=year.revisions, untouched=year.untouched, deployments=year.deployments,
        incidents=year.incidents, breaches=year.breaches, start=START, end=END,
    )  # fmt: skip
    for scope in (found.platform, *found.services):
        spread = scope.recovery_time.distribution
        assert spread is None or spread.minimum >= 0
        for metric in scope.metrics:
            assert metric.value is None or metric.value >= 0
            assert metric.value is not None or metric.reason
