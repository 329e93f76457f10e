"""DevLake's tables as a folder of CSV files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.dora.devlake_tables import compatible_tables, parse_moment
from coffee_pipeline.errors import ParseError, UsageError

MAPPING = "project_name,table,row_id\nshop,cicd_scopes,s\nshop,repos,r\nother,repos,x\n"
DEPLOYMENTS = (
    "id,commit_sha,result,environment,repo_url,cicd_scope_id,cicd_deployment_id,started_date,"
    "finished_date,prev_success_deployment_commit_id\n"
    "a,ca,SUCCESS,PRODUCTION,R,s,pa,2026-03-01T08:00:00.000+00:00,2026-3-1 8:05:00,\n"
    "b,cb,SUCCESS,PRODUCTION,R,s,pb,2026-03-01 10:00:00,2026-03-01T10:05:00Z,\n"
)
LEAD_TIME = {
    "pull_requests.csv": "id,base_repo_id,author_id,merge_commit_sha,created_date,merged_date\n"
    "p,r,ada,merge,2026-03-01 08:00:00,2026-03-01 09:00:00\n",
    "pull_request_commits.csv": "pull_request_id,commit_sha,commit_authored_date\n"
    "p,first,2026-03-01 07:30:00\n",
    "pull_request_comments.csv": "id,pull_request_id,account_id,created_date\n",
    "commits_diffs.csv": "new_commit_sha,old_commit_sha,commit_sha\ncb,ca,merge\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project_mapping.csv").write_text(MAPPING)
    (tmp_path / "cicd_deployment_commits.csv").write_text(DEPLOYMENTS)
    return tmp_path


def test_previous_deployments_alone(folder: Path) -> None:
    found = compatible_tables(folder)
    assert (found["compatible"], found["project"]) == ("devlake", "shop")
    assert "project_pr_metrics" not in found
    first, second = found["cicd_deployment_commits"]
    assert first["prev_success_deployment_commit_id"] is None
    assert first["finished_date"] == "2026-03-01T08:05:00.000+00:00"
    assert second["prev_success_deployment_commit_id"] == "a"


def test_lead_times_where_pull_requests_are_there(folder: Path) -> None:
    for name, text in LEAD_TIME.items():
        (folder / name).write_text(text)
    (row,) = compatible_tables(folder)["project_pr_metrics"]
    assert (row["pr_coding_time"], row["pr_pickup_time"], row["pr_deploy_time"]) == (30, None, 65)
    assert (row["pr_cycle_time"], row["first_review_id"]) == (30 + 60 + 65, None)
    assert compatible_tables(folder, "other")["project_pr_metrics"] == []


def test_rows_that_name_their_previous_deployment_keep_it(folder: Path) -> None:
    named = DEPLOYMENTS.replace("10:05:00Z,\n", "10:05:00Z,elsewhere\n")
    (folder / "cicd_deployment_commits.csv").write_text(named)
    found = compatible_tables(folder)["cicd_deployment_commits"]
    assert [one["prev_success_deployment_commit_id"] for one in found] == [None, "elsewhere"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("project_mapping.csv", "", "line 1: not CSV: no header line"),
        ("project_mapping.csv", "project_name,table,row_id\n", "names no project"),
        ("project_mapping.csv", "table,row_id\nrepos,r\n", "project_name"),
        ("cicd_deployment_commits.csv", "id\n1,2\n", "line 2: more values than columns"),
        ("cicd_deployment_commits.csv", "id,result\n,SUCCESS\n", "line 2"),
        ("pull_requests.csv", "id,created_date\np,soon\n", "line 2"),
    ],
)
def test_a_broken_table_is_named_with_its_line(
    folder: Path, name: str, text: str, said: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises((ParseError, UsageError)) as caught:
        compatible_tables(folder)
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_what_is_missing_is_said(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"--project x: .* has shop, other"):
        compatible_tables(folder, "x")
    (folder / "cicd_deployment_commits.csv").unlink()
    with pytest.raises(UsageError, match="it is an export of DevLake's tables"):
        compatible_tables(folder)
    (folder / "project_mapping.csv").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ParseError, match="not UTF-8 text"):
        compatible_tables(folder)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-01T08:00:00.000+00:00", 8), ("2026-3-1 8:0:0", 8), ("2026-03-01 08:00:00Z", 8),
        ("2026-03-01T08:00:00+0200", 6), ("2026-02-30 08:00:00", None), ("NULL", None), ("", None),
    ],
)  # fmt: skip
def test_times_of_the_tables(text: str, hour: int | None) -> None:
    expected = None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC)
    assert parse_moment(text) == expected
