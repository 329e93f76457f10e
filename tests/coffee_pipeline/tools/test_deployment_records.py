from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import UsageError
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.tools.deployment_records import (
    FoundDeployment,
    Naming,
    in_order,
    moment,
)

START = datetime(2026, 3, 1, tzinfo=UTC)


def found(number: int, revision: str = "a", **more) -> FoundDeployment:
    values = {
        "identity": str(number),
        "service": "menu",
        "environment": "production",
        "revision": revision,
        "started_at": START + timedelta(hours=number),
        "finished_at": START + timedelta(hours=number, minutes=5),
        "outcome": DeploymentOutcome.SUCCEEDED,
        "reason": "said so",
        **more,
    }
    return FoundDeployment(**values)


def test_each_has_what_ran_before_it() -> None:
    failed = found(2, "c", outcome=DeploymentOutcome.FAILED)
    made = in_order("ci", [found(3, "d"), failed, found(1, "b"), found(0, "a")], Naming())
    assert [(one.revision, one.previous_revision, one.outcome) for one in made] == [
        ("a", None, "succeeded"), ("b", "a", "succeeded"), ("c", "b", "failed"),
        ("d", "b", "succeeded"),
    ]  # fmt: skip
    assert made[0].deployment_id == "ci:0"
    assert {one.strategy for one in made} == {"direct"}


def test_going_back_is_a_rollback_and_doing_it_again_is_not() -> None:
    series = [found(index, revision) for index, revision in enumerate("abbacd")]
    made = in_order("ci", [*series, found(6, "e", rollback=True)], Naming())
    assert [one.strategy for one in made] == [
        "direct", "direct", "direct", "rollback", "direct", "direct", "rollback",
    ]  # fmt: skip
    assert (made[3].cause, made[3].previous_revision) == ("operator", "b")


def test_services_and_environments_are_series_of_their_own() -> None:
    made = in_order(
        "ci",
        [found(0, "a"), found(1, "b", service="orders"), found(2, "c", environment="staging")],
        Naming(),
    )
    assert {one.previous_revision for one in made} == {None}


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.randoms(), st.data())
@settings(max_examples=60, deadline=None)
def test_order_and_pieces_of_reading_do_not_matter(revisions, random, data) -> None:
    records = [found(index, revision) for index, revision in enumerate(revisions)]
    whole = in_order("ci", records, Naming())
    shuffled = list(records)
    random.shuffle(shuffled)
    assert in_order("ci", shuffled, Naming()) == whole
    assert in_order("ci", records, Naming(), whole) == whole
    cut = data.draw(st.integers(0, len(records)))
    later = in_order("ci", records[cut:], Naming())
    pieces = in_order("ci", records[: cut + 1], Naming(), later)
    # A piece that is known without what came before it may have been taken for new.
    assert [one.previous_revision for one in pieces] == [one.previous_revision for one in whole]
    assert pieces == whole


def test_names_are_translated_or_asked_for() -> None:
    naming = Naming(services={"menu": "menus"}, environments={"production": "live"})
    (made,) = in_order("ci", [found(0)], naming)
    assert (made.service, made.environment) == ("menus", "live")
    (made,) = in_order("ci", [found(0)], Naming(service="x", environment="y"))
    assert (made.service, made.environment) == ("x", "y")
    with pytest.raises(UsageError, match="--environment"):
        in_order("ci", [found(0, environment=None)], Naming())


def test_what_systems_say_is_cleaned() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    (made,) = in_order("ci", [found(0, reason=f"line\n<b>{key}\x07", service=" a\n b ")], Naming())
    assert key not in made.reason
    assert "\n" not in made.reason + made.service


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.123456789+02:00", datetime(2026, 3, 1, 8, 0, 0, 123456, UTC)),
        ("2026-03-01 10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
        (5, None),
        ("", None),
    ],
)
def test_moments(text, expected) -> None:
    assert moment(text) == expected
