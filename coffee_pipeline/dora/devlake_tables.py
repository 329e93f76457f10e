"""DevLake's domain tables as a folder of CSV files, and its rows made from them.

``cicd_deployment_commits.csv`` (or ``cicd_deployment_commits_before.csv``) and
``project_mapping.csv`` are needed; with ``pull_requests.csv`` the lead times are made as well, from
``pull_request_commits.csv``, ``pull_request_comments.csv`` and ``commits_diffs.csv``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffee_pipeline.dora.devlake import (
    CommitsDiff,
    DeploymentCommit,
    ProjectTables,
    PullRequest,
    PullRequestComment,
    PullRequestCommit,
    pull_request_metrics,
    with_previous,
)
from coffee_pipeline.errors import ParseError, UsageError

DEPLOYMENTS = ("cicd_deployment_commits.csv", "cicd_deployment_commits_before.csv")
MAXIMUM_BYTES = 256 << 20
_LOOSE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True)
class Row:
    """One line of a table; ``line`` is where it stands in ``file``."""

    file: Path
    line: int
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """A column's text; empty where the table has none."""
        return self.values.get(name, "")

    def needed(self, name: str) -> str:
        """A column that must have a value.

        Raises:
            ParseError: it has none.
        """
        value = self.text(name)
        if not value:
            raise ParseError(str(self.file), f"line {self.line}", f"{name} is missing")
        return value

    def moment(self, name: str) -> datetime | None:
        """A column's time; without a zone it is UTC.

        Raises:
            ParseError: it is no time.
        """
        value = self.text(name)
        if not value:
            return None
        found = parse_moment(value)
        if found is None:
            problem = f"{name}: {value[:40]!r} is no time"
            raise ParseError(str(self.file), f"line {self.line}", problem)
        return found

    def needed_moment(self, name: str) -> datetime:
        """A time that must be there.

        Raises:
            ParseError: it is not, or is none.
        """
        self.needed(name)
        found = self.moment(name)
        assert found is not None  # needed() saw to it
        return found


def compatible_tables(folder: Path, project: str | None = None) -> dict[str, Any]:
    """DevLake's rows for one project, as its tables name them; absent values are None.

    Previous deployments are made where no row names one yet; rows that name theirs keep it.

    Raises:
        UsageError: the folder lacks a table, or has several projects and none is named.
        ParseError: a table is not what it should be; the message names file and line.
    """
    mapping = read_table(folder / "project_mapping.csv")
    name = _project(folder, mapping, project)
    ours = [row for row in mapping if row.text("project_name") == name]
    scopes = frozenset(r.text("row_id") for r in ours if r.text("table") == "cicd_scopes")
    repos = frozenset(r.text("row_id") for r in ours if r.text("table") == "repos")
    deployments = [_deployment(row) for row in read_table(_deployment_file(folder))]
    if not any(one.prev_success_deployment_commit_id for one in deployments):
        deployments = with_previous(deployments, scopes)
    document: dict[str, Any] = {
        "compatible": "devlake",
        "project": name,
        "cicd_deployment_commits": [_written(asdict(one)) for one in deployments],
    }
    if (folder / "pull_requests.csv").is_file():
        tables = ProjectTables(
            project=name,
            repos=repos,
            scopes=scopes,
            pull_requests=[_pull_request(r) for r in read_table(folder / "pull_requests.csv")],
            commits=[_commit(r) for r in read_table(folder / "pull_request_commits.csv")],
            comments=[_comment(r) for r in read_table(folder / "pull_request_comments.csv")],
            deployments=deployments,
            diffs=[_diff(r) for r in read_table(folder / "commits_diffs.csv")],
        )
        document["project_pr_metrics"] = [
            _written(asdict(one)) for one in pull_request_metrics(tables)
        ]
    return document


def read_table(path: Path) -> list[Row]:
    """The rows of a CSV file with a header line.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        ParseError: it is no such table.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UsageError(f"{path}: larger than {MAXIMUM_BYTES >> 20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ParseError(str(path), f"byte {error.start}", "not UTF-8 text") from error
    reader = csv.DictReader(text.splitlines(keepends=True), restval="")
    rows = []
    try:
        for values in reader:
            if None in values:
                raise ParseError(str(path), f"line {reader.line_num}", "more values than columns")
            rows.append(Row(path, reader.line_num, values))
    except csv.Error as error:
        raise ParseError(str(path), f"line {reader.line_num}", f"not CSV: {error}") from error
    if not reader.fieldnames:
        raise ParseError(str(path), "line 1", "not CSV: no header line")
    return rows


def parse_moment(text: str) -> datetime | None:
    """A time as the tables have it: ISO 8601, or without leading zeros; None if it is none."""
    match = _LOOSE.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(part) for part in match.groups()[:6]]
    zone = match[7] or "Z"
    try:
        moment = datetime.fromisoformat(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*numbers)
            + ("+00:00" if zone == "Z" else zone)
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_moment(moment: datetime) -> str:
    """A time as DevLake's tables have it, to the millisecond in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")


def _project(folder: Path, mapping: Sequence[Row], wanted: str | None) -> str:
    names = list(dict.fromkeys(row.needed("project_name") for row in mapping))
    if wanted is not None:
        if wanted not in names:
            raise UsageError(f"--project {wanted}: {folder} has {', '.join(names[:20])}")
        return wanted
    if not names:
        raise UsageError(f"{folder / 'project_mapping.csv'}: names no project")
    return names[0]


def _deployment_file(folder: Path) -> Path:
    for name in DEPLOYMENTS:
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"{folder}: has no {DEPLOYMENTS[0]}; it is an export of DevLake's tables")


def _deployment(row: Row) -> DeploymentCommit:
    return DeploymentCommit(
        id=row.needed("id"),
        commit_sha=row.text("commit_sha"),
        result=row.text("result"),
        environment=row.text("environment"),
        repo_url=row.text("repo_url"),
        cicd_scope_id=row.text("cicd_scope_id"),
        cicd_deployment_id=row.text("cicd_deployment_id"),
        started_date=row.moment("started_date"),
        finished_date=row.moment("finished_date"),
        prev_success_deployment_commit_id=row.text("prev_success_deployment_commit_id"),
    )


def _pull_request(row: Row) -> PullRequest:
    return PullRequest(
        id=row.needed("id"),
        base_repo_id=row.text("base_repo_id"),
        author_id=row.text("author_id"),
        merge_commit_sha=row.text("merge_commit_sha"),
        created_date=row.needed_moment("created_date"),
        merged_date=row.moment("merged_date"),
    )


def _commit(row: Row) -> PullRequestCommit:
    return PullRequestCommit(
        pull_request_id=row.needed("pull_request_id"),
        commit_sha=row.needed("commit_sha"),
        authored_date=row.needed_moment("commit_authored_date"),
    )


def _comment(row: Row) -> PullRequestComment:
    return PullRequestComment(
        id=row.needed("id"),
        pull_request_id=row.needed("pull_request_id"),
        account_id=row.text("account_id"),
        created_date=row.needed_moment("created_date"),
    )


def _diff(row: Row) -> CommitsDiff:
    return CommitsDiff(
        old_commit_sha=row.text("old_commit_sha"),
        new_commit_sha=row.needed("new_commit_sha"),
        commit_sha=row.needed("commit_sha"),
    )


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: write_moment(value) if isinstance(value, datetime) else value if value != "" else None
        for name, value in values.items()
    }
