"""Rows of an incident export, each with the line it begins at, so that a bad one can be named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.document import Document

CONTAINERS = ("incidents", "alerts", "data", "issues", "items", "messages")
"""Members of an object that hold the rows, as the known exports name them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values, the line it begins at, and the object it came in (empty: none)."""

    values: Mapping[str, Any]
    line: int
    envelope: Mapping[str, Any]


def rows_of(document: Document) -> list[Row]:
    """The rows of a JSON document (one value or several in turn) or of a CSV file with a header.

    Raises:
        ParseError: neither, or a row that is no object.
    """
    first = document.text.lstrip()[:1]
    return list(_json_rows(document) if first in ("{", "[") else _csv_rows(document))


def _csv_rows(document: Document) -> Iterator[Row]:
    csv.field_size_limit(1 << 20)
    reader = csv.DictReader(io.StringIO(document.text, newline=""), restval="", strict=True)
    begins = 2
    try:
        for values in reader:
            if None in values:
                raise document.error(f"line {begins}", "more values than columns")
            yield Row({name.strip().lower(): text for name, text in values.items()}, begins, {})
            begins = reader.line_num + 1
    except csv.Error as error:
        raise document.error(f"line {reader.line_num}", f"not CSV: {error}") from error
    if len(reader.fieldnames or ()) < 2:
        raise document.error("line 1", "neither JSON nor CSV with a header line")


def _json_rows(document: Document) -> Iterator[Row]:
    scanner = _Scanner(document)
    while not scanner.at_end():
        start = scanner.position
        value = scanner.value()
        if isinstance(value, list):
            yield from _elements(scanner, start, {})
            continue
        if not isinstance(value, dict):
            raise scanner.error(start, "an object is expected here")
        container = next((name for name in CONTAINERS if isinstance(value.get(name), list)), None)
        if container is None:
            yield Row(value, scanner.line(start), {})
            continue
        yield from _elements(scanner, scanner.member(start, container), value)


def _elements(scanner: _Scanner, start: int, envelope: Mapping[str, Any]) -> Iterator[Row]:
    for at, value in scanner.elements(start):
        if not isinstance(value, dict):
            raise scanner.error(at, "an object is expected here")
        yield Row(value, scanner.line(at), envelope)


class _Scanner:
    """Walks JSON text, knowing where every element begins."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text
        self._decoder = json.JSONDecoder()
        self.position = self._skip(0)
        self._counted = (0, 1)

    def at_end(self) -> bool:
        """Whether only space is left."""
        return self.position >= len(self._text)

    def value(self) -> Any:
        """The value here; the position moves past it.

        Raises:
            ParseError: there is no JSON value.
        """
        value, end = self._decode(self.position)
        self.position = self._skip(end)
        return value

    def elements(self, start: int) -> Iterator[tuple[int, Any]]:
        """Where each element of the array at ``start`` begins, and what it is."""
        position = self._skip(start + 1)
        while self._text[position] != "]":
            value, end = self._decode(position)
            yield position, value
            position = self._skip(end)
            if self._text[position] == ",":
                position = self._skip(position + 1)

    def member(self, start: int, name: str) -> int:
        """Where the value of the last member ``name`` of the object at ``start`` begins."""
        found = start
        position = self._skip(start + 1)
        while self._text[position] != "}":
            key, end = self._decode(position)
            position = self._skip(self._skip(end) + 1)  # past the colon
            if key == name:
                found = position  # of members of one name the last counts, as everywhere
            _, end = self._decode(position)
            position = self._skip(end)
            if self._text[position] == ",":
                position = self._skip(position + 1)
        return found

    def line(self, position: int) -> int:
        """The line of a position; positions are asked for in ascending order, mostly."""
        known, line = self._counted
        if position < known:
            known, line = 0, 1
        line += self._text.count("\n", known, position)
        self._counted = (position, line)
        return line

    def error(self, position: int, problem: str) -> ParseError:
        """The error to raise about a position."""
        return self._document.error(f"line {self.line(position)}", problem)

    def _decode(self, position: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self._text, position)
        except json.JSONDecodeError as error:
            raise self.error(error.pos, f"not JSON: {error.msg}") from error
        except RecursionError as error:
            raise self.error(position, "nested too deeply") from error
        except ValueError as error:  # a number of more digits than Python turns into an integer
            raise self.error(position, f"not JSON: {error}") from error

    def _skip(self, position: int) -> int:
        while position < len(self._text) and self._text[position] in " \t\r\n":
            position += 1
        return position


def first_text(values: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of the named values that is a text or a number and not empty."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return None


def mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The named object; an empty one where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}
