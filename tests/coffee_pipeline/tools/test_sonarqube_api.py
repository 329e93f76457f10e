from __future__ import annotations

from typing import Any

import pytest

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import sonarqube, sonarqube_api
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched, document
from coffee_pipeline.tools.http_message import AnswerError

ANALYSES = "/api/project_analyses/search"
ISSUES = "/api/issues/search"
HOTSPOTS = "/api/hotspots/search"


def issue(number: int, severity: str = "MAJOR") -> dict[str, Any]:
    return {
        "key": f"issue-{number}",
        "rule": "go:S2068",
        "severity": severity,
        "component": "shop:menu/main.go",
        "project": "shop",
        "line": number + 1,
        "message": f"weakness {number}",
        "status": "OPEN",
    }


def hotspot() -> dict[str, Any]:
    return {
        "key": "hotspot-1", "component": "shop:menu/main.go", "project": "shop", "line": 3,
        "ruleKey": "go:S5332", "message": "clear text", "vulnerabilityProbability": "HIGH",
        "status": "TO_REVIEW",
    }  # fmt: skip


class Server:
    """Issues by severity, in pages, with the server's limit of results."""

    def __init__(self, api, reply, **counts: int) -> None:
        self.reply = reply
        self.entries = [
            issue(number, severity) for severity, count in counts.items() for number in range(count)
        ]
        self.page_size = 500
        api.on(ANALYSES, reply({"analyses": [{"key": "a", "date": "2026-03-01T00:00:00+0000"}]}))
        api.on(ISSUES, self.issues)
        api.on(HOTSPOTS, reply(self.page([], 0, "hotspots")))

    def page(self, entries: list[Any], total: int, name: str = "issues") -> dict[str, Any]:
        return {
            "paging": {"pageIndex": 1, "pageSize": self.page_size, "total": total},
            name: entries,
            "components": [{"key": "shop:menu/main.go", "path": "menu/main.go"}],
            "rules": [{"key": "go:S2068", "htmlDesc": "CWE-798"}],
        }

    def issues(self, asked) -> Any:
        wanted = asked.query.get("severities")
        found = [one for one in self.entries if wanted in (None, one["severity"])]
        size = min(int(asked.query["ps"]), self.page_size)
        start = (int(asked.query["p"]) - 1) * size
        if start + size > sonarqube_api.RESULT_LIMIT:
            return self.reply(
                {"errors": [{"msg": "Can return only the first 10000 results."}]}, 400
            )
        return self.reply(self.page(found[start : start + size], len(found)))


def fetch(api, subject: str = "shop") -> Fetched:
    with api.client(sonarqube_api.CREDENTIAL) as client:
        return sonarqube_api.fetch(client, subject)


def test_issues_and_hotspots_of_all_pages_read_as_a_file_of_them(api, reply) -> None:
    server = Server(api, reply, MAJOR=700, BLOCKER=1)
    api.on(HOTSPOTS, reply(server.page([hotspot()], 1, "hotspots")))
    fetched = fetch(api, "shop@main")
    assert (fetched.outcome, fetched.reason) == (None, None)
    report = sonarqube.read(fetched.document)
    assert (len(report.findings), report.outcome) == (702, Outcome.COMPLETED)
    assert sonarqube.recognises(fetched.document)
    exported = Document(document(server.page(server.entries, 701), "f").content, "f")
    assert list(report.findings)[:701] == list(sonarqube.read(exported).findings)
    assert report.findings[700].severity is Severity.CRITICAL
    assert report.findings[0].cwes == (798,)
    assert (report.findings[701].confidence, report.findings[701].path) == (
        "hotspot",
        "menu/main.go",
    )
    assert sonarqube.KIND is FindingKind.SAST
    pages = [asked.query["p"] for asked in api.asked if asked.path == ISSUES]
    assert pages == ["1", "2"]
    assert {asked.query.get("branch") for asked in api.asked} == {"main"}
    assert {asked.headers["authorization"][:7] for asked in api.asked} == {"Bearer "}


def test_more_than_the_server_gives_is_asked_for_by_severity(api, reply) -> None:
    Server(api, reply, MAJOR=9_000, MINOR=2_000)
    fetched = fetch(api)
    assert (fetched.outcome, fetched.reason) == (None, None)
    assert len(sonarqube.read(fetched.document).findings) == 11_000


def test_more_than_the_server_gives_of_one_severity_is_partial(api, reply) -> None:
    Server(api, reply, MAJOR=10_600, MINOR=5)
    fetched = fetch(api)
    assert fetched.outcome is Outcome.PARTIAL
    assert "MAJOR issues: 10000 of 10600 issues" in str(fetched.reason)
    assert len(sonarqube.read(fetched.document).findings) == 10_005


def test_a_smaller_page_than_asked_for_is_followed(api, reply) -> None:
    Server(api, reply, MAJOR=250).page_size = 100
    assert len(sonarqube.read(fetch(api).document).findings) == 250


def test_pages_that_break_off_are_partial(api, reply) -> None:
    server = Server(api, reply, MAJOR=700)
    first = reply(server.page(server.entries[:500], 700))
    for second, words in (
        (reply({}, 401), "page 2: GET"), (reply(b'{"paging": {"to'), "not JSON"),
        (reply(b"<html>", 200, {"Content-Type": "text/html"}), "text/html"),
        (reply(server.page([], 700)), "500 of 700"),
    ):  # fmt: skip
        api.on(ISSUES, first, second)
        fetched = fetch(api)
        assert fetched.outcome is Outcome.PARTIAL
        assert words in str(fetched.reason)
        assert len(sonarqube.read(fetched.document).findings) == 500


def test_hotspots_that_cannot_be_had_are_a_gap(api, reply) -> None:
    Server(api, reply, MAJOR=3)
    api.on(HOTSPOTS, reply({"errors": [{"msg": "Insufficient privileges"}]}, 403))
    fetched = fetch(api)
    assert fetched.outcome is Outcome.PARTIAL
    assert "hotspots: " in str(fetched.reason)
    assert "Insufficient privileges" in str(fetched.reason)


def test_a_project_that_was_never_analysed_is_not_clean(api, reply) -> None:
    api.on(ANALYSES, reply({"analyses": []}))
    fetched = fetch(api)
    assert fetched.outcome is Outcome.NOT_RUN
    assert list(sonarqube.read(fetched.document).findings) == []
    api.on(ANALYSES, reply({"errors": [{"msg": "Component key 'shop' not found"}]}, 404))
    with pytest.raises(AnswerError, match="'shop' not found"):
        fetch(api)


def test_what_is_no_page_is_refused(api, reply) -> None:
    Server(api, reply, MAJOR=1)
    api.on(ISSUES, reply({"issues": [issue(1)]}))
    with pytest.raises(ParseError, match="no page of SonarQube"):
        fetch(api)
    with pytest.raises(UsageError):
        fetch(api, "@main")
