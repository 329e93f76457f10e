"""What later commits say of a deployment: reverts and hotfixes in the recorded history."""

from __future__ import annotations

from coffee_pipeline.dora.changes import delivered_changes
from coffee_pipeline.dora.failures import Plan, judged_deployments
from coffee_pipeline.dora.repairs import repairs_of

DAY = 24 * 60
BAD, FINE, FIX = "a" * 40, "b" * 40, "c" * 40


def judged(story) -> dict[str, tuple[str | None, Plan]]:
    changes = delivered_changes(story.revisions, story.untouched, story.deployments)
    repairs = repairs_of(changes.delivered, story.revisions, story.deployments)
    found = judged_deployments(story.deployments, story.incidents, story.revisions, repairs)
    return {one.deployment.deployment_id: (one.failure, one.plan) for one in found}


def told(story, message: str, after: float = 30) -> dict[str, tuple[str | None, Plan]]:
    """d1 brings BAD, d2 something else, d3 the commit with the message."""
    story.commit("c0", 0)
    story.commit(BAD, 5, "c0", message="Brew faster (#7)")
    story.commit(FINE, 15, BAD)
    story.commit(FIX, after, FINE, message=message)
    story.deploy("c0", 3, strategy="initial", previous_revision=None)
    story.deploy(BAD, 10)
    story.deploy(FINE, 20)
    story.deploy(FIX, after + 5)
    return judged(story)


PUT_RIGHT = f"{FIX[:12]} reverts {BAD[:12]}"
PLANNED, REWORK = (None, Plan.PLANNED), (None, Plan.REWORK)


def test_a_revert_speaks_against_what_brought_its_target(story) -> None:
    found = told(story, f'Revert "Brew faster"\n\nThis reverts commit {BAD}.')
    assert found == {"d0": PLANNED, "d1": (PUT_RIGHT, Plan.PLANNED), "d2": PLANNED, "d3": REWORK}


def test_targets_are_found_by_request_and_by_subject(story) -> None:
    found = told(story, 'Revert "Brew faster (#7)" (#9)\n\nReverts coffee/shop#7')
    assert found["d1"][0] == PUT_RIGHT
    again = type(story)()
    assert told(again, 'Revert "Brew faster"')["d1"][0] == PUT_RIGHT


def test_a_hotfix_speaks_against_the_deployment_before(story) -> None:
    found = told(story, "hotfix: close the valve")
    words = f"{FIX[:12]} is a hotfix: hotfix: close the valve"
    assert found == {"d0": PLANNED, "d1": PLANNED, "d2": (words, Plan.PLANNED), "d3": REWORK}


def test_after_the_window_nothing_is_said(story) -> None:
    found = told(story, f"Revert it\n\nThis reverts commit {BAD}.", after=31 * DAY)
    assert set(found.values()) == {PLANNED}


def test_talk_of_reverts_is_none(story) -> None:
    assert set(told(story, "docs: how to revert and hotfix").values()) == {PLANNED}


def test_what_never_went_out_is_nobodys_failure(story) -> None:
    """The revert and its target came with one deployment; a revert undone is no failure of it."""
    story.commit("c0", 0)
    story.commit(BAD, 5, "c0")
    story.commit(FIX, 6, BAD, message=f"Revert it\n\nThis reverts commit {BAD}.")
    story.deploy("c0", 3, strategy="initial", previous_revision=None)
    story.deploy(FIX, 10)
    assert set(judged(story).values()) == {PLANNED}


def test_services_are_told_apart(story) -> None:
    story.untouched = {BAD: {"menu"}, FIX: {"menu"}, FINE: {"orders"}}
    for service in ("orders", "menu"):
        story.deploy("c0", 2, service=service, strategy="initial", previous_revision=None)
    found = told(story, f"Revert it\n\nThis reverts commit {BAD}.")
    assert [name for name, (failure, _) in found.items() if failure] == ["d3"]
