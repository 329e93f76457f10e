"""Where deployments are recorded, by name. A new source is its own file and one line here."""

from __future__ import annotations

from typing import Protocol

from coffee_pipeline.tools import (
    argocd_history,
    flux_status,
    github_deployments,
    gitlab_deployments,
    jenkins_builds,
)
from coffee_pipeline.tools.deployment_records import ReadDeployments
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential


class DeploymentSource(Protocol):
    """A source is a module with these names."""

    NAME: str
    TITLE: str

    def read(self, document: Document) -> ReadDeployments:
        """The deployments in an export, or in what was fetched.

        Raises:
            ParseError: it is no export of this source.
        """
        ...


class DeploymentClient(DeploymentSource, Protocol):
    """A source with an API; see :class:`coffee_pipeline.tools.fetched.ReportClient`."""

    SUBJECT: str

    @property
    def URL(self) -> str | None:  # noqa: N802  # a constant of a module
        """The usual address."""
        ...

    @property
    def CREDENTIAL(self) -> Credential:  # noqa: N802
        """How its token is sent, and which variable usually holds it."""
        ...

    def fetch(self, client: HttpClient, subject: str) -> Fetched:
        """The document about ``subject`` that ``read`` reads.

        Raises:
            UsageError: no such subject can be.
            ToolError, TransientError, ParseError: the API refuses, fails or answers nonsense
                before anything could be read.
        """
        ...


DEPLOYMENT_CLIENTS: dict[str, DeploymentClient] = {
    argocd_history.NAME: argocd_history,
    github_deployments.NAME: github_deployments,
    gitlab_deployments.NAME: gitlab_deployments,
    jenkins_builds.NAME: jenkins_builds,
}
"""Sources whose API is spoken."""

DEPLOYMENT_SOURCES: dict[str, DeploymentSource] = {
    **DEPLOYMENT_CLIENTS,
    flux_status.NAME: flux_status,
}
"""Sources whose exports are read. Flux has no API but that of Kubernetes."""
