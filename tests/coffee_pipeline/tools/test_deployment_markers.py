from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coffee_pipeline.errors import ToolError, TransientError, UsageError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.tools.deployment_markers import MARKER_TARGETS, send
from coffee_pipeline.tools.http_message import AnswerError

DEPLOYED = Deployment(
    deployment_id="20260301-1", service="menu", environment="production", revision="a" * 40,
    artifact_digest="sha256:aa", strategy="canary", cause="delivery", previous_revision="b" * 40,
    started_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    finished_at=datetime(2026, 3, 1, 9, 5, tzinfo=UTC), outcome="succeeded", reason="promoted",
)  # fmt: skip
PATHS = {
    "grafana": "/api/annotations",
    "newrelic": "/graphql",
    "datadog": "/api/v1/events",
    "dynatrace": "/api/v2/events/ingest",
}
TAKEN = {
    "grafana": {"message": "Annotation added", "id": 7},
    "newrelic": {"data": {"changeTrackingCreateDeployment": {"deploymentId": "7"}}},
    "datadog": {"status": "ok", "event": {"id": 7, "id_str": "7"}},
    "dynatrace": {"reportCount": 1, "eventIngestResults": [{"correlationId": "7", "status": "OK"}]},
}
REFUSED = {
    "grafana": (401, {"message": "Invalid API key"}, "Invalid API key"),
    "newrelic": (200, {"data": None, "errors": [{"message": "Invalid timestamp"}]}, "timestamp"),
    "datadog": (403, {"errors": ["Forbidden"]}, "Forbidden"),
    "dynatrace": (400, {"error": {"code": 400, "message": "Invalid selector"}}, "Invalid selector"),
}


def sent(api, name: str, deployment: Deployment = DEPLOYED, place: str | None = "P") -> str:
    target = MARKER_TARGETS[name]
    with api.client(target.credential) as client:
        return send(client, target, deployment, place)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_mark_is_set_once(api, reply, name: str) -> None:
    status = {"datadog": 202, "dynatrace": 201}.get(name, 200)
    api.on(PATHS[name], reply(TAKEN[name], status))
    assert sent(api, name) == "7"
    (asked,) = api.asked
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/json")


def test_what_each_is_told(api, reply) -> None:
    for name, path in PATHS.items():
        api.on(path, reply(TAKEN[name]))
        sent(api, name)
    grafana, newrelic, datadog, dynatrace = api.asked
    title = "Deployment of menu aaaaaaaaaaaa to production: succeeded"
    assert grafana.body == {
        "time": 1772355600000, "timeEnd": 1772355900000, "dashboardUID": "P", "text": title,
        "tags": ["deployment", "service:menu", "env:production", f"version:{'a' * 40}",
                 "outcome:succeeded"],
    }  # fmt: skip
    tracked = newrelic.body["variables"]["deployment"]
    assert (tracked["entityGuid"], tracked["commit"], tracked["deploymentType"]) == (
        "P", "a" * 40, "CANARY",
    )  # fmt: skip
    assert "changeTrackingCreateDeployment" in newrelic.body["query"]
    assert (datadog.body["title"], datadog.body["alert_type"], datadog.body["host"]) == (
        title, "info", "P",
    )  # fmt: skip
    assert (dynatrace.body["eventType"], dynatrace.body["entitySelector"]) == (
        "CUSTOM_DEPLOYMENT", "P",
    )  # fmt: skip
    token = "s3cr3t-value-of-no-known-shape"
    assert [grafana.headers["authorization"], newrelic.headers["api-key"],
            datadog.headers["dd-api-key"], dynatrace.headers["authorization"]] == [
        f"Bearer {token}", token, token, f"Api-Token {token}",
    ]  # fmt: skip


def test_failures_and_rollbacks_are_told_as_such(api, reply) -> None:
    for name, path in PATHS.items():
        api.on(path, reply(TAKEN[name]))
    sent(api, "datadog", replace(DEPLOYED, outcome="failed"), None)
    sent(api, "grafana", replace(DEPLOYED, strategy="rollback"), None)
    assert api.asked[0].body["alert_type"] == "error"
    assert "host" not in api.asked[0].body
    assert api.asked[1].body["text"].startswith("Rollback of menu")
    with pytest.raises(UsageError, match="GUID"):
        sent(api, "newrelic", place=None)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_refusal_says_why(api, reply, name: str) -> None:
    status, body, words = REFUSED[name]
    api.on(PATHS[name], reply(body, status))
    with pytest.raises(ToolError, match=words):
        sent(api, name)
    assert len(api.asked) == 1


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_mark_is_not_sent_twice_where_nobody_knows_if_it_is_there(api, reply, name: str) -> None:
    api.on(PATHS[name], reply({}, 500), reply(TAKEN[name]))
    with pytest.raises(TransientError):
        sent(api, name)
    assert len(api.asked) == 1
    api.on(PATHS[name], reply({}, 429, {"Retry-After": "2"}), reply(TAKEN[name]))
    assert sent(api, name) == "7"


@pytest.mark.parametrize("name", sorted(PATHS))
@pytest.mark.parametrize("body", [{}, {"id": True}, {"event": 3}, {"data": {}}])
def test_an_answer_that_names_no_mark_is_no_success(api, reply, name: str, body: object) -> None:
    api.on(PATHS[name], reply(body))
    with pytest.raises(ToolError):
        sent(api, name)


def test_dynatrace_may_refuse_with_status_201(api, reply) -> None:
    results = [{"correlationId": "7", "status": "INVALID_TIMESTAMPS"}]
    api.on(PATHS["dynatrace"], reply({"eventIngestResults": results}, 201))
    with pytest.raises(ToolError, match="INVALID_TIMESTAMPS"):
        sent(api, "dynatrace")
    assert AnswerError("x", 1).status == 1
