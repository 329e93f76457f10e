"""Which environment variables a platform description names for its secrets."""

from __future__ import annotations

from coffee_pipeline.platform.credentials import credential_variables
from coffee_pipeline.platform.description import Platform


def test_variables_are_found_wherever_they_are_named() -> None:
    levels = {
        "url": "http://prometheus",
        "token_variable": "PROMETHEUS_TOKEN",
        "by_type": {
            "datadog": {
                "url": "http://datadog",
                "token_variable": "DATADOG_KEY",
                "application_key_variable": "DATADOG_APPLICATION_KEY",
            }
        },
    }
    marks = [{"to": "grafana", "url": "http://grafana", "token_variable": "GRAFANA_TOKEN"}]
    described = {"name": "tea", "metrics": {"levels": levels}, "deployment_markers": marks}
    assert credential_variables(Platform.model_validate(described)) == {
        "PROMETHEUS_TOKEN",
        "DATADOG_KEY",
        "DATADOG_APPLICATION_KEY",
        "GRAFANA_TOKEN",
    }
