"""The APIs that reports are fetched from, by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.errors import UsageError
from coffee_pipeline.tools import (
    github_sast_api,
    github_vulnerability_api,
    github_vulnerability_graphql_api,
    snyk_api,
    sonarqube_api,
    sysdig_api,
)
from coffee_pipeline.tools.fetched import ReportClient

REPORT_CLIENTS: dict[str, ReportClient] = {
    github_sast_api.NAME: github_sast_api,
    github_vulnerability_api.NAME: github_vulnerability_api,
    github_vulnerability_graphql_api.NAME: github_vulnerability_graphql_api,
    snyk_api.NAME: snyk_api,
    sonarqube_api.NAME: sonarqube_api,
    sysdig_api.NAME: sysdig_api,
}


def client_of(name: str) -> ReportClient:
    """The client called ``name``.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in REPORT_CLIENTS:
        raise UsageError(
            f"{name}: no such API; reports are fetched of: {', '.join(REPORT_CLIENTS)}"
        )
    return REPORT_CLIENTS[name]
