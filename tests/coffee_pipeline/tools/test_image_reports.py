"""What holds for every report of image and vulnerability scanners that is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import findings_of
from coffee_pipeline.tools.registry import FORMATS

FOLDER = Path(__file__).parent / "recordings" / "scanners"
COUNTS = {
    "anchore-engine": ("anchore_engine", 2),
    "anchore-evaluation": ("anchore_engine", 3),
    "anchore-policy": ("anchore_enterprise", 3),
    "anchorectl": ("anchore_enterprise", 2),
    "clair-klar": ("clair", 3),
    "clair-layer": ("clair", 1),
    "clair-scanner": ("clair", 2),
    "clair-v4": ("clair", 1),
    "govulncheck-graph": ("govulncheck", 1),
    "govulncheck-list": ("govulncheck", 1),
    "grype": ("grype", 3),
    "osv": ("osv", 2),
    "osv-scanner": ("osv_scanner", 3),
    "trivy-cluster": ("trivy", 3),
    "trivy-image": ("trivy", 10),
    "trivy-legacy": ("trivy", 1),
    "trivy-operator-compliance": ("trivy_operator", 3),
    "trivy-operator-list": ("trivy_operator", 8),
}
JSON = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in COUNTS}
TARGET = Target(checkout=Path("/src"), module=".", revision="r", foreign=True)
NAMES = st.sampled_from(sorted(COUNTS))
RANDOM = st.randoms(use_true_random=False)
JUNK = st.sampled_from([None, 1, -1.5, True, "", "x", [], {}, [1], [None], {"x": 1}, "9" * 400])


def document(value: Any, indent: int | None = None) -> Document:
    return Document(json.dumps(value, indent=indent).encode(), "report.json")


def findings(name: str, report: Document) -> list[Finding]:
    tool = FORMATS[COUNTS[name][0]]
    read = tool.read(report)
    return findings_of(tool.NAME, tool.KIND, tool.IDENTITY, read.findings, TARGET)[0]


def shuffled(value: Any, random: Any) -> Any:
    """The same with every list of objects in another order."""
    if isinstance(value, dict):
        return {name: shuffled(item, random) for name, item in value.items()}
    if isinstance(value, list):
        items = [shuffled(item, random) for item in value]
        ordered = ("module", "introduced", "fixed")  # of a trace, of the events of a range
        movable = (isinstance(one, dict) and one.keys().isdisjoint(ordered) for one in items)
        if items and all(movable):
            keep = 1 if "config" in items[0] else 0  # a stream begins with its configuration
            moved = items[keep:]
            random.shuffle(moved)
            return [*items[:keep], *moved]
        return items
    return value


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_it_is_recognised_by_its_content_alone_and_counted(name: str) -> None:
    report = document(JSON[name])
    tool, count = COUNTS[name]
    assert {one.NAME for one in FORMATS.values() if one.recognises(report)} == {tool}
    found = findings(name, report)
    assert len(found) == count
    assert all(one.rule and one.title and one.severity_source for one in found)
    assert len({one.identity for one in found}) == count


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_its_format_reads_nothing_else(name: str) -> None:
    tool = FORMATS[COUNTS[name][0]]
    for other, (others_tool, _) in COUNTS.items():
        if others_tool != tool.NAME:
            assert not tool.recognises(document(JSON[other]))
    for value in ({}, {"x": 1}, {"results": 1}, {"vulnerabilities": [1]}, 5, "x", [5]):
        assert not tool.recognises(document(value))
        with suppress(ParseError):
            assert not tool.read(document(value)).findings


@settings(deadline=None)  # a busy machine is no fault
@given(NAMES, RANDOM, st.sampled_from([None, 1, 4]))
def test_order_and_format_change_no_identity(name: str, random: Any, indent: int | None) -> None:
    before = findings(name, document(JSON[name]))
    after = findings(name, document(shuffled(JSON[name], random), indent))
    assert {one.identity for one in before} == {one.identity for one in after}


@settings(deadline=None)  # a busy machine is no fault
@given(NAMES, st.data())
def test_damaged_reports_are_refused_or_read(name: str, data: Any) -> None:
    value = json.loads(json.dumps(JSON[name]))
    spots = list(places(value))
    for index in data.draw(st.lists(st.integers(0, len(spots) - 1), min_size=1, max_size=3)):
        container, key = spots[index]
        container[key] = data.draw(JUNK)
    report = document(value)
    for tool in FORMATS.values():
        tool.recognises(report)
    with suppress(ParseError):
        findings(name, report)


@settings(deadline=None)  # a busy machine is no fault
@given(NAMES, st.floats(0.01, 0.99))
def test_cut_reports_are_refused(name: str, part: float) -> None:
    content = json.dumps(JSON[name]).encode()
    with pytest.raises(ParseError):
        findings(name, Document(content[: int(len(content) * part)], "report.json"))


def test_secrets_are_not_kept() -> None:
    secret = "AKIA" + "A" * 16
    text = json.dumps([JSON["trivy-image"], JSON["trivy-operator-list"]]).replace("*****", secret)
    for name, value in zip(("trivy-image", "trivy-operator-list"), json.loads(text), strict=True):
        assert secret not in repr(findings(name, document(value)))


@pytest.mark.parametrize("name", ["trivy-image", "grype", "trivy-operator-list", "anchore-engine"])
def test_an_updated_package_keeps_its_identity(name: str) -> None:
    updated = json.loads(json.dumps(JSON[name]).replace("2.1", "2.3").replace("1.2.13", "1.2.13.1"))
    before, after = (findings(name, document(one)) for one in (JSON[name], updated))
    assert {one.identity for one in before} == {one.identity for one in after}


def test_a_rollout_keeps_identities_of_a_cluster() -> None:
    for name in ("trivy-cluster", "trivy-operator-list", "trivy-operator-compliance"):
        rolled = json.loads(json.dumps(JSON[name]).replace("7c9f8d6b5", "5d4c8b7f6"))
        before, after = (findings(name, document(one)) for one in (JSON[name], rolled))
        assert {one.identity for one in before} == {one.identity for one in after}


@pytest.mark.parametrize(
    ("tool", "value"),
    [
        ("trivy", None),
        ("trivy", []),
        ("trivy", {"SchemaVersion": 2, "ArtifactName": "x"}),
        ("trivy_operator", []),
        ("anchore_enterprise", []),
        ("osv", []),
        ("clair", {"LayerCount": 0, "Vulnerabilities": {}}),
        ("clair", {"manifest_hash": "x", "package_vulnerabilities": {}}),
    ],
)
def test_nothing_looked_at_is_not_clean(tool: str, value: Any) -> None:
    report = FORMATS[tool].read(document(value))
    assert report.outcome is Outcome.NOT_RUN
    assert report.reason
