"""Deployments of GitHub: its REST API's with their statuses, or GraphQL's ``deployments``.

``GET /repos/{owner}/{repo}/deployments`` and ``.../deployments/{id}/statuses``. A deployment ended
with the last of its statuses success, failure and error; ``inactive`` only says that a later one
replaced it. https://docs.github.com/rest/deployments/statuses
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.errors import ToolError, TransientError
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools import github_api
from coffee_pipeline.tools.deployment_records import (
    FoundDeployment,
    ReadDeployments,
    Reading,
    moment,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_pages import by_link, collect
from coffee_pipeline.tools.json_fields import count, items, mapping, text

NAME = "github"
TITLE = "GitHub deployments and statuses (REST, GraphQL)"
SUBJECT = github_api.SUBJECT
URL = github_api.URL
CREDENTIAL = github_api.CREDENTIAL
STATUS_LIMIT = 500
"""Deployments, the newest first, whose statuses are asked for: each costs a request."""
_ENDS = {
    "success": DeploymentOutcome.SUCCEEDED,
    "failure": DeploymentOutcome.FAILED,
    "error": DeploymentOutcome.FAILED,
}


def fetch(client: HttpClient, subject: str) -> Fetched:
    """The repository's deployments, each with its statuses."""
    listed = collect(client, github_api.list_request(subject, "deployments"), by_link)
    reason = listed.reason
    wanted = listed.entries[:STATUS_LIMIT]
    if len(wanted) < len(listed.entries):
        reason = reason or f"only the newest {STATUS_LIMIT} of {len(listed.entries)} were asked for"
    for entry in wanted:
        name = count(entry.get("id")) or 0
        path = f"deployments/{name}/statuses"
        try:
            statuses = collect(client, github_api.list_request(subject, path), by_link)
        except (ToolError, TransientError) as error:
            reason = reason or f"statuses of {name}: {error}"
            continue
        entry["statuses"] = statuses.entries
        reason = reason or statuses.reason
    return with_pages(wanted, f"github:{subject}", reason)


def read(document: Document) -> ReadDeployments:
    """The finished deployments.

    Raises:
        ParseError: the document holds none of GitHub's deployments.
    """
    reading = Reading()
    for position, entry in _entries(document):
        name = count(entry.get("databaseId")) or count(entry.get("id"))
        revision = text(entry.get("sha")) or text(entry.get("commitOid"))
        if name is None or revision is None:
            raise document.error(position, "no deployment of GitHub: it has no id or no commit")
        _add(reading, str(name), revision, entry)
    return reading.result()


def _entries(document: Document) -> list[tuple[str, Mapping[str, Any]]]:
    """Each deployment with its position: of a list, of pages in a list, of GraphQL answers."""
    value = document.json
    if isinstance(value, dict) and "message" in value and "sha" not in value:
        raise document.error(
            "line 1", f"GitHub's answer is an error: {excerpt(str(value['message']), 200)}"
        )
    found: list[tuple[str, Mapping[str, Any]]] = []
    for index, page in enumerate(value if isinstance(value, list) else [value]):
        entries = page if isinstance(page, list) else [page]
        if isinstance(page, dict) and "data" in page:
            repository = mapping(mapping(page["data"]).get("repository"))
            nodes = mapping(repository.get("deployments")).get("nodes")
            if not isinstance(nodes, list):
                raise document.error(f"page {index + 1}", "the answer has no 'deployments'")
            owner = text(repository.get("nameWithOwner"))
            entries = [{"nameWithOwner": owner, **mapping(node)} for node in nodes]
        for entry in entries:
            position = f"deployment {len(found) + 1}"
            if not isinstance(entry, dict):
                raise document.error(position, "a JSON object is expected")
            found.append((position, entry))
    return found


def _add(reading: Reading, name: str, revision: str, entry: Mapping[str, Any]) -> None:
    statuses = _statuses(entry)
    if not statuses:
        reading.leave_out("no status")
        return
    ended = [one for one in statuses if one[1] in _ENDS]
    if not ended:
        reading.leave_out("not finished")
        return
    finished_at, state, said = ended[-1]
    begun = [at for at, word, _ in statuses if word == "in_progress"]
    created = moment(entry.get("created_at")) or moment(entry.get("createdAt")) or finished_at
    reading.add(
        FoundDeployment(
            identity=name,
            service=_service(entry),
            environment=text(entry.get("environment")),
            revision=revision,
            started_at=min(begun, default=created),
            finished_at=finished_at,
            outcome=_ENDS[state],
            reason=f"GitHub: {state}{f': {said}' if said else ''}",
            rollback=str(entry.get("task")).lower().startswith("rollback"),
        )
    )


def _statuses(entry: Mapping[str, Any]) -> list[tuple[Any, str, str | None]]:
    """(time, state, description) of each status, in the order of time."""
    value = entry.get("statuses")
    listed: Sequence[Any] = items(value) or items(mapping(value).get("nodes"))
    found = [
        (at, str(one.get("state")).lower(), text(one.get("description")))
        for one in map(mapping, listed)
        if (at := moment(one.get("created_at")) or moment(one.get("createdAt")))
    ]
    return sorted(found, key=lambda one: one[0])


def _service(entry: Mapping[str, Any]) -> str | None:
    """The payload's ``service``, else the repository's name."""
    payload = entry.get("payload")
    if isinstance(payload, str):  # the API gives back what the deployer sent, as text or object
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            payload = None
    named = text(mapping(payload).get("service"))
    owner = text(entry.get("nameWithOwner"))
    parts = (text(entry.get("repository_url")) or owner or "").rstrip("/").split("/")
    return named or parts[-1] or None
