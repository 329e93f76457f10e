"""Whatever is wrong with a report of any format: one clear error, or findings that can be kept."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.history.tables import arrow_schema, columns
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.reported import ReadReport, ReportFormat
from tests.coffee_pipeline.test_redaction import SHAPES
from tests.coffee_pipeline.tools.every_report import EVERY_REPORT, EveryReport, changed, places

TARGET = Target(checkout=Path("/nowhere"), module=".", revision="r", foreign=True)
OTHERS: list[Any] = [
    None, True, 0, -1, 2**70, 1.5, 1e308, "", " ", "text", "\ud800", "a\x00b", "../../etc/passwd",
    [], [1], [[]], [None], {}, {"a": 1}, {"text": [1]}, ["text"], "9" * 30,
]  # fmt: skip
every = pytest.mark.parametrize("report", EVERY_REPORT, ids=lambda one: one.name)
QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_format_has_a_report() -> None:
    assert {report.tool for report in EVERY_REPORT} == set(FORMATS)


def read_or_complaint(one: ReportFormat, document: Document) -> ReadReport | str:
    try:
        return one.read(document)
    except ParseError as error:
        return str(error)


def refused_or_kept(tool: str, content: bytes) -> list[Finding] | None:
    """Findings that the history can hold, or None for a report that was refused."""
    document = Document(content, "file.x")
    assert FORMATS[tool].recognises(document) in (True, False)
    read = read_or_complaint(FORMATS[tool], document)
    if isinstance(read, str):
        assert read.startswith("file.x:")
        assert len(read) < 1000
        return None
    kept = scan_record.of_read(FORMATS[tool], TARGET, read)
    for record in kept.records:
        table = pa.Table.from_pylist(
            [{column.name: getattr(record, column.name) for column in columns(type(record))}],
            schema=arrow_schema(type(record)),
        )
        assert table.num_rows == 1
    found = [record for record in kept.records if isinstance(record, Finding)]
    for one in found:
        assert one.rule.strip()
        assert one.title.strip()
        assert Severity(one.severity)
        assert FindingKind(one.kind)
        assert one.line is None or 0 < one.line < 1 << 31
        assert one.cvss_score is None or 0 <= one.cvss_score <= 10
        assert one.path is None or not one.path.startswith(("/", "../"))
    assert len({one.identity for one in found}) == len(found)
    assert kept.outcome is Outcome.COMPLETED or kept.reason
    return found


def _delete(parent: Any, key: Any) -> None:
    del parent[key]


def _double(parent: Any, key: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, parent[key])
    else:
        parent[f"{key}2"] = parent[key]


def _shuffle(parent: Any, key: Any) -> None:
    if isinstance(parent[key], list):
        random.Random(1).shuffle(parent[key])  # no secret of anything
    elif isinstance(parent[key], dict):
        parent[key] = dict(reversed(parent[key].items()))
    else:
        parent[key] = str(parent[key])[::-1]


@every
@given(data=st.data())
@QUICK
def test_a_report_with_any_value_changed(report: EveryReport, data: st.DataObject) -> None:
    value = report.value()
    for _ in range(data.draw(st.integers(1, 3))):
        inside = list(places(value))[1:]
        if not inside:
            break
        other = data.draw(st.sampled_from(OTHERS))
        change = data.draw(
            st.sampled_from([_delete, _double, _shuffle, lambda p, k, o=other: p.__setitem__(k, o)])
        )
        value = changed(value, data.draw(st.sampled_from(inside)), change)
    refused_or_kept(report.tool, report.written(value))


@every
@given(data=st.data())
@QUICK
def test_a_report_that_is_cut_off_or_damaged(report: EveryReport, data: st.DataObject) -> None:
    content = report.content
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 300)))
    refused_or_kept(report.tool, content[:start])
    refused_or_kept(report.tool, content[:start] + data.draw(st.binary(max_size=8)) + content[end:])


@every
def test_a_report_is_as_it_was_made_for(report: EveryReport) -> None:
    found = refused_or_kept(report.tool, report.content)
    again = refused_or_kept(report.tool, report.written(report.value()))
    assert found is not None
    assert again is not None
    assert [one.identity for one in again] == [one.identity for one in found]


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


@every
def test_a_secret_in_any_field_is_not_kept(report: EveryReport) -> None:
    value = report.value()
    secrets = sorted(SHAPES.values())
    texts = [place for place in list(places(value))[1:] if isinstance(at(value, place), str)]
    for number, place in enumerate(texts):
        secret = secrets[number % len(secrets)]
        core = secret.splitlines()[1] if "\n" in secret else secret[len(secret) // 2 :]

        def plant(parent: Any, key: Any, secret: str = secret) -> None:
            parent[key] = f"{parent[key]} {secret}"

        content = report.written(changed(value, place, plant))
        read = read_or_complaint(report.format, Document(content, "file.x"))
        kept = read if isinstance(read, str) else scan_record.of_read(report.format, TARGET, read)
        assert core not in repr(kept).replace("\\n", "\n"), place
