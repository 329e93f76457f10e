"""Snyk's REST API: the issues of an organisation or of one of its projects.

``GET /rest/orgs/{org}/issues`` with ``version`` and ``limit``; ``links.next`` leads to the next
page and is a path, a whole URL, or an object with ``href``. An organisation without projects has
no issues either, so it is asked first what there is to look at.
https://docs.snyk.io/snyk-api/reference/issues
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools.fetched import Fetched, document, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.http_pages import Page, collect
from coffee_pipeline.tools.json_fields import mapping, text

NAME = "snyk"
TITLE = "Snyk REST API: issues of an organisation or project"
FORMAT = "snyk_issues"
SUBJECT = "organisation id, or organisation and project id: ORG/PROJECT"
URL = "https://api.snyk.io"
CREDENTIAL = Credential("SNYK_TOKEN", prefix="token ")
VERSION = "2024-10-15"
PAGE_SIZE = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_HEADERS = {"Accept": "application/vnd.api+json"}


def fetch(client: HttpClient, subject: str) -> Fetched:
    """All issues of the organisation, or of its project."""
    organisation, _, project = subject.partition("/")
    if not all(_NAME.fullmatch(name) for name in (organisation, project or "none")):
        raise UsageError(f"snyk: {SUBJECT} is needed")
    source = f"snyk:{subject}"
    if not _projects(client.ask(projects_request(organisation, project))):
        empty = document({"jsonapi": {"version": "1.0"}, "data": []}, source)
        return Fetched(empty, Outcome.NOT_RUN, f"Snyk watches no project in {organisation}")
    found = collect(client, issues_request(organisation, project), page)
    return with_pages({"jsonapi": {"version": "1.0"}, "data": found.entries}, source, found.reason)


def projects_request(organisation: str, project: str = "") -> Request:
    """Asks for the project, or for any one of the organisation."""
    path = f"rest/orgs/{quote(organisation)}/projects"
    parameters = {"version": VERSION}
    if project:
        return Request(path=f"{path}/{quote(project)}", parameters=parameters, headers=_HEADERS)
    return Request(path=path, parameters={**parameters, "limit": "10"}, headers=_HEADERS)


def issues_request(organisation: str, project: str = "") -> Request:
    """Asks for the first page of issues."""
    parameters = {"version": VERSION, "limit": str(PAGE_SIZE)}
    if project:
        parameters |= {"scan_item.id": project, "scan_item.type": "project"}
    path = f"rest/orgs/{quote(organisation)}/issues"
    return Request(path=path, parameters=parameters, headers=_HEADERS)


def page(answer: Answer, request: Request) -> Page:
    """The page of issues in an answer.

    Raises:
        ParseError: it has no list of data.
    """
    value = answer.json_object()
    entries = value.get("data")
    if not isinstance(entries, list):
        raise ParseError(answer.source, "data", "a list of issues is expected")
    link = mapping(value.get("links")).get("next")
    address = text(link) or text(mapping(link).get("href"))
    return Page(entries, None if address is None else _following(address, request))


def _following(address: str, request: Request) -> Request:
    """The next page: the link's query at the same path; with or without host and ``/rest``."""
    if "//" in address.partition("?")[0]:
        return Request(path=address, headers=request.headers)
    path, _, query = address.partition("?")
    path = path.lstrip("/")
    path = path if path.startswith("rest/") else f"rest/{path}"
    return Request(path=path, parameters=dict(parse_qsl(query)), headers=request.headers)


def _projects(answer: Answer) -> bool:
    data = answer.json_object().get("data")
    if not isinstance(data, list | dict):
        raise ParseError(answer.source, "data", "projects are expected")
    return bool(data)
