"""GitHub: what its webhooks tell of deployments, and of issues that are incidents.

A deployment is of the service that its payload or its environment names. An issue is an incident
by its label; labels ``service:NAME``, ``environment:NAME`` and ``severity:WORD`` say more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, number, required_text, text
from coffee_pipeline.tools.told import (
    Change,
    DeploymentEnd,
    IncidentEvent,
    Told,
    json_object,
    moment,
    named,
    required_moment,
)

NAME = "github"
_ENDS = {"success": True, "failure": False, "error": False}
_CHANGES = {
    "opened": Change.OPENED,
    "labeled": Change.OPENED,
    "reopened": Change.REOPENED,
    "closed": Change.RESOLVED,
}


def reader(incident_labels: Sequence[str]) -> Callable[[Document, str | None], Told]:
    """Reads messages; ``incident_labels`` are those that make an issue an incident."""
    wanted = {label.lower() for label in incident_labels}

    def read(document: Document, event: str | None) -> Told:
        """What the message tells; most kinds of messages are passed over.

        Raises:
            ParseError: it is not what the kind in its header says.
        """
        said = json_object(document)
        if event == "deployment_status":
            return _deployment(said, document)
        if event == "issues":
            return _issue(said, wanted, document)
        return Told(passed_over=f"GitHub event {event or 'without a kind'}")

    return read


def _deployment(said: Mapping[str, Any], document: Document) -> Told:
    status, deployment = mapping(said.get("deployment_status")), mapping(said.get("deployment"))
    state = required_text(status, "state", "deployment_status", document)
    succeeded = _ENDS.get(state)
    if succeeded is None:
        return Told(passed_over=f"a deployment that is {state[:40]}")
    identity = number(deployment.get("id")) or deployment.get("id")
    if not isinstance(identity, int) or isinstance(identity, bool):
        raise document.error("deployment", "'id' is no number")
    environments = named(deployment, ("environment", "original_environment"))
    payload = mapping(deployment.get("payload"))
    parts = [part for name in environments for part in name.replace(":", "/").split("/")]
    return Told(deployments=[
        DeploymentEnd(
            source=NAME,
            deployment=str(identity),
            succeeded=succeeded,
            revision=required_text(deployment, "sha", "deployment", document),
            started_at=required_moment(deployment, "created_at", "deployment", document),
            finished_at=required_moment(status, "created_at", "deployment_status", document),
            services=(*named(payload, ("service", "component", "app")), *parts),
            environments=(*environments, *parts),
            reason=text(status.get("description")),
        )
    ])  # fmt: skip


def _issue(said: Mapping[str, Any], wanted: set[str], document: Document) -> Told:
    issue, repository = mapping(said.get("issue")), mapping(said.get("repository"))
    change = _CHANGES.get(required_text(said, "action", "line 1", document))
    labels = [text(mapping(label).get("name")) or "" for label in items(issue.get("labels"))]
    if change is None or wanted.isdisjoint(label.lower() for label in labels):
        return Told(passed_over="an issue that is no incident, or nothing that changes one")
    opened = required_moment(issue, "created_at", "issue", document)
    when = {
        Change.OPENED: opened,
        Change.RESOLVED: moment(issue.get("closed_at")) or moment(issue.get("updated_at")),
        Change.REOPENED: moment(issue.get("updated_at")),
    }[change]
    identity = number(issue.get("number"))
    if identity is None or when is None:
        raise document.error("issue", "'number' or the time of the change is missing")
    return Told([
        IncidentEvent(
            source=NAME,
            incident=f"{text(repository.get('full_name')) or 'repository'}#{identity}",
            change=change,
            at=when,
            opened_at=opened,
            title=text(issue.get("title")),
            severity=next(iter(_marked(labels, "severity")), None),
            services=_marked(labels, "service"),
            environments=_marked(labels, "environment"),
        )
    ])  # fmt: skip


def _marked(labels: Sequence[str], mark: str) -> tuple[str, ...]:
    """What labels of the form ``mark:value`` or ``mark/value`` say."""
    found = (
        label[len(mark) + 1 :].strip()
        for label in labels
        if label.lower().startswith((f"{mark}:", f"{mark}/"))
    )
    return tuple(value for value in found if value)
