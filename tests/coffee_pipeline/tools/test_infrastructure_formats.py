"""What holds for every format of an infrastructure, policy or web scanner."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import findings_of
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.reported import Reported

FOLDER = Path(__file__).parent / "recordings" / "infrastructure"
EXPECTED = {
    "checkov.json": ("checkov", 14),
    "conftest.json": ("conftest", 3),
    "gator.json": ("gator", 2),
    "hadolint.json": ("hadolint", 6),
    "kube_score.json": ("kube_score", 3),
    "kubebench.json": ("kubebench", 3),
    "kubeconform.json": ("kubeconform", 1),
    "kubelinter.json": ("kubelinter", 3),
    "kubescape.json": ("kubescape", 2),
    "opa_eval.json": ("opa", 2),
    "opa_test.json": ("opa", 1),
    "terrascan.json": ("terrascan", 2),
    "zap.json": ("zap", 3),
    "zap.xml": ("zap", 3),
    "zizmor.json": ("zizmor", 3),
}
JSON_FILES = sorted(name for name in EXPECTED if name.endswith(".json"))
TOOLS = sorted({tool for tool, _ in EXPECTED.values()})
OTHERS = [
    None, True, 0, -1, 2**70, 1.5, "", "text", "\ud800", "a\x00b", [], [1], [[]], {}, {"a": 1},
]  # fmt: skip
TARGET = Target(checkout=Path("/src"), module=".", revision="r", foreign=True)


def document(name: str) -> Document:
    return Document.of_file(FOLDER / name)


def of_value(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "report.json")


def problems(name: str, report: Document) -> list[Reported]:
    return list(FORMATS[EXPECTED[name][0]].read(report).findings)


def identities(name: str, report: Document) -> list[str]:
    tool = FORMATS[EXPECTED[name][0]]
    found, _ = findings_of(tool.NAME, tool.KIND, tool.IDENTITY, tool.read(report).findings, TARGET)
    return sorted(one.identity for one in found)


def shuffled(value: Any, order: random.Random) -> Any:
    """The same report with its arrays of objects, and the fields of objects, in another order."""
    if isinstance(value, dict):
        fields = list(value.items())
        order.shuffle(fields)
        return {key: shuffled(inner, order) for key, inner in fields}
    if isinstance(value, list):
        inner = [shuffled(item, order) for item in value]
        # Arrays of pairs and the places within one finding have an order that means something.
        if all(isinstance(item, dict) and "symbolic" not in item for item in inner):
            order.shuffle(inner)
        return inner
    return value


def moved(value: Any) -> Any:
    """The same report with every line 40 further down."""
    if isinstance(value, dict):
        return {
            key: 40 + inner
            if key in ("line", "row", "file_row") and isinstance(inner, int)
            else [40 + number for number in inner]
            if key == "file_line_range"
            else moved(inner)
            for key, inner in value.items()
        }
    return [moved(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_report_is_recognised_by_its_own_format_alone(name: str) -> None:
    report = document(name)
    assert [key for key, one in FORMATS.items() if one.recognises(report)] == [EXPECTED[name][0]]
    assert len(problems(name, report)) == EXPECTED[name][1]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_problems_have_what_a_finding_needs(name: str) -> None:
    for problem in problems(name, document(name)):
        assert problem.rule.strip()
        assert problem.title.strip()
        assert isinstance(problem.severity, Severity)
        assert problem.severity_source
        # A Rego rule may return nothing but a sentence.
        assert problem.path or problem.resource or name == "opa_eval.json"
        assert problem.line is None or problem.line > 0
        assert problem.kind is None or isinstance(problem.kind, FindingKind)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_identities_are_told_apart(name: str) -> None:
    found = identities(name, document(name))
    assert len(set(found)) == len(found) == EXPECTED[name][1]


@pytest.mark.parametrize("name", JSON_FILES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_order_and_format_change_no_identity(name: str, seed: int) -> None:
    report = document(name)
    other = of_value(shuffled(report.json, random.Random(seed)))
    assert identities(name, other) == identities(name, report)


@pytest.mark.parametrize("name", JSON_FILES)
def test_moved_lines_change_no_identity(name: str) -> None:
    report = document(name)
    assert identities(name, of_value(moved(report.json))) == identities(name, report)


@pytest.mark.parametrize("name", sorted(EXPECTED))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_broken_bytes_are_a_parse_error_or_a_result(name: str, data: st.DataObject) -> None:
    content = document(name).content
    at = data.draw(st.integers(0, len(content)))
    middle = data.draw(st.binary(max_size=4))
    more = data.draw(st.integers(0, 40))
    check_survives(Document(content[:at] + middle + content[at + more :], "report"))


@pytest.mark.parametrize("name", JSON_FILES)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_values_of_other_types_are_a_parse_error_or_a_result(
    name: str, data: st.DataObject
) -> None:
    other = st.sampled_from(OTHERS)
    value = json.loads(document(name).content)
    for _ in range(data.draw(st.integers(1, 3))):
        value = replaced(value, data.draw(st.randoms(use_true_random=False)), data.draw(other))
    check_survives(of_value(value))


def replaced(value: Any, choice: random.Random, other: Any, depth: int = 0) -> Any:
    """``value`` with something in it, at any depth, replaced by another value or left out."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else list(range(len(value)))
        if isinstance(value, list)
        else []
    )
    if not keys or (depth and choice.random() < 0.15):
        return other
    key = choice.choice(keys)
    if choice.random() < 0.1:
        copied = dict(value) if isinstance(value, dict) else list(value)
        del copied[key]
        return copied
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[key] = replaced(value[key], choice, other, depth + 1)
    return copied


def check_survives(report: Document) -> None:
    for tool in TOOLS:
        FORMATS[tool].recognises(report)
        try:
            read = FORMATS[tool].read(report)
        except ParseError:
            continue
        findings_of(tool, FORMATS[tool].KIND, FORMATS[tool].IDENTITY, read.findings, TARGET)
        if not read.findings and read.outcome is Outcome.COMPLETED:
            # Clean only with evidence: of checks, or of the sites that ZAP was pointed at.
            assert read.checks_run or tool == "zap"


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", b"[]", b"{}", b"null", b"1", b'"x"', b"<a/>"]
)
def test_nothing_is_never_clean(tool: str, content: bytes) -> None:
    report = Document(content, "report")
    assert not FORMATS[tool].recognises(report)
    try:
        read = FORMATS[tool].read(report)
    except ParseError:
        return
    assert not read.findings
    assert read.outcome is not Outcome.COMPLETED
    assert read.reason
