from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import github_sast
from coffee_pipeline.tools.document import Document


def alert(number: int = 7, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "state": "open",
        "html_url": f"https://github.com/shop/orders/security/code-scanning/{number}",
        "dismissed_reason": None,
        "dismissed_comment": None,
        "rule": {
            "id": "go/path-injection",
            "severity": "error",
            "security_severity_level": "high",
            "description": "Uncontrolled data used in path expression",
            "tags": ["security", "external/cwe/cwe-022"],
        },
        "tool": {"name": "CodeQL", "version": "2.20.0"},
        "most_recent_instance": {
            "state": "open",
            "message": {"text": "This path depends on a user-provided value."},
            "location": {"path": "internal/files.go", "start_line": 42, "start_column": 5},
        },
        **more,
    }


def document(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "alerts.json")


def test_an_alert_with_everything_it_says() -> None:
    report = github_sast.read(document([alert()]))
    (found,) = report.findings
    assert (found.rule, found.severity, found.severity_source) == (
        "go/path-injection", Severity.HIGH, "tool",
    )  # fmt: skip
    assert (found.path, found.line, found.column, found.cwes) == ("internal/files.go", 42, 5, (22,))
    assert found.title == "This path depends on a user-provided value."
    assert found.fingerprint == "shop/orders#7"
    assert (report.tool, report.tool_version) == ("CodeQL", "2.20.0")


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"state": "fixed"}, "fixed"), ({"state": "open"}, None),
     ({"state": "dismissed", "dismissed_reason": "false positive", "dismissed_comment": "None"},
      "dismissed: false positive"),
     ({"state": "dismissed"}, "dismissed: no reason given")],
)  # fmt: skip
def test_alerts_that_do_not_count_say_why(more: Any, reason: str | None) -> None:
    (found,) = github_sast.read(document([alert(**more)])).findings
    assert found.suppressed == reason


def test_rules_without_a_security_severity_have_their_level() -> None:
    rule = {"id": "go/unused", "severity": "note", "security_severity_level": None}
    (found,) = github_sast.read(document([alert(rule=rule)])).findings
    assert (found.severity, found.severity_source) == (Severity.INFO, "level")


def test_one_page_several_pages_one_alert_and_none() -> None:
    assert len(github_sast.read(document([[alert(1)], [alert(2), alert(3)]])).findings) == 3
    assert len(github_sast.read(document(alert())).findings) == 1
    nothing = github_sast.read(document([]))
    assert (len(nothing.findings), nothing.outcome) == (0, Outcome.COMPLETED)
    assert github_sast.recognises(document([[alert()]]))
    assert not github_sast.recognises(document([]))
    assert not github_sast.recognises(document([{"rule": "x"}]))


def test_an_export_of_chosen_fields_may_lack_the_number() -> None:
    (found,) = github_sast.read(document([{**alert(), "number": None}])).findings
    assert (found.rule, found.fingerprint) == (alert()["rule"]["id"], None)


@pytest.mark.parametrize(
    "value",
    [3, [3], [{}], {"message": "Not Found", "status": "404"}, [{"number": 1}],
     [{"number": "x", "rule": {}}]],
)  # fmt: skip
def test_what_is_no_alert_is_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"alerts\.json"):
        github_sast.read(document(value))
