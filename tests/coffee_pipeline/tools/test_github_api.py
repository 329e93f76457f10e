from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError, ToolError, UsageError
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools import (
    github_sast,
    github_sast_api,
    github_vulnerability,
    github_vulnerability_api,
    github_vulnerability_graphql_api,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched
from coffee_pipeline.tools.http_message import AnswerError

REPORTS = Path(__file__).parent / "reports" / "github_vulnerability"
DEPENDABOT = "/repos/beans/shop/dependabot/alerts"
SCANNING = "/repos/beans/shop/code-scanning/alerts"


def fetch(api, module: Any, subject: str = "beans/shop") -> Fetched:
    with api.client(module.CREDENTIAL) as client:
        return module.fetch(client, subject)


def in_pages(api, reply, path: str, alerts: list[Any]) -> None:
    """One alert a page, with the links that GitHub sends."""

    def page(asked) -> Any:
        index = int(asked.query.get("after", "0"))
        link = f'<{api.url}{path}?per_page=100&after={index + 1}>; rel="next"'
        return reply(alerts[index : index + 1], 200, {"Link": link} if alerts[index + 1 :] else {})

    api.on(path, page)


def test_dependabot_alerts_of_all_pages_read_as_the_export(api, reply) -> None:
    export = Document.of_file(REPORTS / "rest.json")
    in_pages(api, reply, DEPENDABOT, export.json)
    fetched = fetch(api, github_vulnerability_api)
    found = github_vulnerability.read(fetched.document)
    assert fetched.outcome is None
    assert found == github_vulnerability.read(export)
    assert len(found.findings) == len(api.asked) == 2
    assert {asked.headers["x-github-api-version"] for asked in api.asked} == {"2022-11-28"}
    assert {asked.headers["authorization"][:7] for asked in api.asked} == {"Bearer "}


def test_a_page_that_cannot_be_had_is_partial(api, reply) -> None:
    export = json.loads((REPORTS / "rest.json").read_text())
    link = {"Link": f'<{api.url}{DEPENDABOT}?after=1>; rel="next"'}
    api.on(DEPENDABOT, reply(export[:1], 200, link), reply({"message": "Bad credentials"}, 401))
    fetched = fetch(api, github_vulnerability_api)
    assert fetched.outcome is Outcome.PARTIAL
    assert "Bad credentials" in str(fetched.reason)
    assert len(github_vulnerability.read(fetched.document).findings) == 1


def test_alerts_that_are_switched_off_are_an_error(api, reply) -> None:
    said = {"message": "Dependabot alerts are disabled for this repository."}
    api.on(DEPENDABOT, reply(said, 403))
    with pytest.raises(AnswerError, match="are disabled"):
        fetch(api, github_vulnerability_api)
    api.on(SCANNING, reply({"message": "no analysis found"}, 404))
    with pytest.raises(AnswerError, match="no analysis found"):
        fetch(api, github_sast_api)


def test_code_scanning_alerts_of_all_pages(api, reply) -> None:
    alerts = [
        {"number": number, "state": "open", "rule": {"id": "go/sql-injection", "severity": "error"},
         "tool": {"name": "CodeQL", "version": "2.20.0"},
         "most_recent_instance": {"location": {"path": "a.go", "start_line": number}}}
        for number in (1, 2, 3)
    ]  # fmt: skip
    in_pages(api, reply, SCANNING, alerts)
    found = github_sast.read(fetch(api, github_sast_api).document)
    assert found == github_sast.read(Document(json.dumps(alerts).encode(), "export"))
    assert [one.line for one in found.findings] == [1, 2, 3]


class GraphQl:
    """Pages of alerts by their cursor."""

    def __init__(self, reply, nodes: list[Any]) -> None:
        self.reply = reply
        self.nodes = nodes

    def __call__(self, asked) -> Any:
        index = int(asked.body["variables"]["after"] or 0)
        more = index + 1 < len(self.nodes)
        information = {"hasNextPage": more, "endCursor": str(index + 1) if more else None}
        nodes = self.nodes[index : index + 1]
        return self.reply({"data": {"repository": {
            "nameWithOwner": "beans/shop",
            "vulnerabilityAlerts": {"pageInfo": information, "nodes": nodes},
        }}})  # fmt: skip


def graphql_nodes() -> list[Any]:
    export = json.loads((REPORTS / "graphql.json").read_text())

    def nodes(value: Any) -> list[Any]:
        if isinstance(value, dict):
            if "vulnerabilityAlerts" in value:
                return list(value["vulnerabilityAlerts"]["nodes"])
            return [node for inner in value.values() for node in nodes(inner)]
        return [node for inner in value for node in nodes(inner)] if isinstance(value, list) else []

    return nodes(export)


def test_graphql_pages_read_as_the_export(api, reply) -> None:
    api.on("/graphql", GraphQl(reply, graphql_nodes()))
    fetched = fetch(api, github_vulnerability_graphql_api)
    report = github_vulnerability.read(fetched.document)
    export = github_vulnerability.read(Document.of_file(REPORTS / "graphql.json"))
    assert fetched.outcome is None
    assert report == export
    variables = [asked.body["variables"] for asked in api.asked]
    assert [one["after"] for one in variables] == [None, "1"]
    assert variables[0]["owner"] == "beans"


def test_graphql_errors_with_status_200(api, reply) -> None:
    nodes = graphql_nodes()
    whole = GraphQl(reply, nodes)
    failed = {"data": {"repository": None}, "errors": [{"message": "Could not resolve"}]}
    api.on("/graphql", reply(failed))
    with pytest.raises(ToolError, match="Could not resolve"):
        fetch(api, github_vulnerability_graphql_api)
    api.on("/graphql", lambda asked: reply(failed) if len(api.asked) > 2 else whole(asked))
    fetched = fetch(api, github_vulnerability_graphql_api)
    assert fetched.outcome is Outcome.PARTIAL
    assert "Could not resolve" in str(fetched.reason)
    api.on("/graphql", lambda asked: reply({**whole(asked).body, "errors": [{"message": "slow"}]}))
    fetched = fetch(api, github_vulnerability_graphql_api)
    assert fetched.reason == "GitHub says: slow"
    api.on("/graphql", reply({"data": {}}))
    with pytest.raises(ParseError, match="vulnerabilityAlerts"):
        fetch(api, github_vulnerability_graphql_api)


def test_graphql_queries_may_be_repeated(api, reply) -> None:
    whole = GraphQl(reply, graphql_nodes())
    api.on("/graphql", lambda asked: reply({}, 502) if len(api.asked) == 1 else whole(asked))
    assert fetch(api, github_vulnerability_graphql_api).outcome is None


@pytest.mark.parametrize("subject", ["shop", "a/b/c", "../shop", "beans/..", "beans/shop?x=1", ""])
def test_what_is_no_repository_is_refused(api, subject: str) -> None:
    for module in (github_sast_api, github_vulnerability_graphql_api):
        with pytest.raises(UsageError, match="owner/name"):
            fetch(api, module, subject)
