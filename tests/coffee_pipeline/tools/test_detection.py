"""Every report of reports/ is known by its content as its own tool's, and by no other's."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS

REPORTS = sorted(path for path in (Path(__file__).parent / "reports").rglob("*") if path.is_file())


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_a_report_is_recognised_by_its_own_format_only(path: Path) -> None:
    document = Document.of_file(path)
    found = [name for name, one in FORMATS.items() if one.recognises(document)]
    assert found == [path.parent.name]
    assert path.parent.name == format_of(AUTOMATIC, document).NAME


def test_a_name_is_taken_at_its_word() -> None:
    assert format_of("gosec", Document(b"not even JSON", "x")).NAME == "gosec"
    with pytest.raises(UsageError, match="nothing: no such format; reports are read of: "):
        format_of("nothing", Document(b"", "x"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello\n", "x.json:line 1: no known format"),
        (b'{"a": 1}', "x.json:line 1: no known format"),
        (b"[]", "x.json:line 1: no known format"),
        (b"<a/>", "x.json:line 1: no known format"),
        (b"name,colour\na,b\n", "x.json:line 1: no known format"),
        (b'{"a":\n 1,', "x.json:line 2: not JSON"),
        (b"<a>\n<b></a>", "x.json:line 2: not XML"),
        (b"", "x.json:line 1: the report is empty"),
        (b"\x00\x01\xff\xfe", "x.json:byte 2: not UTF-8 text"),
    ],
)
def test_what_nobody_knows_is_told_apart_from_what_is_broken(content: bytes, words: str) -> None:
    with pytest.raises(ParseError) as raised:
        format_of(AUTOMATIC, Document(content, "x.json"))
    assert str(raised.value).startswith(words)


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("path", REPORTS, ids=name_of)
def test_half_a_report_never_makes_detection_fail(path: Path, cut: float) -> None:
    content = path.read_bytes()
    document = Document(content[: int(len(content) * cut)], "half")
    assert all(isinstance(one.recognises(document), bool) for one in FORMATS.values())
