"""Deployments of GitLab: ``GET /projects/{id}/deployments``.

Times are those of the job that deployed (``deployable``); ``updated_at`` moves whenever the record
is touched and stands in only where there is no job. Cancelled and skipped ones deployed nothing.
https://docs.gitlab.com/api/deployments/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from coffee_pipeline.errors import UsageError
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.deployment_records import (
    FoundDeployment,
    ReadDeployments,
    Reading,
    moment,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Request
from coffee_pipeline.tools.http_pages import by_link, collect
from coffee_pipeline.tools.json_fields import count, mapping, text

NAME = "gitlab"
TITLE = "GitLab deployments (REST)"
SUBJECT = "project id, or its path: group/project"
URL = "https://gitlab.com"
CREDENTIAL = Credential("GITLAB_TOKEN", header="PRIVATE-TOKEN", prefix="")
_ENDS = {"success": DeploymentOutcome.SUCCEEDED, "failed": DeploymentOutcome.FAILED}


def fetch(client: HttpClient, subject: str) -> Fetched:
    """All deployments of the project."""
    if not subject or len(subject) > 300:
        raise UsageError(f"gitlab: {SUBJECT} is needed")
    found = collect(client, deployments_request(subject), by_link)
    return with_pages(found.entries, f"gitlab:{subject}", found.reason)


def deployments_request(project: str) -> Request:
    """Asks for the first page; by id, so that new ones do not move the pages."""
    parameters = {"order_by": "id", "sort": "asc", "per_page": "100"}
    path = f"api/v4/projects/{quote(project, safe='')}/deployments"
    return Request(path=path, parameters=parameters)


def read(document: Document) -> ReadDeployments:
    """The finished deployments.

    Raises:
        ParseError: the document holds none of GitLab's deployments.
    """
    value = document.json
    if not isinstance(value, list):
        said = text(mapping(value).get("message")) or text(mapping(value).get("error"))
        raise document.error(
            "line 1", f"a JSON array is expected{f': {excerpt(said, 200)}' if said else ''}"
        )
    reading = Reading()
    for index, entry in enumerate(value):
        position = f"deployment {index + 1}"
        if not isinstance(entry, dict):
            raise document.error(position, "a JSON object is expected")
        name, revision = count(entry.get("id")), text(entry.get("sha"))
        if name is None or revision is None:
            raise document.error(position, "no deployment of GitLab: it has no id or no sha")
        _add(reading, str(name), revision, entry)
    return reading.result()


def _add(reading: Reading, name: str, revision: str, entry: Mapping[str, Any]) -> None:
    status = str(entry.get("status"))
    job = mapping(entry.get("deployable"))
    finished_at = moment(job.get("finished_at")) or moment(entry.get("updated_at"))
    if status not in _ENDS:
        reading.leave_out(status if status in ("canceled", "skipped") else "not finished")
        return
    if finished_at is None:
        reading.leave_out("no time")
        return
    job_name = text(job.get("name"))
    reading.add(
        FoundDeployment(
            identity=name,
            service=_project(job),
            environment=text(mapping(entry.get("environment")).get("name")),
            revision=revision,
            started_at=moment(job.get("started_at"))
            or moment(entry.get("created_at"))
            or finished_at,
            finished_at=finished_at,
            outcome=_ENDS[status],
            reason=f"GitLab: {status}{f', job {job_name}' if job_name else ''}",
        )
    )


def _project(job: Mapping[str, Any]) -> str | None:
    """The project's name, from the address of the job: .../group/project/-/jobs/1."""
    path, sign, _ = (text(job.get("web_url")) or "").partition("/-/")
    return path.rpartition("/")[2] or None if sign else None
