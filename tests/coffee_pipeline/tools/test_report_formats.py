"""What holds for every format: identities that last, and no error but ParseError."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS

REPORTS = sorted(path for path in (Path(__file__).parent / "reports").rglob("*") if path.is_file())
JSON_REPORTS = [path for path in REPORTS if path.suffix == ".json" and path.stem != "stream"]
TARGET = Target(checkout=Path("/nowhere"), module=".", revision="r", foreign=True)
WRONG: list[Any] = [None, True, 0, -1, 1e400, 10**30, "", "x", "\u0000", [], [[]], {}, {"a": []}]
FUZZ = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def report_of(tool: str, content: bytes) -> Report:
    format_ = FORMATS[tool]
    return scan_record.of_read(format_, TARGET, format_.read(Document(content, "report")))


def identities(tool: str, content: bytes) -> list[str]:
    report = report_of(tool, content)
    return sorted(record.identity for record in report.records if isinstance(record, Finding))


def shuffled_json(value: Any, random: Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled_json(value[name], random) for name in names}
    if isinstance(value, list):
        items = [shuffled_json(item, random) for item in value]
        random.shuffle(items)
        return items
    return value


def shuffled(path: Path, random: Random) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".xml":
        root = ElementTree.fromstring(content)
        for element in root.iter():
            children = list(element)
            random.shuffle(children)
            element[:] = children
        return ElementTree.tostring(root)
    if path.suffix == ".csv":
        header, *rows = list(csv.reader(io.StringIO(content.decode())))
        random.shuffle(rows)
        out = io.StringIO()
        csv.writer(out).writerows([header, *rows])
        return out.getvalue().encode()
    if path.suffix == ".jsonl" or path.stem == "stream":
        first, *lines = content.decode().splitlines()
        lines = lines if path.stem == "stream" else [first, *lines]
        random.shuffle(lines)
        return "\n".join([*([first] if path.stem == "stream" else []), *lines]).encode()
    indent = random.choice([None, 1, 4])
    return json.dumps(shuffled_json(json.loads(content), random), indent=indent).encode()


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_a_report_gives_a_scan_and_findings(path: Path) -> None:
    report = report_of(path.parent.name, path.read_bytes())
    (scan,) = [record for record in report.records if isinstance(record, Scan)]
    findings = [record for record in report.records if isinstance(record, Finding)]
    assert findings
    assert scan.findings == len(findings)
    assert len({finding.identity for finding in findings}) == len(findings)
    assert all(finding.title and finding.severity_source for finding in findings)


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
@given(random=st.randoms(use_true_random=False))
@FUZZ
def test_order_and_format_keep_identities(path: Path, random: Random) -> None:
    before = identities(path.parent.name, path.read_bytes())
    assert identities(path.parent.name, shuffled(path, random)) == before


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_the_same_report_twice_is_the_same(path: Path) -> None:
    content = path.read_bytes()
    assert identities(path.parent.name, content) == identities(path.parent.name, content)


def refuses_or_reads(tool: str, content: bytes) -> None:
    """Either is right for a broken report; any other exception is not."""
    document = Document(content, "broken")
    for one in FORMATS.values():
        one.recognises(document)
    try:
        report = FORMATS[tool].read(document)
    except ParseError:
        return
    scan_record.of_read(FORMATS[tool], TARGET, report)


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
@given(data=st.data())
@FUZZ
def test_cut_and_damaged_bytes(path: Path, data: st.DataObject) -> None:
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 200)))
    inserted = data.draw(st.binary(max_size=6))
    refuses_or_reads(path.parent.name, content[:start] + inserted + content[end:])
    refuses_or_reads(path.parent.name, content[:start])


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value inside of ``value``."""
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    else:
        return [at]
    return [at, *(place for key, item in inside for place in places(item, (*at, key)))]


def replaced(value: Any, place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    made = copy.deepcopy(value)
    parent = made
    for key in place[:-1]:
        parent = parent[key]
    change(parent, place[-1])
    return made


@pytest.mark.parametrize("path", JSON_REPORTS, ids=name_of)
def test_values_of_other_types_and_missing_ones(path: Path) -> None:
    value = json.loads(path.read_bytes())
    for place in places(value)[1:]:
        without = replaced(value, place, lambda parent, key: parent.pop(key))
        refuses_or_reads(path.parent.name, json.dumps(without).encode())
        for wrong in WRONG:
            other = replaced(value, place, lambda p, k, w=wrong: p.__setitem__(k, w))
            refuses_or_reads(path.parent.name, json.dumps(other).encode())
    for wrong in WRONG:
        refuses_or_reads(path.parent.name, json.dumps(wrong).encode())


@pytest.mark.parametrize("path", [path for path in REPORTS if path.suffix == ".xml"], ids=name_of)
def test_missing_and_emptied_elements(path: Path) -> None:
    content = path.read_bytes()
    count = sum(1 for _ in ElementTree.fromstring(content).iter())
    for number in range(1, count):
        for empty in (False, True):
            root = ElementTree.fromstring(content)
            parents = {child: parent for parent in root.iter() for child in parent}
            element = list(root.iter())[number]
            if empty:
                element.text, element.attrib = None, {}
                element[:] = []
            else:
                parents[element].remove(element)
            refuses_or_reads(path.parent.name, ElementTree.tostring(root))
