from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import snyk_api, snyk_issues
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched
from coffee_pipeline.tools.http_message import AnswerError

PROJECTS = "/rest/orgs/beans/projects"
ISSUES = "/rest/orgs/beans/issues"


def issue(number: int = 1, project: str = "menu", **more: Any) -> dict[str, Any]:
    return {
        "id": f"uuid-{number}",
        "type": "issue",
        "attributes": {
            "key": f"SNYK-GOLANG-LIB-{number}",
            "title": "Denial of Service",
            "type": "package_vulnerability",
            "status": "open",
            "ignored": False,
            "effective_severity_level": "high",
            "classes": [{"id": "CWE-400", "source": "CWE", "type": "weakness"}],
            "problems": [
                {"id": "CVE-2026-10001", "source": "NVD", "type": "vulnerability"},
                {"id": f"SNYK-GOLANG-LIB-{number}", "source": "SNYK", "type": "vulnerability",
                 "url": "https://advisories.example/1"},
            ],
            "severities": [{"score": 7.5, "vector": "CVSS:3.1/AV:N/AC:L", "source": "NVD"}],
            "coordinates": [{
                "representations": [
                    {"dependency": {"package_name": "example.test/lib", "package_version": "1.2.0"}}
                ],
                "remedies": [{"type": "indeterminate", "meta": {"data": {"fixed_in": ["1.2.3"]}}}],
                "reachability": "function",
            }],
            **more,
        },
        "relationships": {"scan_item": {"data": {"id": project, "type": "project"}}},
    }  # fmt: skip


def document(*issues: Any, **more: Any) -> Document:
    return Document(json.dumps({"jsonapi": {}, "data": list(issues), **more}).encode(), "issues")


def fetch(api, subject: str = "beans") -> Fetched:
    with api.client(snyk_api.CREDENTIAL) as client:
        return snyk_api.fetch(client, subject)


def served(api, reply, links: list[Any]) -> None:
    """A page for each link and the last one."""
    api.on(PROJECTS, reply({"data": [{"id": "menu"}]}))

    def page(asked) -> Any:
        index = int(asked.query.get("starting_after", "0"))
        link = {"next": links[index]} if index < len(links) else {}
        return reply({"jsonapi": {}, "data": [issue(index)], "links": link})

    api.on(ISSUES, page)


def test_an_issue_with_everything_it_says() -> None:
    report = snyk_issues.read(document(issue()))
    (found,) = report.findings
    assert (found.rule, found.severity, found.severity_source) == (
        "SNYK-GOLANG-LIB-1", Severity.HIGH, "tool",
    )  # fmt: skip
    assert found.identifiers == ("CVE-2026-10001", "SNYK-GOLANG-LIB-1")
    assert (found.cwes, found.cvss_score) == ((400,), 7.5)
    assert (found.component, found.component_version, found.fixed_version) == (
        "example.test/lib", "1.2.0", "1.2.3",
    )  # fmt: skip
    assert (found.kind, found.reachable, found.resource) == (FindingKind.DEPENDENCY, True, "menu")
    assert found.reference == "https://advisories.example/1"
    assert report.outcome is Outcome.COMPLETED


def test_issues_of_code_and_those_that_do_not_count() -> None:
    region = {"start": {"line": 4, "column": 2}, "end": {"line": 4, "column": 9}}
    code = issue(
        2, type="code", status="resolved", effective_severity_level="odd",
        problems=[{"id": "go/Sqli", "source": "SNYK"}],
        coordinates=[{"representations": [{"sourceLocation": {"file": "a.go", "region": region}}]}],
    )  # fmt: skip
    found, ignored = snyk_issues.read(document(code, issue(3, ignored=True))).findings
    assert (found.rule, found.path, found.line, found.column) == ("go/Sqli", "a.go", 4, 2)
    assert (found.kind, found.severity_source) == (FindingKind.SAST, "default")
    assert (found.suppressed, ignored.suppressed) == ("resolved", "ignored in Snyk")


def test_only_issues_of_snyk_are_recognised_and_a_page_is_partial() -> None:
    assert snyk_issues.recognises(document(issue()))
    assert not snyk_issues.recognises(document()), "an empty page is anybody's"
    assert snyk_issues.recognises(document(links={"self": f"{ISSUES}?limit=100"}))
    assert not snyk_issues.recognises(document(links={"self": PROJECTS}))
    assert not snyk_issues.recognises(document({"type": "project"}))
    page = snyk_issues.read(document(issue(), links={"next": "/orgs/x"}))
    assert page.outcome is Outcome.PARTIAL


def test_pages_in_a_list_are_one_report_and_the_last_says_whether_there_are_more() -> None:
    pages = [
        {"jsonapi": {}, "data": [issue(1)], "links": {"next": f"{ISSUES}?starting_after=1"}},
        {"jsonapi": {}, "data": [issue(2)]},
    ]
    whole = Document(json.dumps(pages).encode(), "issues")
    assert snyk_issues.recognises(whole)
    report = snyk_issues.read(whole)
    assert ([one.rule for one in report.findings], report.outcome) == (
        ["SNYK-GOLANG-LIB-1", "SNYK-GOLANG-LIB-2"], Outcome.COMPLETED,
    )  # fmt: skip
    half = Document(json.dumps(pages[:1]).encode(), "issues")
    assert snyk_issues.read(half).outcome is Outcome.PARTIAL
    broken = Document(json.dumps([*pages, {"data": [{}]}]).encode(), "issues")
    with pytest.raises(ParseError, match=r"issues:page 3, data\[0\]: no issue"):
        snyk_issues.read(broken)


def test_licences_and_configuration_count_and_what_is_no_issue_does_not() -> None:
    listed = [
        issue(1, type="license", coordinates=None),
        issue(2, type="config"),
        {"id": "1", "type": "package", "attributes": {"name": "example.test/lib"}},
    ]
    assert snyk_issues.recognises(document(*listed))
    kinds = [one.kind for one in snyk_issues.read(document(*listed)).findings]
    assert kinds == [FindingKind.COMPLIANCE, FindingKind.INFRASTRUCTURE]


@pytest.mark.parametrize(
    "value",
    [3, [], {}, {"data": {}}, {"data": [3]}, {"data": [{}]}, {"data": [{"attributes": {}}]},
     {"errors": [{"detail": "Unauthorized"}]}],
)  # fmt: skip
def test_what_is_no_list_of_issues_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match="issues"):
        snyk_issues.read(Document(json.dumps(value).encode(), "issues"))


@pytest.mark.parametrize("form", ["/orgs/beans/issues", "/rest/orgs/beans/issues", "URL", "object"])
def test_every_form_of_the_next_link_is_followed(api, reply, form: str) -> None:
    def link(number: int) -> Any:
        query = f"?version={snyk_api.VERSION}&limit=100&starting_after={number}"
        if form == "URL":
            return f"{api.url}{ISSUES}{query}"
        return {"href": f"{ISSUES}{query}"} if form == "object" else f"{form}{query}"

    served(api, reply, [link(1), link(2)])
    fetched = fetch(api)
    assert (fetched.outcome, len(snyk_issues.read(fetched.document).findings)) == (None, 3)
    asked = [one for one in api.asked if one.path == ISSUES]
    assert [one.query.get("starting_after") for one in asked] == [None, "1", "2"]
    assert {one.query["version"] for one in asked} == {snyk_api.VERSION}
    assert {one.headers["accept"] for one in asked} == {"application/vnd.api+json"}
    assert asked[0].headers["authorization"].startswith("token ")


def test_a_project_of_an_organisation(api, reply) -> None:
    served(api, reply, [])
    api.on(f"{PROJECTS}/menu", reply({"data": {"id": "menu"}}))
    fetch(api, "beans/menu")
    assert api.asked[-1].query["scan_item.id"] == "menu"


def test_links_that_lead_nowhere_new_or_elsewhere_are_partial(api, reply) -> None:
    served(api, reply, ["https://elsewhere.example/rest/orgs/beans/issues?starting_after=1"])
    assert "another host" in str(fetch(api).reason)
    served(api, reply, [f"{ISSUES}?starting_after=1", f"{ISSUES}?starting_after=1"])
    fetched = fetch(api)
    assert (fetched.outcome, fetched.reason) == (Outcome.PARTIAL, "page 3 would be one read before")


def test_nothing_to_watch_is_not_clean(api, reply) -> None:
    api.on(PROJECTS, reply({"data": []}))
    assert fetch(api).outcome is Outcome.NOT_RUN
    api.on(PROJECTS, reply({"jsonapi": {}, "errors": [{"status": "401", "detail": "No"}]}, 401))
    with pytest.raises(AnswerError, match="status 401: No"):
        fetch(api)
    with pytest.raises(UsageError):
        fetch(api, "../../x")
