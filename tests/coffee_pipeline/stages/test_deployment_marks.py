"""Marks after rollouts: set where they are wanted, told where they could not be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.telemetry import MarkerSettings
from coffee_pipeline.stages.deployment_marks import marked
from tests.coffee_pipeline.stages.test_delivery_trace import DEPLOYED

EVIDENCE = Evidence(
    materialization="rollout/production/menu/d-1", outcome=Outcome.COMPLETED, reason="promoted",
    records=(DEPLOYED, replace(DEPLOYED, deployment_id="d-0", environment="staging")),
)  # fmt: skip


def platform(*markers: dict[str, object]) -> Platform:
    return Platform.model_validate({"name": "shop", "deployment_markers": markers})


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COFFEE_GRAFANA_TOKEN", "COFFEE_DD_API_KEY", "MINE"):
        monkeypatch.setenv(name, "s3cr3t")


@pytest.mark.usefixtures("tokens")
def test_production_is_marked_in_every_system(api, reply) -> None:
    api.on("/api/annotations", reply({"id": 7}))
    api.on("/api/v1/events", reply({"event": {"id": 8}}))
    said: list[str] = []
    shop = platform(
        {"to": "grafana", "url": api.url},
        {"to": "datadog", "url": api.url, "services": ["menu"], "token_variable": "MINE"},
        {"to": "datadog", "url": api.url, "services": ["orders"]},
    )
    assert marked(shop, EVIDENCE, said.append) == EVIDENCE
    assert said == ["grafana: 7 marks d-1", "datadog: 8 marks d-1"]
    assert [one.path for one in api.asked] == ["/api/annotations", "/api/v1/events"]


def test_without_markers_nothing_is_asked(api) -> None:
    assert marked(platform(), EVIDENCE, print) is EVIDENCE
    assert api.asked == []


@pytest.mark.usefixtures("tokens")
def test_a_mark_that_fails_is_told_and_fails_nothing_else(api, reply, monkeypatch) -> None:
    api.on("/api/annotations", reply({"message": "Invalid API key s3cr3t"}, 401))
    api.on("/api/v1/events", reply({"event": {"id": 8}}))
    monkeypatch.delenv("COFFEE_DYNATRACE_API_TOKEN", raising=False)
    said: list[str] = []
    shop = platform(
        {"to": "grafana", "url": api.url},
        {"to": "dynatrace", "url": api.url},
        {"to": "datadog", "url": api.url},
    )
    found = marked(shop, EVIDENCE, said.append)
    assert (found.outcome, found.records) == (Outcome.COMPLETED, EVIDENCE.records)
    assert found.reason is not None
    assert found.reason.startswith("promoted; grafana: no mark of d-1: ")
    assert "Invalid API key" in found.reason
    assert "COFFEE_DYNATRACE_API_TOKEN: this environment variable" in found.reason
    assert "s3cr3t" not in " ".join((found.reason, *said))
    assert said[-1] == "datadog: 8 marks d-1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"to": "grafana"}, "url is needed"),
        ({"to": "newrelic"}, "GUID"),
        ({"to": "nagios"}, "grafana"),
        ({"to": "datadog", "url": "https://user:word@example.com"}, "pattern"),
    ],
)
def test_what_can_never_be_sent_is_refused_at_once(settings, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MarkerSettings.model_validate(settings)
