"""Applications of Argo CD: ``status.history``, and a sync that failed.

Of ``GET /api/v1/applications``, ``argocd app get -o json`` or ``kubectl get applications -o json``.
The history holds successful syncs only, the last ten by default; of those that failed only the
last operation is known. Revisions are those of the repository that the application is made from.
https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import DeploymentOutcome
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
from coffee_pipeline.tools.json_fields import count, items, mapping, text, texts

NAME = "argocd"
TITLE = "Argo CD applications and their history (JSON)"
SUBJECT = "application, or 'all'"
URL = None
CREDENTIAL = Credential("ARGOCD_AUTH_TOKEN")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_ENVIRONMENTS = ("app.kubernetes.io/environment", "environment", "env")


def fetch(client: HttpClient, subject: str) -> Fetched:
    """The application, or all that the token may see; the API has no pages."""
    if not _NAME.fullmatch(subject):
        raise UsageError(f"argocd: {SUBJECT} is needed")
    answer = client.ask(applications_request(subject))
    value = answer.json_object()
    if subject == "all" and "items" not in value:
        raise ParseError(answer.source, "items", "a list of applications is expected")
    return with_pages(value, f"argocd:{subject}", None)


def applications_request(subject: str) -> Request:
    """Asks for one application, or for all of them."""
    path = "api/v1/applications"
    return Request(path=path if subject == "all" else f"{path}/{quote(subject)}")


def read(document: Document) -> ReadDeployments:
    """The syncs of all applications.

    Raises:
        ParseError: the document holds no application of Argo CD.
    """
    value = document.json
    listed = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and "items" in value:
        listed = value["items"] if value["items"] is not None else []
    if not isinstance(listed, list):
        raise document.error("items", "a list of applications is expected")
    reading = Reading()
    for index, application in enumerate(listed):
        status = mapping(application).get("status")
        name = text(mapping(mapping(application).get("metadata")).get("name"))
        if name is None or not isinstance(status, dict):
            raise document.error(f"application {index + 1}", "no application: no name or status")
        _add(reading, name, application, status)
    return reading.result()


def _add(
    reading: Reading, name: str, application: Mapping[str, Any], status: Mapping[str, Any]
) -> None:
    metadata = mapping(application.get("metadata"))
    labels = mapping(metadata.get("labels"))
    place = f"{text(metadata.get('namespace')) or 'argocd'}/{name}"
    shared: dict[str, Any] = {
        "service": text(labels.get("app.kubernetes.io/name")) or name,
        "environment": next((e for one in _ENVIRONMENTS if (e := text(labels.get(one)))), None),
    }
    for entry in map(mapping, items(status.get("history"))):
        finished_at, revision = moment(entry.get("deployedAt")), _revision(entry)
        if finished_at is None or revision is None:
            reading.leave_out("no time or no revision")
            continue
        serial = count(entry.get("id"))
        reading.add(
            FoundDeployment(
                # A new application of the same name counts from 0 again.
                identity=f"{place}/{serial}/{finished_at:%Y%m%dT%H%M%S}",
                revision=revision,
                started_at=moment(entry.get("deployStartedAt")) or finished_at,
                finished_at=finished_at,
                outcome=DeploymentOutcome.SUCCEEDED,
                reason=f"Argo CD: {place} synced, history {serial}",
                **shared,
            )
        )
    _add_failed(reading, place, mapping(status.get("operationState")), shared)


def _add_failed(
    reading: Reading, place: str, operation: Mapping[str, Any], shared: Mapping[str, Any]
) -> None:
    """The last operation, where it was a sync that failed."""
    phase = operation.get("phase")
    if phase == "Running":
        reading.leave_out("not finished")
    if phase not in ("Failed", "Error"):
        return
    synced = mapping(operation.get("syncResult")) or mapping(
        mapping(operation.get("operation")).get("sync")
    )
    finished_at, revision = moment(operation.get("finishedAt")), _revision(synced)
    if finished_at is None or revision is None:
        reading.leave_out("no time or no revision")
        return
    said = text(operation.get("message"))
    reading.add(
        FoundDeployment(
            identity=f"{place}/failed/{finished_at:%Y%m%dT%H%M%S}",
            revision=revision,
            started_at=moment(operation.get("startedAt")) or finished_at,
            finished_at=finished_at,
            outcome=DeploymentOutcome.FAILED,
            reason=f"Argo CD: {phase}{f': {said}' if said else ''}",
            **shared,
        )
    )


def _revision(entry: Mapping[str, Any]) -> str | None:
    """The revision; of an application of several sources that of the first."""
    return text(entry.get("revision")) or next(iter(texts(entry.get("revisions"))), None)
