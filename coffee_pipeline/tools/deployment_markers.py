"""Deployments as marks in monitoring systems: one request each, and how to read its answer.

- Grafana: ``POST /api/annotations``
  https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
- New Relic: NerdGraph's ``changeTrackingCreateDeployment``; errors come with status 200
  https://docs.newrelic.com/docs/change-tracking/change-tracking-graphql/
- Datadog: ``POST /api/v1/events`` https://docs.datadoghq.com/api/latest/events/
- Dynatrace: ``POST /api/v2/events/ingest`` of type CUSTOM_DEPLOYMENT
  https://docs.dynatrace.com/docs/dynatrace-api/environment-api/events-v2/post-event

A mark that was sent twice is there twice, so a request is repeated only where the server has said
that it took nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coffee_pipeline.errors import ToolError, UsageError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.json_fields import items, mapping, text

_MUTATION = """
mutation ($deployment: ChangeTrackingDeploymentInput!) {
  changeTrackingCreateDeployment(deployment: $deployment) { deploymentId entityGuid }
}
"""


@dataclass(frozen=True, slots=True)
class MarkerTarget:
    """A monitoring system that takes marks.

    ``place`` says what its requests call the thing that was deployed (a dashboard, an entity);
    ``request`` builds the request, ``read`` takes the mark's id from an answer or raises
    ``ToolError``.
    """

    name: str
    title: str
    url: str | None
    credential: Credential
    place: str
    request: Callable[[Deployment, str | None], Request]
    read: Callable[[Answer], str]


def send(
    client: HttpClient, target: MarkerTarget, deployment: Deployment, place: str | None
) -> str:
    """Set the mark and return its id there.

    Raises:
        UsageError: the target needs a place.
        ToolError, TransientError, ParseError: the mark was refused, or nobody knows.
    """
    return target.read(client.ask(target.request(deployment, place)))


def grafana_request(deployment: Deployment, place: str | None) -> Request:
    """An annotation over the time of the deployment; of every dashboard, or of one by its UID."""
    body: dict[str, Any] = {
        "time": _milliseconds(deployment.started_at),
        "timeEnd": _milliseconds(deployment.finished_at),
        "tags": ["deployment", *_tags(deployment)],
        "text": _title(deployment),
    }
    return _post("api/annotations", {**body, **({"dashboardUID": place} if place else {})})


def grafana_read(answer: Answer) -> str:
    """The annotation's id."""
    return _identity(answer, answer.json_object().get("id"))


def new_relic_request(deployment: Deployment, place: str | None) -> Request:
    """A deployment of the entity whose GUID is ``place``."""
    if not place:
        raise UsageError("newrelic: the GUID of the entity is needed")
    rollback = deployment.strategy == "rollback"
    tracked = {
        "entityGuid": place,
        "version": deployment.artifact_digest or deployment.revision,
        "commit": deployment.revision,
        "deploymentType": "CANARY" if deployment.strategy == "canary" else "OTHER" if rollback
        else "BASIC",
        "description": _title(deployment),
        "groupId": deployment.deployment_id,
        "timestamp": _milliseconds(deployment.finished_at),
        "user": "coffee-pipeline",
    }  # fmt: skip
    return _post("graphql", {"query": _MUTATION, "variables": {"deployment": tracked}})


def new_relic_read(answer: Answer) -> str:
    """The deployment's id."""
    value = answer.json_object()
    errors = [text(mapping(one).get("message")) for one in items(value.get("errors"))]
    if errors:
        raise ToolError(f"{answer.source}: New Relic says: {excerpt(errors[0] or 'an error', 300)}")
    made = mapping(mapping(value.get("data")).get("changeTrackingCreateDeployment"))
    return _identity(answer, made.get("deploymentId"))


def datadog_request(deployment: Deployment, place: str | None) -> Request:
    """An event; ``place`` is the host it is about, if any."""
    failed = deployment.outcome != DeploymentOutcome.SUCCEEDED
    body = {
        "title": _title(deployment)[:100],
        "text": deployment.reason[:4000],
        "date_happened": int(deployment.finished_at.timestamp()),
        "alert_type": "error" if failed else "info",
        "aggregation_key": deployment.deployment_id[:100],
        "tags": _tags(deployment),
    }
    return _post("api/v1/events", {**body, **({"host": place} if place else {})})


def datadog_read(answer: Answer) -> str:
    """The event's id; newer answers have it as text, for it exceeds what JavaScript counts."""
    event = mapping(answer.json_object().get("event"))
    return _identity(answer, event.get("id_str") or event.get("id"))


def dynatrace_request(deployment: Deployment, place: str | None) -> Request:
    """A CUSTOM_DEPLOYMENT event of the entities that the selector ``place`` names."""
    body: dict[str, Any] = {
        "eventType": "CUSTOM_DEPLOYMENT",
        "title": _title(deployment)[:500],
        "startTime": _milliseconds(deployment.started_at),
        "endTime": _milliseconds(deployment.finished_at),
        "properties": {
            "dt.event.deployment.name": f"{deployment.service} to {deployment.environment}",
            "dt.event.deployment.version": deployment.revision,
            "dt.event.deployment.release_stage": deployment.environment,
            "outcome": deployment.outcome,
            "reason": deployment.reason[:4000],
        },
    }
    return _post("api/v2/events/ingest", {**body, **({"entitySelector": place} if place else {})})


def dynatrace_read(answer: Answer) -> str:
    """The first event's correlation id; status 201 alone does not say that it was taken."""
    results = [mapping(one) for one in items(answer.json_object().get("eventIngestResults"))]
    refused = [str(one.get("status"))[:100] for one in results if one.get("status") != "OK"]
    if refused:
        raise ToolError(f"{answer.source}: Dynatrace did not take the event: {refused[0]}")
    return _identity(answer, results[0].get("correlationId") if results else None)


MARKER_TARGETS = {
    target.name: target
    for target in (
        MarkerTarget(
            "grafana", "Grafana annotations", None, Credential("GRAFANA_TOKEN"),
            "UID of a dashboard; none: all", grafana_request, grafana_read,
        ),
        MarkerTarget(
            "newrelic", "New Relic change tracking (NerdGraph)", "https://api.newrelic.com",
            Credential("NEW_RELIC_API_KEY", header="API-Key", prefix=""),
            "GUID of the entity", new_relic_request, new_relic_read,
        ),
        MarkerTarget(
            "datadog", "Datadog events", "https://api.datadoghq.com",
            Credential("DD_API_KEY", header="DD-API-KEY", prefix=""),
            "host; none: no host", datadog_request, datadog_read,
        ),
        MarkerTarget(
            "dynatrace", "Dynatrace events v2", None,
            Credential("DYNATRACE_API_TOKEN", prefix="Api-Token "),
            "entity selector; none: the environment", dynatrace_request, dynatrace_read,
        ),
    )
}  # fmt: skip
"""The systems by name."""


def _post(path: str, body: dict[str, Any]) -> Request:
    return Request(path=path, method="POST", body=body, repeatable=False)


def _identity(answer: Answer, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ToolError(f"{answer.source}: the answer does not say that the mark was set")
    return str(value)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _title(deployment: Deployment) -> str:
    kind = "Rollback" if deployment.strategy == "rollback" else "Deployment"
    return (
        f"{kind} of {deployment.service} {deployment.revision[:12]} to "
        f"{deployment.environment}: {deployment.outcome}"
    )


def _tags(deployment: Deployment) -> list[str]:
    return [
        f"service:{deployment.service}",
        f"env:{deployment.environment}",
        f"version:{deployment.revision[:40]}",
        f"outcome:{deployment.outcome}",
    ]
