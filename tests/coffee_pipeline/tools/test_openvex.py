from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import openvex
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

REPORT = Path(__file__).parent / "reports" / "openvex" / "shop.json"


def read(*statements: dict[str, Any]) -> ReadReport:
    value = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": statements}
    return openvex.read(Document(json.dumps(value).encode(), "vex"))


def test_one_finding_for_each_vulnerability_and_product() -> None:
    report = openvex.read(Document.of_file(REPORT))
    assert report.outcome is Outcome.COMPLETED
    roast, crema, foam, cup = report.findings
    assert roast.suppressed == "not_affected: vulnerable_code_not_in_execute_path"
    assert (roast.component, roast.component_version) == ("example.test/roast", "v1.4.0")
    assert roast.resource == "pkg:oci/shop", "without the version: the next build is the same"
    assert roast.identifiers == ("GHSA-aaaa-bbbb-cccc",)
    assert roast.reference == "https://advisories.example/CVE-2026-10001"
    assert roast.detail == "impact statement: Nobody roasts here."
    assert crema.suppressed == "fixed", "the latest statement counts"
    assert (foam.suppressed, foam.severity) == (None, Severity.MEDIUM)
    assert foam.detail == "action statement: Update crema."
    assert (cup.suppressed, cup.severity) == (None, Severity.INFO), "nobody knows yet: open"
    assert (cup.component, cup.component_version) == ("cup", "0.1-r0")


def test_a_document_in_an_attestation() -> None:
    alone = json.loads(REPORT.read_bytes())
    value = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "menu"}],
             "predicateType": "https://openvex.dev/ns/v0.2.0", "predicate": alone}  # fmt: skip
    document = Document(json.dumps(value).encode(), "vex")
    assert openvex.recognises(document)
    assert len(openvex.read(document).findings) == 4
    with pytest.raises(ParseError, match="no OpenVEX document"):
        openvex.read(Document(json.dumps({**value, "predicate": None}).encode(), "vex"))


def test_an_unknown_status_hides_nothing() -> None:
    (found,) = read({"vulnerability": "CVE-1", "products": ["p"], "status": "excused"}).findings
    assert found.suppressed is None


def test_several_parts_of_a_product() -> None:
    product = {"@id": "shop", "subcomponents": [{"@id": "pkg:npm/a@1"}, {"@id": "pkg:npm/b@2"}]}
    (found,) = read({"vulnerability": "C", "products": [product], "status": "fixed"}).findings
    assert (found.component, found.detail) == ("shop", "in pkg:npm/a@1\nin pkg:npm/b@2")


@pytest.mark.parametrize(
    "statement",
    [
        {"vulnerability": {"name": "C"}, "status": "fixed"},
        {"vulnerability": {}, "status": "fixed", "products": ["p"]},
        {"vulnerability": "C", "products": ["p"]},
    ],
)
def test_a_statement_that_lacks_something_makes_it_partial(statement: dict[str, Any]) -> None:
    report = read(statement, {"vulnerability": "C", "products": ["p"], "status": "affected"})
    assert (len(report.findings), report.outcome) == (1, Outcome.PARTIAL)
    assert report.reason == "1 statements lack a vulnerability, a status or a product"


def test_no_statement_is_no_finding() -> None:
    assert list(read().findings) == []


@pytest.mark.parametrize("content", ["[]", "{}", '{"statements": {}}', '{"statements": [1]}', "x"])
def test_broken_documents_are_refused(content: str) -> None:
    with pytest.raises(ParseError, match=r"^vex:"):
        openvex.read(Document(content.encode(), "vex"))
