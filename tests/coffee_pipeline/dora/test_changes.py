"""Which commits a deployment delivered first, and their lead times."""

from __future__ import annotations

from coffee_pipeline.dora.changes import Changes, delivered_changes


def found(story) -> Changes:
    return delivered_changes(story.revisions, story.untouched, story.deployments)


def line(story, count: int) -> None:
    """Commits c0, c1, ... ten minutes apart."""
    for index in range(count):
        story.commit(f"c{index}", index * 10, f"c{index - 1}" if index else None)


def test_every_commit_since_the_deployed_one_counts_once(story) -> None:
    line(story, 5)
    story.deploy("c0", 5, strategy="initial", previous_revision=None)
    story.deploy("c2", 25)
    story.deploy("c4", 45, previous_revision="c2")
    changes = found(story)
    assert [(one.revision, one.lead_time / 60) for one in changes.delivered] == [
        ("c2", 5), ("c1", 15), ("c4", 5), ("c3", 15),
    ]  # fmt: skip
    assert (changes.first, changes.unresolved, changes.reversed_times) == (1, 0, 0)


def test_a_stopped_change_is_delivered_by_its_fix(story) -> None:
    line(story, 3)
    story.deploy("c0", 1, strategy="initial", previous_revision=None)
    story.deploy("c1", 15, "rolled_back")
    story.deploy("c2", 30)
    assert {one.revision: one.lead_time / 60 for one in found(story).delivered} == {
        "c1": 20,
        "c2": 10,
    }


def test_going_back_and_forth_delivers_nothing_twice(story) -> None:
    line(story, 2)
    story.deploy("c0", 1, strategy="initial", previous_revision=None)
    story.deploy("c1", 15)
    story.deploy("c0", 20, strategy="rollback", cause="operator", previous_revision="c1")
    story.deploy("c1", 30)
    assert [one.deployment_id for one in found(story).delivered] == ["d1"]


def test_commits_that_do_not_touch_the_service_are_not_its_changes(story) -> None:
    line(story, 4)
    story.untouched = {"c2": {"orders", "menu"}, "c3": {"menu"}}
    story.deploy("c0", 1, strategy="initial", previous_revision=None)
    story.deploy("c3", 40)
    assert {one.revision for one in found(story).delivered} == {"c1", "c3"}


def test_a_gap_in_the_commits_counts_the_head_only(story) -> None:
    story.commit("c5", 50, "c4")
    story.deploy("c5", 60)
    changes = found(story)
    assert ([one.revision for one in changes.delivered], changes.unresolved) == (["c5"], 1)


def test_the_line_may_end_at_a_deployed_commit_that_is_not_recorded(story) -> None:
    story.commit("c5", 50, "c4")
    story.commit("c6", 55, "c5")
    story.deploy("c6", 60, previous_revision="c4")
    changes = found(story)
    assert ([one.revision for one in changes.delivered], changes.unresolved) == (["c6", "c5"], 0)


def test_after_a_forced_push_the_head_alone_counts(story) -> None:
    """What was in production is no ancestor of what is deployed: nobody knows what is new in it."""
    line(story, 2)
    story.commit("x0", 20)
    story.commit("x1", 30, "x0")
    story.deploy("c0", 5, strategy="initial", previous_revision=None)
    story.deploy("c1", 15)
    story.deploy("x1", 40, previous_revision="c1")
    changes = found(story)
    assert [one.revision for one in changes.delivered] == ["c1", "x1"]
    assert changes.unresolved == 1


def test_the_sides_of_a_merge_count_and_the_merge_does_not(story) -> None:
    """s1 and s2 were made on a branch from before c1, and came with c2."""
    line(story, 2)
    story.commit("s1", 3, "c0")
    story.commit("s2", 6, "s1")
    story.commit("c2", 20, "c1", "s2")
    story.deploy("c0", 2, strategy="initial", previous_revision=None)
    story.deploy("c1", 15)
    story.deploy("c2", 30, previous_revision="c1")
    changes = found(story)
    assert {one.revision: one.lead_time / 60 for one in changes.delivered} == {
        "c1": 5, "s2": 24, "s1": 27,
    }  # fmt: skip
    assert changes.unresolved == 0


def test_what_came_before_the_revision_that_ran_is_not_new(story) -> None:
    """The first deployment that is recorded follows c3, which the merged s1 was part of."""
    line(story, 2)
    story.commit("s1", 12, "c1")
    story.commit("c3", 15, "c1", "s1")
    story.commit("s2", 20, "s1")
    story.commit("c4", 30, "c3", "s2")
    story.deploy("c4", 40, previous_revision="c3")
    assert [one.revision for one in found(story).delivered] == ["s2"]


def test_a_merge_of_what_is_not_recorded_counts_itself(story) -> None:
    line(story, 1)
    story.commit("c1", 10, "c0", "gone")
    story.deploy("c0", 2, strategy="initial", previous_revision=None)
    story.deploy("c1", 15)
    changes = found(story)
    assert ([one.revision for one in changes.delivered], changes.unresolved) == (["c1"], 1)


def test_a_commit_deployed_to_two_services_is_a_change_of_both(story) -> None:
    line(story, 2)
    for service in ("orders", "menu"):
        story.deploy("c0", 5, service=service, strategy="initial", previous_revision=None)
        story.deploy("c1", 15, service=service)
    assert [(one.service, one.revision, one.lead_time) for one in found(story).delivered] == [
        ("menu", "c1", 300), ("orders", "c1", 300),
    ]  # fmt: skip


def test_an_unrecorded_commit_has_no_lead_time(story) -> None:
    story.deploy("c9", 60)
    assert found(story) == Changes((), 0, 1, 0)


def test_a_commit_dated_after_its_deployment_is_left_out_and_counted(story) -> None:
    line(story, 2)
    story.deploy("c1", 5)
    changes = found(story)
    assert (changes.delivered, changes.reversed_times) == ((), 1)


def test_a_cycle_of_parents_ends(story) -> None:
    story.commit("a", 0, "b")
    story.commit("b", 0, "a")
    story.deploy("a", 5)
    assert found(story).unresolved == 1
