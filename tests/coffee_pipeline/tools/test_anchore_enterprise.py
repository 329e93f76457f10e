from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools import anchore_engine, anchore_enterprise
from coffee_pipeline.tools.document import Document

RECORDINGS = Path(__file__).parent / "recordings" / "scanners"


def test_rows_of_a_policy_check() -> None:
    document = Document.of_file(RECORDINGS / "anchore-policy.json")
    package, missing, allowed = anchore_enterprise.read(document).findings
    assert (package.rule, package.severity, package.identifiers) == (
        "vulnerabilities/package", Severity.CRITICAL, ("CVE-2026-1000",),
    )  # fmt: skip
    assert (package.component, package.component_version) == ("shop.test/menu", "1")
    assert package.path == "/opt/a/pot.jar"
    assert package.title.startswith("DefaultPolicy: vulnerabilities package: HIGH")
    assert (missing.severity, missing.suppressed) == (Severity.MEDIUM, None)
    assert (allowed.severity, allowed.suppressed) == (Severity.LOW, "allowed by Global")


def test_findings_of_the_new_command() -> None:
    document = Document.of_file(RECORDINGS / "anchorectl.json")
    stopped, allowed = anchore_enterprise.read(document).findings
    assert (stopped.resource, stopped.severity) == ("shop.test/menu:1", Severity.CRITICAL)
    assert allowed.suppressed == "allowed by the policy"


def test_its_report_of_vulnerabilities_is_read_as_one_of_the_engine() -> None:
    document = Document.of_file(RECORDINGS / "anchore-evaluation.json")
    report = anchore_enterprise.read(document)
    assert len(report.findings) == len(anchore_engine.read(document).findings) == 3
    assert {found.kind for found in report.findings} == {FindingKind.CONTAINER}


@pytest.mark.parametrize(
    "value",
    [
        {},
        [1],
        {"metadata": {"tag": "1"}, "securityEvaluation": None},
        {"evaluations": [{}]},
        [{"sha256:8fdd536f0caa": {"menu:1": [{"detail": {}}]}}],
        [{"sha256:8fdd536f0caa": {"menu:1": [{"detail": {"result": {
            "image_id": "1", "result": {"1": {"result": {"rows": [[1, 2]]}}}}}}]}}],
    ],
)  # fmt: skip
def test_broken_reports_are_refused(value: Any) -> None:
    with pytest.raises(ParseError, match=r"report\.json"):
        anchore_enterprise.read(Document(json.dumps(value).encode(), "report.json"))
