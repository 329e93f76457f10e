"""What the processes of Dagster are given of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.cli.application import application_environment
from coffee_pipeline.home import Home
from coffee_pipeline.platform.loading import load_platform

PLATFORM = """\
version: 1
name: kitchen
metrics:
  levels: {url: "http://prometheus:9090", token_variable: PROMETHEUS_TOKEN,
           application_key_variable: EVENTS_APPLICATION_KEY}
  traces: {store: jaeger, url: "http://jaeger:16686", token_variable: JAEGER_TOKEN}
deployment_markers:
  - {to: grafana, url: "http://grafana:3000", token_variable: MARKS_TOKEN}
security: {receiver: {github_secret: WEBHOOKS_OF_GITHUB}}
notifications:
  channels:
    - {kind: slack, url_variable: SLACK_ADDRESS}
    - {kind: pagerduty, routing_key_variable: ROUTING_KEY}
    - {kind: alertmanager, url: "http://alertmanager:9093", token_variable: ALERTS_TOKEN}
"""
NAMED = {
    "PROMETHEUS_TOKEN", "EVENTS_APPLICATION_KEY", "JAEGER_TOKEN", "MARKS_TOKEN", "SLACK_ADDRESS",
    "ROUTING_KEY", "ALERTS_TOKEN",
}  # fmt: skip
OWN = {"COFFEE_GRAFANA_TOKEN", "OTEL_EXPORTER_OTLP_ENDPOINT"}
OTHERS = {"GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "WEBHOOKS_OF_GITHUB", "ZIPKIN_TOKEN"}


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    path = tmp_path / "platform.yaml"
    path.write_text(PLATFORM)
    load_platform(path)  # it is a valid one
    return path


def test_the_named_secrets_and_the_own_settings_are_passed_and_nothing_else(
    home: Home, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMED | OWN | OTHERS:
        monkeypatch.setenv(name, f"value of {name}")
    passed = application_environment(home, platform)
    given = {name: value for name, value in passed.items() if value.startswith("value of ")}
    assert given == {name: f"value of {name}" for name in NAMED | OWN}


def test_a_named_variable_that_is_not_set_is_not_made_up(
    home: Home, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)
    assert not NAMED & application_environment(home, platform).keys()
    assert application_environment(home, platform)["COFFEE_PLATFORM"] == str(platform)
