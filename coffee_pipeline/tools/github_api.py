"""What the clients of GitHub's API have in common: address, token, version, repositories."""

from __future__ import annotations

import re

from coffee_pipeline.errors import UsageError
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Request

URL = "https://api.github.com"
"""GitHub Enterprise Server has its API at https://HOST/api/v3."""
CREDENTIAL = Credential("GITHUB_TOKEN")
SUBJECT = "repository: owner/name"
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE_SIZE = 100
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")


def repository(subject: str) -> str:
    """``owner/name``.

    Raises:
        UsageError: it is something else.
    """
    if not _REPOSITORY.fullmatch(subject):
        raise UsageError(f"{subject[:100]!r}: {SUBJECT} is needed")
    return subject


def list_request(subject: str, path: str, **parameters: str) -> Request:
    """Asks for the first page of a list below a repository."""
    return Request(
        path=f"repos/{repository(subject)}/{path}",
        parameters={**parameters, "per_page": str(PAGE_SIZE)},
        headers=HEADERS,
    )
