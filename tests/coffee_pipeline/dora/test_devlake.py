"""DevLake's rows: the previous deployment, and the lead time of pull requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.devlake import (
    CommitsDiff,
    DeploymentCommit,
    ProjectTables,
    PullRequest,
    PullRequestComment,
    PullRequestCommit,
    PullRequestMetric,
    minutes,
    pull_request_metrics,
    with_previous,
)

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def at(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def deployment(name: str, ended: float | None, **changed: str) -> DeploymentCommit:
    values = {
        "commit_sha": f"c{name}", "result": "SUCCESS", "environment": "PRODUCTION",
        "repo_url": "R", "cicd_scope_id": "s", "cicd_deployment_id": f"p{name}",
        "prev_success_deployment_commit_id": "", **changed,
    }  # fmt: skip
    end = None if ended is None else at(ended)
    return DeploymentCommit(
        id=name, started_date=end and end - timedelta(minutes=5), finished_date=end, **values
    )


def previous(*deployments: DeploymentCommit) -> dict[str, str]:
    found = with_previous(deployments, ["s"])
    assert [one.id for one in found] == [one.id for one in deployments]
    return {
        one.id: one.prev_success_deployment_commit_id
        for one in found
        if one.prev_success_deployment_commit_id
    }


def test_each_success_names_the_one_before_it_by_its_end() -> None:
    assert previous(deployment("c", 30), deployment("a", 10), deployment("b", 20)) == {
        "b": "a", "c": "b",
    }  # fmt: skip
    assert previous(deployment("b", 10), deployment("a", 10)) == {"b": "a"}


@pytest.mark.parametrize(
    "other",
    [
        {"result": "FAILURE"}, {"environment": "STAGING"}, {"environment": ""}, {"repo_url": ""},
        {"repo_url": "elsewhere"}, {"cicd_scope_id": "another"},
    ],
)  # fmt: skip
def test_what_is_no_success_of_the_same_group_is_passed_over(other: dict[str, str]) -> None:
    between = deployment("b", 20, **other)
    assert previous(deployment("a", 10), between, deployment("c", 30)) == {"c": "a"}
    assert previous(deployment("a", 10), deployment("b", None), deployment("c", 30)) == {"c": "a"}


def tables(**changed: object) -> ProjectTables:
    """A pull request from its first commit at 0 to its deployment at 200."""
    values: dict[str, object] = {
        "project": "shop", "repos": frozenset(["r"]), "scopes": frozenset(["s"]),
        "pull_requests": [PullRequest("p", "r", "ada", "merge", at(60), at(120))],
        "commits": [PullRequestCommit("p", "second", at(10)), PullRequestCommit("p", "1st", at(0))],
        "comments": [
            PullRequestComment("own", "p", "ada", at(61)),
            PullRequestComment("late", "p", "bob", at(110)),
            PullRequestComment("first", "p", "bob", at(90)),
        ],
        "deployments": with_previous([deployment("a", 50), deployment("b", 200)], ["s"]),
        "diffs": [CommitsDiff("ca", "cb", "merge")],
        **changed,
    }  # fmt: skip
    return ProjectTables(**values)  # type: ignore[arg-type]


def test_the_lead_time_of_a_pull_request_is_the_sum_of_its_spans() -> None:
    assert pull_request_metrics(tables()) == [
        PullRequestMetric(
            id="p", project_name="shop", first_commit_sha="1st", pr_coding_time=60,
            first_review_id="first", pr_pickup_time=30, pr_review_time=30,
            deployment_commit_id="b", pr_deploy_time=80, pr_cycle_time=60 + 60 + 80,
            first_commit_authored_date=at(0), first_comment_date=at(90), pr_created_date=at(60),
            pr_merged_date=at(120), pr_deployed_date=at(200),
        )
    ]  # fmt: skip


def test_what_is_not_known_counts_nothing() -> None:
    (found,) = pull_request_metrics(tables(commits=[], comments=[], diffs=[]))
    assert (found.pr_coding_time, found.pr_pickup_time, found.pr_review_time) == (None, None, None)
    assert (found.pr_deploy_time, found.pr_deployed_date, found.pr_cycle_time) == (None, None, 60)


def test_only_merged_pull_requests_of_the_projects_repositories_have_rows() -> None:
    requests = [
        PullRequest("open", "r", "ada", "", at(0), None),
        PullRequest("foreign", "x", "ada", "m", at(0), at(1)),
    ]
    assert pull_request_metrics(tables(pull_requests=requests)) == []


def test_the_first_deployment_that_holds_the_merge_delivers_it() -> None:
    deployments = [deployment("a", 50), deployment("b", 200), deployment("c", 300)]
    diffs = [CommitsDiff("cb", "cc", "merge"), CommitsDiff("ca", "cb", "merge")]
    (found,) = pull_request_metrics(
        tables(deployments=with_previous(deployments, ["s"]), diffs=diffs)
    )
    assert found.deployment_commit_id == "b"
    staged = [
        deployment("a", 50, environment="STAGING"),
        deployment("b", 90, environment="STAGING"),
    ]
    (found,) = pull_request_metrics(tables(deployments=with_previous(staged, ["s"])))
    assert found.deployment_commit_id == ""


@given(st.integers(-(10**6), 10**6))
def test_spans_round_up_and_negative_ones_are_none(seconds: int) -> None:
    found = minutes(BEGIN, BEGIN + timedelta(seconds=seconds))
    if seconds <= -60:
        assert found is None
    else:
        assert found is not None
        assert found == -(-seconds // 60)
        assert found >= 0
