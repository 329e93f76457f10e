"""DevLake's deployment and change lead time rows, computed as Apache DevLake computes them.

Semantics, from the behaviour of its ``dora`` plugin (https://devlake.apache.org/docs/DORA/):

- *Previous deployment*: the successful deployments of a project with a repository and an
  environment, in groups of scope, repository and environment, by their end; each names the one
  before it in its group.
- *Lead time of a pull request*, in whole minutes rounded up, each span None where it is negative:
  coding (first commit authored to opened), pickup (opened to first comment of someone else), review
  (that comment to merged), deploy (merged to the end of the first successful production deployment
  whose difference to its previous one holds the merge commit). The cycle time is coding + opened to
  merged + deploy, what is None counting as nothing.

A first deployment has no previous one, so it delivers nothing. Spans round up, so one of minus 59
seconds is 0 and not None.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SUCCESS = "SUCCESS"
PRODUCTION = "PRODUCTION"


@dataclass(frozen=True, slots=True)
class DeploymentCommit:
    """A row of ``cicd_deployment_commits``; absent text is empty."""

    id: str
    commit_sha: str
    result: str
    environment: str
    repo_url: str
    cicd_scope_id: str
    cicd_deployment_id: str
    started_date: datetime | None
    finished_date: datetime | None
    prev_success_deployment_commit_id: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A row of ``pull_requests``."""

    id: str
    base_repo_id: str
    author_id: str
    merge_commit_sha: str
    created_date: datetime
    merged_date: datetime | None


@dataclass(frozen=True, slots=True)
class PullRequestCommit:
    """A row of ``pull_request_commits``."""

    pull_request_id: str
    commit_sha: str
    authored_date: datetime


@dataclass(frozen=True, slots=True)
class PullRequestComment:
    """A row of ``pull_request_comments``."""

    id: str
    pull_request_id: str
    account_id: str
    created_date: datetime


@dataclass(frozen=True, slots=True)
class CommitsDiff:
    """A row of ``commits_diffs``: ``commit_sha`` is in the new commit and not in the old."""

    old_commit_sha: str
    new_commit_sha: str
    commit_sha: str


@dataclass(frozen=True, slots=True)
class PullRequestMetric:
    """A row of ``project_pr_metrics``; times in whole minutes."""

    id: str
    project_name: str
    first_commit_sha: str
    pr_coding_time: int | None
    first_review_id: str
    pr_pickup_time: int | None
    pr_review_time: int | None
    deployment_commit_id: str
    pr_deploy_time: int | None
    pr_cycle_time: int
    first_commit_authored_date: datetime | None
    first_comment_date: datetime | None
    pr_created_date: datetime
    pr_merged_date: datetime
    pr_deployed_date: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectTables:
    """All that the lead time of one project is taken from; ``repos`` and ``scopes`` are its own."""

    project: str
    repos: frozenset[str]
    scopes: frozenset[str]
    pull_requests: Sequence[PullRequest]
    commits: Sequence[PullRequestCommit]
    comments: Sequence[PullRequestComment]
    deployments: Sequence[DeploymentCommit]
    diffs: Sequence[CommitsDiff]


def with_previous(
    deployments: Sequence[DeploymentCommit], scopes: Iterable[str]
) -> list[DeploymentCommit]:
    """The same rows in the same order, those of ``scopes`` naming their previous success."""
    ours = frozenset(scopes)
    groups: dict[tuple[str, str, str], list[DeploymentCommit]] = defaultdict(list)
    for one in deployments:
        complete = one.finished_date is not None and one.environment and one.repo_url
        if complete and one.result == SUCCESS and one.cicd_scope_id in ours:
            groups[one.cicd_scope_id, one.repo_url, one.environment].append(one)
    previous: dict[str, str] = {}
    for group in groups.values():
        ordered = sorted(group, key=lambda one: (_known(one.finished_date), one.id))
        before = ""
        for one in ordered:
            previous[one.id] = before
            before = one.id
    return [
        replace(one, prev_success_deployment_commit_id=previous[one.id])
        if one.id in previous
        else one
        for one in deployments
    ]


def pull_request_metrics(tables: ProjectTables) -> list[PullRequestMetric]:
    """The lead time of every merged pull request of the project's repositories, in given order."""
    first_commits = _first_commits(tables.commits)
    comments: dict[str, list[PullRequestComment]] = defaultdict(list)
    for comment in tables.comments:
        comments[comment.pull_request_id].append(comment)
    delivered_by = _deliveries(tables)
    return [
        _metric(
            tables.project,
            one,
            one.merged_date,
            first_commits.get(one.id),
            _first_review(one, comments[one.id]),
            delivered_by.get(one.merge_commit_sha),
        )
        for one in tables.pull_requests
        if one.merged_date is not None and one.base_repo_id in tables.repos
    ]


def _metric(
    project: str,
    one: PullRequest,
    merged: datetime,
    commit: PullRequestCommit | None,
    review: PullRequestComment | None,
    deployment: DeploymentCommit | None,
) -> PullRequestMetric:
    coding = minutes(commit.authored_date, one.created_date) if commit else None
    deployed = deployment.finished_date if deployment else None
    deploy = minutes(merged, deployed) if deployed else None
    opened = minutes(one.created_date, merged)
    return PullRequestMetric(
        id=one.id,
        project_name=project,
        first_commit_sha=commit.commit_sha if commit else "",
        pr_coding_time=coding,
        first_review_id=review.id if review else "",
        pr_pickup_time=minutes(one.created_date, review.created_date) if review else None,
        pr_review_time=minutes(review.created_date, merged) if review else None,
        deployment_commit_id=deployment.id if deployment and deployed else "",
        pr_deploy_time=deploy,
        pr_cycle_time=(coding or 0) + (opened or 0) + (deploy or 0),
        first_commit_authored_date=commit.authored_date if commit else None,
        first_comment_date=review.created_date if review else None,
        pr_created_date=one.created_date,
        pr_merged_date=merged,
        pr_deployed_date=deployed,
    )


def minutes(start: datetime, end: datetime) -> int | None:
    """Whole minutes from ``start`` to ``end``, rounded up; None when that is below zero."""
    found = math.ceil((end - start) / timedelta(minutes=1))
    return found if found >= 0 else None


def _first_commits(commits: Iterable[PullRequestCommit]) -> dict[str, PullRequestCommit]:
    first: dict[str, PullRequestCommit] = {}
    for one in commits:
        known = first.get(one.pull_request_id)
        order = (one.authored_date, one.commit_sha)
        if known is None or order < (known.authored_date, known.commit_sha):
            first[one.pull_request_id] = one
    return first


def _first_review(
    one: PullRequest, comments: Iterable[PullRequestComment]
) -> PullRequestComment | None:
    others = (comment for comment in comments if comment.account_id != one.author_id)
    return min(others, key=lambda comment: (comment.created_date, comment.id), default=None)


def _deliveries(tables: ProjectTables) -> Mapping[str, DeploymentCommit]:
    """By commit: the first production deployment whose difference to the previous holds it."""
    by_id = {one.id: one for one in tables.deployments}
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    for diff in tables.diffs:
        held[diff.old_commit_sha, diff.new_commit_sha].append(diff.commit_sha)
    found: dict[str, DeploymentCommit] = {}
    ours = [
        one
        for one in tables.deployments
        if one.prev_success_deployment_commit_id
        and one.environment == PRODUCTION
        and one.result == SUCCESS
        and one.cicd_scope_id in tables.scopes
    ]
    for one in sorted(ours, key=lambda each: (_known(each.started_date), each.id)):
        previous = by_id.get(one.prev_success_deployment_commit_id)
        old = previous.commit_sha if previous else ""
        for commit in held[old, one.commit_sha]:
            found.setdefault(commit, one)
    return found


def _known(when: datetime | None) -> float:
    """A time to sort by; as in MySQL, what is missing comes first."""
    return float("-inf") if when is None else when.timestamp()
