"""The five metrics of repositories alone: what stands for deployments, and what stays unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from coffee_pipeline.dora.proxy_deployments import Source
from coffee_pipeline.dora.proxy_metrics import RepositoryPerformance, repository_performance
from coffee_pipeline.dora.proxy_tags import is_release
from coffee_pipeline.dora.quantiles import distribution
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.platform.calendar import WEEKDAYS, CalendarSettings
from coffee_pipeline.platform.commit_log import read_commit_log
from tests.coffee_pipeline.dora.repositories import DAY, HOUR, START, History, run

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def measured(path: Path, source: Source = Source.AUTO, **asked: object) -> RepositoryPerformance:
    return repository_performance(read_commit_log(path), NOW, source, **asked)  # type: ignore[arg-type]


def values(found: RepositoryPerformance) -> dict[str, float | None]:
    return {one.name: one.value for one in found.metrics}


@pytest.fixture
def released(tmp_path: Path) -> History:
    """Four releases; the second is reverted in the third, the fourth is a hotfix of it."""
    history = History(tmp_path / "released")
    history.commit("a", 0)
    history.tag("v1.0.0", "a", 1)
    history.commit("b", 10, "a")
    history.commit("c", 14, "b")
    history.tag("v1.1.0", "c", 24)
    history.commit("undo", 26, "c", message='Revert "c"\n\nIt broke the till.\n')
    history.tag("v1.1.1", "undo", 30)
    history.commit("d", 32, "undo", message="hotfix: close the till")
    history.tag("v1.1.2", "d", 33)
    history.commit("unreleased", 100, "d")
    history.tag("v2.0.0-rc.1", "unreleased", 101)
    history.tag("backup-2026-01-01", "unreleased", 102)
    history.write()
    return history


def test_lead_time_and_frequency_are_told_in_working_time_too(released: History) -> None:
    days_off = [date(2026, 1, 6)]  # 24 to 48 hours after the beginning
    calendar = WorkingCalendar(CalendarSettings(working_days=WEEKDAYS, holidays=days_off))
    plain, found = measured(released.path), measured(released.path, calendar=calendar)
    assert values(found) == values(plain)
    lead, frequency = found.metrics[:2]
    assert lead.working is not None
    assert frequency.working is not None
    # The revert and the hotfix were made and released on the day off, the others at its beginning.
    assert lead.working.distribution == distribution([10 * HOUR, 14 * HOUR, 0, 0])
    assert frequency.working.count == 1
    assert frequency.working.value == pytest.approx(1 / ((100 - 1 - 24) / 24))
    assert plain.metrics[0].working is None


def test_release_tags_stand_for_deployments(released: History) -> None:
    found = measured(released.path)
    assert (found.chosen.source, len(found.deployments)) == (Source.TAGS, 4)
    assert [one.name for one in found.deployments] == ["v1.0.0", "v1.1.0", "v1.1.1", "v1.1.2"]
    lead, frequency, recovery, fail_rate, rework = found.metrics
    # b and c in v1.1.0, the revert in v1.1.1, the hotfix in v1.1.2; the first release has no base.
    assert sorted(one.lead_time // HOUR for one, _ in found.lead_times) == [1, 4, 10, 14]
    assert (lead.value, lead.count) == (7 * HOUR, 4)
    assert frequency.value == pytest.approx(4 / ((100 - 1) / 24))
    assert (fail_rate.value, fail_rate.events, fail_rate.count) == (0.5, 2, 4)
    assert (recovery.value, recovery.count) == ((6 * HOUR + 3 * HOUR) / 2, 2)
    assert (rework.value, rework.events) == (0.5, 2)
    assert all(one.proxy and one.method and one.reason for one in found.metrics)
    assert "proxy" in str(lead.reason)
    assert "1 tags of pre-releases are no deployments" in found.notes


def test_every_rate_has_an_interval_and_every_level_a_name(released: History) -> None:
    by_name = {one.name: one for one in measured(released.path).metrics}
    interval = by_name["change fail rate"].interval
    assert interval is not None
    assert interval.low < 0.5 < interval.high
    assert interval.method == "Wilson score interval"
    assert {one.source for one in by_name["lead time for changes"].levels} == {
        "DORA report 2024", "DevLake, 2023 report", "DevLake, 2021 report",
    }  # fmt: skip


def test_nothing_reverted_is_no_fail_rate_of_zero(tmp_path: Path) -> None:
    history = History(tmp_path / "quiet")
    history.commit("0", 0)
    for number in range(1, 60):
        history.commit(str(number), number * 10, str(number - 1))
        history.tag(f"v1.{number}", str(number), number * 10 + 1)
    found = measured(history.write())
    by_name = {one.name: one for one in found.metrics}
    for name in (
        "change fail rate", "deployment rework rate", "failed deployment recovery time",
    ):  # fmt: skip
        metric = by_name[name]
        assert (metric.value, metric.band, metric.interval) == (None, None, None), name
        assert metric.reason
        assert metric.goal is None or metric.goal.met is None
    assert by_name["change fail rate"].count == 59
    assert "no proof" in str(by_name["change fail rate"].reason)
    assert all(point.failed is None and point.fail_rate is None for point in found.trend)


def test_merges_stand_for_deployments_without_tags(tmp_path: Path) -> None:
    history = History(tmp_path / "merges")
    history.commit("root", 0)
    history.commit("work", 2, "root", branch="feature")
    history.commit("merge 1", 10, "root", "work", message="Merge pull request #1 from a/feature")
    history.commit("straight", 11, "merge 1")
    history.commit("more", 12, "straight", branch="feature")
    history.commit("rest", 16, "more", branch="feature")
    history.commit("merge 2", 20, "straight", "rest", message="Merge branch 'feature'")
    history.commit("other", 21, "merge 2", branch="other")
    history.commit("pulled", 30, "merge 2", "other", message="Merge branch 'main' of host:x/y")
    history.commit("last", 31, "pulled", branch="feature")
    history.commit("merge 3", 40, "pulled", "last", message="Merge branch 'feature'")
    found = measured(history.write())
    assert found.chosen.source is Source.MERGES
    assert len(found.deployments) == 3
    assert sorted(one.lead_time // HOUR for one, _ in found.lead_times) == [4, 8, 8, 9]
    notes = "\n".join(found.notes)
    assert "release tags are not used: 0 found" in notes
    assert "(git pull) are no deployments" in notes
    assert "2 commits pushed straight to the branch are in none" in notes


def test_squash_merges_say_nothing_of_their_duration(tmp_path: Path) -> None:
    history = History(tmp_path / "squashed")
    history.commit("root", 0)
    history.commit("one", 10, "root", message="Add milk (#1)")
    history.commit("two", 30, "one", message="Add sugar (#2)")
    history.commit("three", 34, "two", message="Add cream (!3)")
    found = measured(history.write())
    assert found.chosen.source is Source.MERGES
    lead = found.metrics[0]
    assert (lead.value, lead.count, lead.band) == (None, 0, None)
    assert "the same in 3 of 3 changes" in str(lead.reason)
    assert values(found)["deployment frequency"] == pytest.approx(3.0)


def test_commits_are_the_last_resort(tmp_path: Path) -> None:
    history = History(tmp_path / "line")
    history.commit("0", 0)
    for number in range(1, 5):
        history.commit(str(number), number * 24, str(number - 1), authored=number * 24 - number)
    found = measured(history.write())
    assert (found.chosen.source, len(found.deployments)) == (Source.COMMITS, 5)
    # 1, 2, 3, 4 hours; the first one's author's and committer's times are the same
    assert values(found)["lead time for changes"] == 2.5 * HOUR
    forced = measured(history.path, Source.TAGS)
    assert (forced.chosen.source, forced.metrics[1].value) == (Source.TAGS, None)
    assert forced.metrics[1].reason == "no release tag in the period"


def test_a_revert_by_hash_wins_over_its_subject_and_a_late_one_does_not_count(
    tmp_path: Path,
) -> None:
    history = History(tmp_path / "reverts")
    history.commit("a", 0)
    history.commit("b", 24, "a")
    history.commit("c", 48, "b")
    history.write()
    bad, base = history.hash("b"), history.hash("c")
    again = History(history.path)
    again.marks = dict(history.marks)
    text = f'Revert "nothing of this name"\n\nThis reverts commit {bad[:10]}.\n'
    again.stream.append(
        f"commit refs/heads/main\ncommitter A <a@b> {START + 50 * HOUR} +0000\n"
        f"data {len(text)}\n{text}\nfrom {base}\n\n".encode()
    )
    late = f'Revert "a"\n\nThis reverts commit {history.hash("a")}.\n'
    again.stream.append(
        f"commit refs/heads/main\ncommitter A <a@b> {START + 60 * DAY} +0000\n"
        f"data {len(late)}\n{late}\n".encode()
    )
    undone = 'Revert "Revert "nothing of this name""\n\nThis reverts commit 0000000.\n'
    again.stream.append(
        f"commit refs/heads/main\ncommitter A <a@b> {START + 61 * DAY} +0000\n"
        f"data {len(undone)}\n{undone}\n".encode()
    )
    run(history.path, "fast-import", "--quiet", stdin=b"".join(again.stream))
    found = measured(history.path, Source.COMMITS)
    assert [one.deployment.revision for one in found.failures] == [bad]
    assert found.failures[0].recovery_seconds == 26 * HOUR
    assert "1 reverts or hotfixes came over 30 days after" in "\n".join(found.notes)


def test_a_reverted_release_is_failed_before_its_repair_is_released(tmp_path: Path) -> None:
    history = History(tmp_path / "open")
    for number in range(3):
        history.commit(str(number), number * 24, *([str(number - 1)] if number else []))
        history.tag(f"v{number}.0", str(number), number * 24 + 1)
    history.commit("undo", 60, "2", message='Revert "2"')
    found = measured(history.write())
    assert values(found)["change fail rate"] == pytest.approx(1 / 3)
    by_name = {one.name: one for one in found.metrics}
    assert by_name["failed deployment recovery time"].value is None
    assert "no release tag carries the repair" in str(
        by_name["failed deployment recovery time"].reason
    )
    assert by_name["deployment rework rate"].value is None


def test_the_period_bounds_the_deployments_but_not_what_they_follow(released: History) -> None:
    start = datetime.fromtimestamp(START + 2 * HOUR, UTC)
    found = measured(released.path, since=start, until=start + timedelta(hours=23))
    assert [one.name for one in found.deployments] == ["v1.1.0"]
    # One release in a period that began while an earlier one was known: a rate over the period.
    assert found.metrics[1].value == 1.0
    assert found.metrics[0].count == 2
    alone = measured(released.path, until=datetime.fromtimestamp(START + 2 * HOUR, UTC))
    assert (alone.metrics[1].value, alone.metrics[1].count) == (None, 1)
    assert alone.metrics[1].reason == "one release tag alone shows no frequency"
    before = measured(released.path, until=datetime.fromtimestamp(START - DAY, UTC))
    assert all(one.value is None and one.reason for one in before.metrics)


def test_tags_on_one_commit_count_once_and_lightweight_ones_take_its_time(tmp_path: Path) -> None:
    history = History(tmp_path / "tags")
    history.commit("a", 0)
    history.commit("b", 24, "a")
    history.tag("v1.0.0", "a")
    history.tag("v2.0.0", "b")
    history.tag("v2", "b", 30)
    found = measured(history.write(), Source.TAGS)
    assert [(one.name, one.at) for one in found.deployments] == [
        ("v1.0.0", START), ("v2.0.0", START + DAY),
    ]  # fmt: skip
    notes = "\n".join(found.notes)
    assert "another release tag names count once" in notes
    assert "2 release tags are lightweight" in notes


def test_releases_of_one_moment_keep_the_order_of_their_commits(tmp_path: Path) -> None:
    history = History(tmp_path / "moment")
    for number in range(4):
        history.commit(str(number), 0, *([str(number - 1)] if number else []))
        history.tag(f"v{9 - number}.0", str(number), 0)
    found = measured(history.write())
    assert [one.name for one in found.deployments] == ["v9.0", "v8.0", "v7.0", "v6.0"]
    assert len(found.lead_times) == 3 - 3  # all times are the same: they say nothing


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v1.2.3", True), ("1.2", True), ("v7", True), ("release-7", True),
        ("orders/v1.2.0", True), ("@scope/pkg@3.0.1", True), ("2026-03-01", True),
        ("deploy-20260301", True), ("prod-17", True), ("REL_12_3", True), ("v1.0.0+build.5", True),
        ("v1.0.0.Final", True), ("v1.0-rc1", None), ("1.0b2", None), ("v2.0.0-alpha.1", None),
        ("nightly-2026-03-01", None), ("backup-2026-03-01", False), ("latest", False),
        ("build-17", False), ("archive/v1.0", False), ("", False), ("v", False),
        ("a-" * 5000 + "1.0", False), ("x_" * 90 + "!", False),
    ],
)  # fmt: skip
def test_names_of_releases(name: str, expected: bool | None) -> None:
    assert is_release(name) is expected


def line(history: History, first: int, count: int, message: str = "Change {}") -> None:
    """Commits ``first`` and on, one an hour, on top of each other."""
    for number in range(first, first + count):
        parents = [str(number - 1)] if number else []
        history.commit(str(number), number, *parents, message=message.format(number))


def test_tags_of_long_ago_are_no_rhythm_of_what_came_since(tmp_path: Path) -> None:
    history = History(tmp_path / "given up")
    line(history, 0, 4)
    line(history, 4, 5, "Change {0} (#{0})")
    for number in range(4):
        history.tag(f"v1.{number}", str(number))
    found = measured(history.write())
    assert found.chosen.source is Source.MERGES
    assert (
        "release tags are not used: they contain 4 of the branch's 9 first-parent commits, half "
        "are needed"
    ) in found.notes
    assert len(measured(history.path, Source.TAGS).deployments) == 4


def test_two_releases_with_most_of_the_work_stand_for_deployments(tmp_path: Path) -> None:
    history = History(tmp_path / "young")
    line(history, 0, 4)
    history.tag("v1.0.0", "1")
    history.tag("v1.1.0", "3")
    found = measured(history.write())
    assert (found.chosen.source, len(found.deployments)) == (Source.TAGS, 2)


def test_a_single_release_tells_of_nothing(tmp_path: Path) -> None:
    history = History(tmp_path / "first")
    line(history, 0, 2)
    history.tag("v1.0.0", "1")
    found = measured(history.write())
    assert found.chosen.source is Source.COMMITS
    assert "release tags are not used: 1 found, 2 are needed" in found.notes


def test_a_few_merges_among_straight_commits_are_no_rhythm(tmp_path: Path) -> None:
    history = History(tmp_path / "straight")
    line(history, 0, 3, "Change {0} (#{0})")
    line(history, 3, 4)
    found = measured(history.write())
    assert found.chosen.source is Source.COMMITS
    assert (
        "merges are not used: they are 3 of the last 7 first-parent commits, half are needed"
    ) in found.notes


def test_merges_of_the_last_commits_are_enough(tmp_path: Path) -> None:
    history = History(tmp_path / "changed")
    line(history, 0, 150)
    line(history, 150, 100, "Change {0} (#{0})")
    assert measured(history.write()).chosen.source is Source.MERGES


def test_tags_on_lines_of_their_own_contain_what_they_were_cut_from(tmp_path: Path) -> None:
    history = History(tmp_path / "cut")
    line(history, 0, 6)
    for number in (1, 3, 5):
        history.commit(f"r{number}", number + 0.5, str(number), branch=f"release-{number}")
        history.tag(f"v1.{number}", f"r{number}")
    assert measured(history.write()).chosen.source is Source.TAGS


def test_changes_without_a_duration_are_said_where_others_have_one(tmp_path: Path) -> None:
    history = History(tmp_path / "mixed")
    history.commit("a", 0)
    for number, name in enumerate("bcd", 1):
        history.commit(name, number * 10, chr(ord(name) - 1), authored=number * 10 - 2)
    history.commit("e", 50, "d")
    found = measured(history.write(), Source.COMMITS)
    assert (found.metrics[0].value, found.metrics[0].count) == (2 * HOUR, 3)
    assert (
        "2 changes have the same author's and committer's time (squashed, or committed straight to "
        "the branch): no lead time"
    ) in found.notes


def test_a_moved_tag_and_a_rewritten_branch_are_taken_as_they_are_now(tmp_path: Path) -> None:
    history = History(tmp_path / "forced")
    line(history, 0, 4)
    for number in range(3):
        history.tag(f"v1.{number}", str(number), number)
    path = history.write()
    run(path, "tag", "--force", "v1.1", history.hash("Change 3"))
    found = measured(path)
    # The tag is lightweight now: it stands where it was moved to, and nothing tells that it was.
    assert [(one.name, (one.at - START) // HOUR) for one in found.deployments] == [
        ("v1.0", 0), ("v1.2", 2), ("v1.1", 3),
    ]  # fmt: skip
    again = History(tmp_path / "rewritten")
    line(again, 0, 3)
    again.tag("v1.0", "0", 0)
    again.tag("v1.1", "2", 2)
    # Rebased: copies of 1 and 2 on another root, and a release of them.
    again.commit("new", 5, "0", branch="new")
    for name, parent in (("1", "new"), ("2", "copy of 1")):
        again.commit(f"copy of {name}", 6, parent, authored=int(name), branch="new",
                     message=f"Change {name}")  # fmt: skip
    again.tag("v1.2", "copy of 2", 7)
    path = again.write()
    run(path, "update-ref", "refs/heads/main", "refs/heads/new")
    found = measured(path)
    assert [one.lead_time // HOUR for one, _ in found.lead_times] == [1, 5, 6, 2]
    notes = "\n".join(found.notes)
    assert "1 release tags are of commits outside the branch" in notes
    assert (
        "2 delivered commits are copies of others (cherry-picked, or of a rewritten branch): each "
        "counts"
    ) in notes
    asked = repository_performance(read_commit_log(path, "main"), NOW, Source.TAGS,
                                   reachable_only=True)  # fmt: skip
    assert [one.name for one in asked.deployments] == ["v1.0", "v1.2"]
