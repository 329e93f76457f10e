"""One or more reports of every format of the registry, for what must hold for all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.reported import ReportFormat
from tests.coffee_pipeline.tools.test_code_scanner_properties import CASES

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class EveryReport:
    """A report by the name of its format; ``kind`` is what it is written in."""

    tool: str
    name: str
    content: bytes
    kind: str

    @property
    def format(self) -> ReportFormat:
        return FORMATS[self.tool]

    def value(self) -> Any:
        """The report as a tree that can be changed: lists, objects and texts."""
        if self.kind == "json":
            return json.loads(self.content)
        if self.kind == "lines":
            return list(_objects(self.content.decode()))
        if self.kind == "csv":
            return list(csv.reader(io.StringIO(self.content.decode("utf-8-sig"))))
        return _tree(ElementTree.fromstring(self.content))

    def written(self, value: Any) -> bytes:
        """A tree of :meth:`value`, changed at will, as bytes of the same kind."""
        if self.kind == "json" or not isinstance(value, list):
            return json.dumps(value).encode()
        if self.kind == "lines":
            return "\n".join(json.dumps(line) for line in value).encode()
        if self.kind == "csv":
            out = io.StringIO()
            rows = [row if isinstance(row, list) else [row] for row in value]
            csv.writer(out).writerows([[_shown(cell) for cell in row] for row in rows])
            return out.getvalue().encode("utf-8", "replace")
        element = _element(value)
        return ElementTree.tostring(element, encoding="unicode").encode("utf-8", "replace")


def _objects(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def _tree(element: ElementTree.Element) -> Any:
    children = [_tree(child) for child in element]
    return [element.tag, dict(element.attrib), element.text or "", children]


def _element(value: Any) -> ElementTree.Element:
    """XML of a tree, or the nearest to it where it was changed into something that is none."""
    parts = value if isinstance(value, list) else [value]
    tag, attributes, text, children = (*parts, None, None, None, None)[:4]
    made = ElementTree.Element(tag if isinstance(tag, str) and tag.strip("x\0") else "gone")
    if isinstance(attributes, dict):
        made.attrib = {name: _shown(one) for name, one in attributes.items()}
    made.text = _shown(text)
    made.extend([_element(child) for child in children] if isinstance(children, list) else [])
    return made


def _shown(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _kind(content: bytes) -> str:
    first = content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if first == b"<":
        return "xml"
    if first not in b"{[":
        return "csv"
    return "json" if Document(content, "x").json_or_none() is not None else "lines"


def _files() -> Iterator[EveryReport]:
    for folder in ("reports", "recordings/infrastructure", "recordings/scanners"):
        for path in sorted((_FOLDER / folder).rglob("*.*")):
            if path.suffix == ".db":
                continue
            document = Document.of_file(path)
            for tool, one in FORMATS.items():
                if one.recognises(document):
                    name = f"{tool}-{path.stem}{path.suffix}"
                    yield EveryReport(tool, name, document.content, _kind(document.content))


def _written() -> Iterator[EveryReport]:
    for case in CASES:
        name, content = case.format.NAME, case.document()
        yield EveryReport(name, name, content, _kind(content))


EVERY_REPORT = [*_files(), *_written()]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value inside of ``value`` is, and ``value`` itself."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))


def changed(value: Any, place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy of ``value`` in which ``change`` was applied to what holds ``place``, and its key."""
    made = json.loads(json.dumps(value))
    parent = made
    for key in place[:-1]:
        parent = parent[key]
    change(parent, place[-1])
    return made
