"""Failures told by reverts and hotfixes in whole repositories, as forges write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.dora.proxy_deployments import Source
from tests.coffee_pipeline.dora.repositories import DAY, HOUR, History
from tests.coffee_pipeline.dora.test_repository_metrics import measured, values


def failed(path: Path, source: Source = Source.TAGS) -> list[tuple[str, str | None]]:
    """The deployments taken for failed, each with the one that put it right."""
    return [
        (one.deployment.name, one.repaired_by.name if one.repaired_by else None)
        for one in measured(path, source).failures
    ]


@pytest.mark.parametrize(
    ("broken", "repair"),
    [
        ("Add milk (#11)", 'Revert "Add milk (#11)" (#14)'),
        ("Add milk (#11)", 'Revert "Add milk" (#14)\n\nReverts shop/till#11'),
        ("Add milk (#11)", "Take it out again (#14)\n\nReverts shop/till#11\n"),
        ("Add milk (!11)", 'Revert "Add milk"\n\nThis reverts merge request shop/till!11'),
        ("feat: add milk", "revert: feat: add milk"),
        ("feat: add milk (#11)", "revert: feat: add milk (#14)"),
    ],
)
def test_a_revert_as_forges_and_habits_write_it(tmp_path: Path, broken: str, repair: str) -> None:
    history = History(tmp_path / "squashed")
    history.commit("root", 0, message="Add milk (#5)")
    history.commit("bad", 10, "root", message=broken)
    history.commit("fine", 20, "bad", message="Add sugar (#12)")
    history.commit("undo", 30, "fine", message=repair)
    history.commit("again", 40, "undo", message=f'Revert "{repair.splitlines()[0]}" (#15)')
    path = history.write()
    first = repair.splitlines()[0]
    assert failed(path, Source.COMMITS) == [(broken, first)]
    found = measured(path, Source.COMMITS)
    assert found.failures[0].recovery_seconds == 20 * HOUR


def test_a_merge_request_is_found_by_its_number_where_subjects_are_the_same(
    tmp_path: Path,
) -> None:
    history = History(tmp_path / "gitlab")
    history.commit("root", 0)
    at, last = 0, "root"
    for number in (11, 12, 13):
        history.commit(f"work {number}", at + 5, last, branch="develop")
        message = f"Merge branch 'develop' into 'main'\n\nWork\n\nSee merge request a/b!{number}"
        history.commit(f"merge {number}", at + 10, last, f"work {number}", message=message)
        history.tag(f"v1.{number}", f"merge {number}", at + 11)
        at, last = at + 24, f"merge {number}"
    text = "Revert \"Merge branch 'develop' into 'main'\"\n\nThis reverts merge request !12"
    history.commit("undo", at + 5, last, message=text)
    history.tag("v1.14", "undo", at + 6)
    assert failed(history.write()) == [("v1.12", "v1.14")]


def test_the_footer_of_a_conventional_revert_names_the_commit(tmp_path: Path) -> None:
    history = History(tmp_path / "footer")
    history.commit("root", 0)
    history.commit("bad", 10, "root")
    history.commit("fine", 20, "bad")
    history.write()
    text = f"revert: the noodle incident\n\nRefs: {history.hash('bad')[:9]}"
    again = History(tmp_path / "footer")
    again.stream, again.marks = history.stream, history.marks
    again.commit("undo", 30, "fine", message=text)
    again.path = tmp_path / "again"
    assert failed(again.write(), Source.COMMITS) == [("bad", "revert: the noodle incident")]


def test_hotfixes_by_branch_and_none_by_talk(tmp_path: Path) -> None:
    history = History(tmp_path / "hotfixes")
    history.commit("root", 0)
    history.tag("v1.0", "root", 1)
    history.commit("talk", 10, "root", message="docs: describe the hotfix process")
    history.commit("more", 11, "talk", message="add hotfix documentation")
    history.tag("v1.1", "more", 12)
    history.commit("cure", 20, "more", message="close the till", branch="hotfix_1")
    history.commit("merge", 21, "more", "cure", message="Merge branch 'hotfix_1'")
    history.tag("v1.1.1", "merge", 22)
    history.commit("work", 30, "merge", branch="develop")
    # The same branch goes back into the other one, and with that into a planned release.
    history.commit("back", 31, "work", "cure", message="Merge branch 'hotfix_1' into develop",
                   branch="develop")  # fmt: skip
    history.commit("planned", 40, "merge", "back", message="Merge branch 'develop'")
    history.tag("v1.2", "planned", 41)
    found = measured(history.write())
    assert [(one.deployment.name, one.repaired_by and one.repaired_by.name)
            for one in found.failures] == [("v1.1", "v1.1.1")]  # fmt: skip
    assert values(found)["deployment rework rate"] == pytest.approx(1 / 4)


def test_a_hotfix_of_an_old_line_blames_that_line(tmp_path: Path) -> None:
    history = History(tmp_path / "lines")
    history.commit("a", 0)
    history.tag("v1.9.0", "a", 1)
    history.commit("b", 10, "a")
    history.tag("v2.0.0", "b", 11)
    history.commit("c", 20, "a", message="hotfix: close the till", branch="v1")
    history.tag("v1.9.1", "c", 21)
    history.commit("d", 30, "b")
    history.tag("v2.1.0", "d", 31)
    history.commit("e", 32, "d", message="hotfix: open the till")
    history.tag("v2.1.1", "e", 33)
    assert failed(history.write()) == [("v1.9.0", "v1.9.1"), ("v2.1.0", "v2.1.1")]


def test_a_revert_that_is_copied_to_another_line_blames_the_copy(tmp_path: Path) -> None:
    history = History(tmp_path / "copied")
    history.commit("a", 0)
    history.tag("v1.0.0", "a", 1)
    history.commit("bad", 10, "a", message="Add milk")
    history.tag("v2.0.0", "bad", 11)
    history.commit("copy", 12, "a", authored=10, message="Add milk", branch="v1")
    history.tag("v1.0.1", "copy", 13)
    history.commit("other", 14, "a", message="Add sugar", branch="v0")
    history.tag("v0.9.1", "other", 15)
    history.write()
    bad = next(
        one for one, commit in measured(history.path).log.commits.items()
        if commit.subject == "Add milk" and commit.committed == commit.authored
    )  # fmt: skip
    text = f'Revert "Add milk"\n\nThis reverts commit {bad}.'
    history.path = tmp_path / "reverted"
    history.commit("undo", 20, "bad", message=text)
    history.tag("v2.0.1", "undo", 21)
    history.commit("undo copy", 22, "copy", message=text, branch="v1")
    history.tag("v1.0.2", "undo copy", 23)
    # This line never had the commit: nothing failed there.
    history.commit("undo nothing", 24, "other", message=text, branch="v0")
    history.tag("v0.9.2", "undo nothing", 25)
    assert failed(history.write()) == [("v2.0.0", "v2.0.1"), ("v1.0.1", "v1.0.2")]


def test_what_is_reverted_before_its_release_or_long_after_did_not_fail_it(tmp_path: Path) -> None:
    history = History(tmp_path / "late")
    history.commit("a", 0)
    history.tag("v1.0", "a", 1)
    history.commit("b", 10, "a")
    history.commit("undo b", 11, "b", message='Revert "b"')
    history.tag("v1.1", "undo b", 12)
    history.commit("undo a", 31 * DAY / HOUR + 2, "undo b", message='Revert "a"')
    history.tag("v1.2", "undo a", 31 * DAY / HOUR + 3)
    found = measured(history.write())
    assert found.failures == ()
    assert "1 reverts or hotfixes came over 30 days after" in "\n".join(found.notes)
