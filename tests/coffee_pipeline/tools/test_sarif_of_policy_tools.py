"""What tools of policies and manifests write as SARIF in ways of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools import sarif
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport


def read(tool: str, results: list[dict[str, Any]], rules: list[dict[str, Any]]) -> ReadReport:
    run = {
        "tool": {"driver": {"name": tool, "rules": rules}},
        "invocations": [{"executionSuccessful": True}],
        "results": results,
    }
    log = {"version": "2.1.0", "runs": [run]}
    return sarif.read(Document(json.dumps(log).encode(), "report.sarif"))


def result(rule: str, **physical: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "menu.yaml"}, **physical}}
    return {"ruleId": rule, "message": {"text": "said"}, "locations": [place]}


@pytest.mark.parametrize(
    ("tool", "passed", "skipped", "failed"),
    [("conftest", ["main/success", "main/allow"], "main/skip", "main/deny"),
     ("kubeconform", ["KUBE-VALID"], "KUBE-SKIPPED", "KUBE-INVALID")],
)  # fmt: skip
def test_what_passed_under_a_rule_of_its_own_is_no_problem(
    tool: str, passed: list[str], skipped: str, failed: str
) -> None:
    names = [*passed, skipped, failed]
    rules = [{"id": name} for name in names]
    report = read(tool, [result(name) for name in names], rules)
    assert [found.rule for found in report.findings] == [failed]
    assert report.outcome is Outcome.PARTIAL
    assert report.reason == "1 results say that nothing was checked there"
    clean = read(tool, [result(name) for name in passed], [])
    assert (list(clean.findings), clean.outcome) == ([], Outcome.COMPLETED)
    another = read("Scanner", [result(name) for name in names], rules)
    assert len(another.findings) == len(names)


@pytest.mark.parametrize("region", [None, {"snippet": {}}, {"startLine": 0}])
def test_a_place_that_is_told_by_what_is_around_it(region: Any) -> None:
    given = {} if region is None else {"region": region}
    told = result("pod-probes", contextRegion={"startLine": 7}, **given)
    (found,) = read("kube-score", [told], []).findings
    assert found.line == 7
