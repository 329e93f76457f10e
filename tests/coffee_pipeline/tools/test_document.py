"""The untrusted document: one clear error, with file and position, for whatever is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.tools import document as module
from coffee_pipeline.tools import json_stream
from coffee_pipeline.tools.document import DEPTH_LIMIT, Document

LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}&l0;">' if n else '<!ENTITY l0 "ha">'
    for n in range(12)
)


def error(content: bytes, form: str) -> str:
    with pytest.raises(ParseError) as raised:
        getattr(Document(content, "r.x"), form)
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (b"", "json", "r.x:line 1: the report is empty"),
        (b" \n\t", "json", "r.x:line 1: the report is empty"),
        (b"", "xml", "r.x:line 1: the report is empty"),
        (b"", "json_objects", "r.x:line 1: the report is empty"),
        (b"", "csv_rows", "r.x:line 1: not CSV: no header line"),
        (b'{"a": 1,\n"b"', "json", "r.x:line 2: not JSON"),
        (b'{"a": 1} {"b": 2}', "json", "r.x:line 1: not JSON: Extra data"),
        (b"[" + b"1" * 5000 + b"]", "json", "r.x:line 1: not JSON"),
        (b'{"a": 1}\n{"b":', "json_objects", "r.x:line 2: not JSON"),
        (b'{"a": 1}\n[2]', "json_objects", "r.x:line 2: a JSON object is expected"),
        (b"<a>\n<b>\n</a>", "xml", "r.x:line 3: not XML: mismatched tag"),
        (b"<a", "xml", "r.x:line 1: not XML"),
        (b"\x89PNG\r\n\x1a\n\x00", "json", "r.x:byte 0: not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\x00", "xml", "r.x:line 1: not XML"),
        (b"\xff\xfe\x00", "json", "r.x:byte 2: broken UTF-16 text"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "xml", "r.x:line 1: not XML"),
        (b"a: [1\nb: 2", "yaml_documents", "r.x:line 2: not YAML"),
        (b"a: !!python/object:os.system x", "yaml_documents", "r.x:line 1: not YAML"),
    ],
)  # fmt: skip
def test_broken_content_is_named_with_its_place(content: bytes, form: str, words: str) -> None:
    assert error(content, form).startswith(words)


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, DEPTH_LIMIT * 10, 200_000])
def test_json_nested_too_deeply(bracket: str, depth: int) -> None:
    end = "]" if bracket == "[" else "1" + "}"
    closing = end * depth if bracket == "[" else "1" + "}" * depth
    said = error((bracket * depth + closing).encode(), "json")
    assert said.startswith("r.x:line 1: nested ")


def test_json_as_deep_as_the_limit_is_read() -> None:
    content = b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT
    assert isinstance(Document(content, "r.x").json, list)


def test_xml_nested_too_deeply() -> None:
    deep = b"<a>" * (DEPTH_LIMIT + 1) + b"</a>" * (DEPTH_LIMIT + 1)
    assert "nested deeper than 200 levels" in error(deep, "xml")


@pytest.mark.parametrize(
    "content",
    [
        f"<!DOCTYPE a [{LAUGHS}]><a>&l11;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
        '<!DOCTYPE a [<!ENTITY x "y">]><a/>',
    ],
    ids=["expansion", "file", "network", "parameter", "declared only"],
)
def test_entities_are_never_resolved(content: str) -> None:
    said = error(content.encode(), "xml")
    assert "declares entities, which are not resolved" in said
    assert "root:" not in said
    assert Document(content.encode(), "r.x").xml_or_none() is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    content = "Name,Größe\r\nCafé,“2”\r\n".encode(encoding)
    assert list(Document(content, "r.csv").csv_rows) == [{"Name": "Café", "Größe": "“2”"}]


def test_csv_rows_that_are_too_short_or_too_long() -> None:
    rows = Document(b'a,b\n1\n1,2,3\n"x\ny",2\n', "r.csv").csv_rows
    assert list(rows) == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}, {"a": "x\ny", "b": "2"}]


def test_a_field_of_more_than_a_megabyte_is_refused() -> None:
    assert "not CSV: field larger" in error(b"a\n" + b"x" * (1 << 20) + b"y\n", "csv_rows")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_with_a_mark_and_in_utf_16(encoding: str) -> None:
    document = Document('{"name": "Größe"}'.encode(encoding), "r.json")
    assert document.json == document.json_or_none() == {"name": "Größe"}
    assert document.is_json_like
    assert document.csv_header == frozenset()


def test_the_header_of_csv() -> None:
    assert Document(b'"CVE ID", Name \n1,2', "r").csv_header == {"cve id", "name"}
    assert Document("CVE ID,Größe\n".encode("utf-16"), "r").csv_header == {"cve id", "größe"}
    for content in (b"", b"{}", b"<a/>", b"[1]"):
        assert Document(content, "r").csv_header == frozenset()


def test_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (module, json_stream):
        monkeypatch.setattr(where, "REPORT_LIMIT", 1 << 20)
    file = tmp_path / "r.json"
    with file.open("wb") as stream:
        stream.truncate((1 << 20) + 1)
    with pytest.raises(UsageError, match=r"r\.json: larger than 1 MiB; split the report"):
        Document.of_file(file)
    content = b" " * (1 << 20) + b"{}"
    assert "larger than 1 MiB" in error(content, "json")
    assert "larger than 1 MiB" in error(content.replace(b"{}", b"<a/>"), "xml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            Document.of_file(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    document = Document(content, "r")
    assert document.is_json_like in (True, False)
    assert isinstance(document.csv_header, frozenset)
    for tells in (document.json_or_none, document.objects_or_none, document.xml_or_none):
        tells()
    for form in ("json", "json_objects", "xml", "yaml_documents", "csv_rows"):
        try:
            getattr(document, form)
        except ParseError:
            continue


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_valid_json_is_what_json_says(value: object) -> None:
    content = json.dumps([value]).encode()
    assert Document(content, "r").json == json.loads(content)
