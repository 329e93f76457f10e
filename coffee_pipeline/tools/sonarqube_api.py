"""SonarQube's web API: issues and security hotspots of a project, as ``sonarqube`` reads them.

``GET /api/issues/search`` and ``GET /api/hotspots/search``, pages of ``p`` and ``ps`` up to 500,
of which the server gives the first 10,000 results only. A project with more issues is asked for
severity by severity; what is more than that is said to be missing. SonarQube finds no issue in a
project that does not exist, so it is asked first whether and when it analysed the project.
https://next.sonarqube.com/sonarqube/web_api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coffee_pipeline.errors import ParseError, ToolError, TransientError, UsageError
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools.fetched import Fetched, document, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.http_pages import Page, collect
from coffee_pipeline.tools.json_fields import count, items, mapping, text

NAME = "sonarqube"
TITLE = "SonarQube web API: issues and hotspots"
FORMAT = "sonarqube"
SUBJECT = "project key, or project key and branch: shop@main"
URL = None
CREDENTIAL = Credential("SONAR_TOKEN")
PAGE_SIZE = 500
RESULT_LIMIT = 10_000
"""Results of one search that the server gives, whatever the pages."""
SEVERITIES = ("BLOCKER", "CRITICAL", "MAJOR", "MINOR", "INFO")


@dataclass(slots=True)
class _Found:
    """Entries under one name, what the pages say beside them, and why they are not all."""

    entries: list[Any] = field(default_factory=list)
    components: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    total: int = 0
    reason: str | None = None


def fetch(client: HttpClient, subject: str) -> Fetched:
    """Issues and hotspots of the project."""
    project, _, branch = subject.partition("@")
    if not project:
        raise UsageError(f"sonarqube: {SUBJECT} is needed")
    source = f"sonarqube:{subject}"
    where = {"branch": branch} if branch else {}
    analysed = client.ask(analyses_request(project, where)).json_object()
    if not items(analysed.get("analyses")):
        return Fetched(
            document(_report(_Found(), _Found()), source),
            Outcome.NOT_RUN,
            f"SonarQube has not analysed {subject} yet",
        )
    issues = _issues(client, project, where)
    hotspots = _hotspots(client, project, where)
    return with_pages(_report(issues, hotspots), source, issues.reason or hotspots.reason)


def analyses_request(project: str, where: Mapping[str, str]) -> Request:
    """Asks for the last analysis of a project; 404 where there is no such project."""
    return Request(
        path="api/project_analyses/search", parameters={"project": project, "ps": "1", **where}
    )


def issues_request(project: str, where: Mapping[str, str]) -> Request:
    """Asks for the first page of issues."""
    parameters = {"componentKeys": project, "additionalFields": "rules", "ps": str(PAGE_SIZE)}
    return Request(path="api/issues/search", parameters={**parameters, **where, "p": "1"})


def hotspots_request(project: str, where: Mapping[str, str]) -> Request:
    """Asks for the first page of security hotspots."""
    parameters = {"projectKey": project, "ps": str(PAGE_SIZE), **where, "p": "1"}
    return Request(path="api/hotspots/search", parameters=parameters)


def page(answer: Answer, request: Request, name: str, found: _Found) -> Page:
    """The page of entries called ``name``; components and rules beside them go into ``found``.

    Raises:
        ParseError: the answer has no such list or no total.
    """
    value = answer.json_object()
    entries = value.get(name)
    paging = mapping(value.get("paging"))
    total = count(paging.get("total"))
    if not isinstance(entries, list) or total is None:
        raise ParseError(answer.source, name, "no page of SonarQube: its list or its total lacks")
    for component in map(mapping, items(value.get("components"))):
        if key := text(component.get("key")):
            found.components[key] = component
    for rule in map(mapping, items(value.get("rules"))):
        if key := text(rule.get("key")):
            found.rules[key] = rule
    number = int(request.parameters["p"])
    # The server may give fewer on a page than it was asked for.
    size = count(paging.get("pageSize")) or PAGE_SIZE
    more = bool(entries) and number * size < min(total, RESULT_LIMIT)
    following = {**request.parameters, "p": str(number + 1)}
    return Page(
        entries, Request(path=request.path, parameters=following) if more else None, total=total
    )


def _issues(client: HttpClient, project: str, where: Mapping[str, str]) -> _Found:
    """All issues in one search, or in one for each severity where that gives too few."""
    first = issues_request(project, where)
    found = _search(client, first, "issues")
    if found.total <= RESULT_LIMIT:
        return found
    whole = _Found(total=found.total)
    for severity in SEVERITIES:
        narrowed = Request(path=first.path, parameters={**first.parameters, "severities": severity})
        try:
            part = _search(client, narrowed, "issues")
        except (ToolError, TransientError) as error:
            part = _Found(reason=str(error))
        whole.entries += part.entries
        whole.components.update(part.components)
        whole.rules.update(part.rules)
        if part.reason:
            whole.reason = whole.reason or f"{severity} issues: {part.reason}"
    if whole.reason is None and len(whole.entries) < whole.total:
        whole.reason = f"{len(whole.entries)} of {whole.total} issues were given"
    return whole


def _hotspots(client: HttpClient, project: str, where: Mapping[str, str]) -> _Found:
    try:
        return _search(client, hotspots_request(project, where), "hotspots")
    except (ToolError, TransientError) as error:
        return _Found(reason=f"hotspots: {error}")


def _search(client: HttpClient, first: Request, name: str) -> _Found:
    found = _Found()
    collected = collect(client, first, lambda answer, asked: page(answer, asked, name, found))
    found.entries, found.total = collected.entries, collected.total or 0
    found.reason = collected.reason
    if found.total > RESULT_LIMIT:
        given = f"{len(found.entries)} of {found.total} {name}"
        found.reason = f"{given}: SonarQube gives the first {RESULT_LIMIT} of a search"
    return found


def _report(issues: _Found, hotspots: _Found) -> dict[str, Any]:
    """Both searches as one document of the API's own shape."""
    given = len(issues.entries) + len(hotspots.entries)
    components: Sequence[Any] = [*{**issues.components, **hotspots.components}.values()]
    return {
        "paging": {"pageIndex": 1, "pageSize": given, "total": given},
        "components": components,
        "issues": issues.entries,
        "hotspots": hotspots.entries,
        "rules": [*issues.rules.values()],
    }
