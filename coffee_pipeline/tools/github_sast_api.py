"""GitHub's REST API: the code scanning alerts of a repository.

``GET /repos/{owner}/{repo}/code-scanning/alerts``, pages by the ``Link`` header. Where nothing was
analysed GitHub answers 404, where it may not be 403: errors, not zero alerts.
https://docs.github.com/rest/code-scanning/code-scanning
"""

from __future__ import annotations

from coffee_pipeline.tools import github_api
from coffee_pipeline.tools.fetched import Fetched, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_pages import by_link, collect

NAME = "github_sast"
TITLE = "GitHub REST API: code scanning alerts"
FORMAT = "github_sast"
SUBJECT = github_api.SUBJECT
URL = github_api.URL
CREDENTIAL = github_api.CREDENTIAL


def fetch(client: HttpClient, subject: str) -> Fetched:
    """All alerts of the repository, whatever their state."""
    found = collect(client, github_api.list_request(subject, "code-scanning/alerts"), by_link)
    return with_pages(found.entries, f"github:{subject}", found.reason)
