"""A report as bytes, read once into whatever form its format needs; the input is untrusted.

Formats are told apart by content, so a document may be asked for JSON, XML and CSV in turn. Each
form is parsed once and kept. Nothing here resolves entities, follows references or opens files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError as XmlError

import yaml
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.platform.yaml_depth import check_depth
from coffee_pipeline.tools.collection import collector_paused
from coffee_pipeline.tools.json_stream import REPORT_LIMIT, json_objects, line_at, text_of

DEPTH_LIMIT = 200
"""Levels of nesting in JSON or XML; real reports have fewer than 40."""
_HEADER_BYTES = 1 << 14


class Document:
    """One report. ``source`` names it in errors: a file's path, or the tool it came from."""

    def __init__(self, content: bytes, source: str) -> None:
        self.content = content
        self.source = source
        self._not: set[str] = set()

    @classmethod
    def of_file(cls, file: Path) -> Document:
        """The report in ``file``.

        Raises:
            UsageError: it cannot be read, or is larger than the limit.
        """
        try:
            if file.stat().st_size > REPORT_LIMIT:
                raise UsageError(f"{file}: larger than {REPORT_LIMIT >> 20} MiB; split the report")
            return cls(file.read_bytes(), str(file))
        except OSError as error:
            raise UsageError(f"{file}: cannot be read ({error.strerror})") from error

    def error(self, position: str, problem: str) -> ParseError:
        """The error to raise about this document."""
        return ParseError(self.source, position, problem)

    @cached_property
    def text(self) -> str:
        """The content as text.

        Raises:
            ParseError: not UTF-8 (or UTF-16 with a byte order mark), empty, or too large.
        """
        if self.content.startswith((b"\xff\xfe", b"\xfe\xff")):
            try:
                return self.content.decode("utf-16")
            except UnicodeDecodeError as error:
                raise self.error(f"byte {error.start}", "broken UTF-16 text") from error
        return text_of(self.content, self.source)

    @cached_property
    def json(self) -> Any:
        """The one JSON value of the document.

        Raises:
            ParseError: no JSON, more than one value, or nested too deeply.
        """
        try:
            with collector_paused():
                value = json.loads(self.text)
        except json.JSONDecodeError as error:
            raise self.error(line_at(self.text, error.pos), f"not JSON: {error.msg}") from error
        except RecursionError as error:
            raise self.error("line 1", "nested too deeply") from error
        except ValueError as error:  # a number of more digits than Python turns into an integer
            raise self.error("line 1", f"not JSON: {error}") from error
        if not _is_flat(self.content if not self._is_utf16 else self.text.encode()):
            _check_depth(value, self)
        return value

    @cached_property
    def json_objects(self) -> Sequence[Mapping[str, Any]]:
        """JSON objects one after the other, with or without line breaks between them.

        Raises:
            ParseError: something else stands there.
        """
        whole = self.json_or_none()
        if isinstance(whole, dict):  # parsed already, as the one that it is
            return [whole]
        return list(json_objects(self.text, self.source))

    @cached_property
    def xml(self) -> Element:
        """The root element.

        Raises:
            ParseError: no XML, nested too deeply, or with entity declarations (never resolved).
        """
        if not self.content.strip():
            raise self.error("line 1", "the report is empty")
        if len(self.content) > REPORT_LIMIT:
            raise self.error("", f"larger than {REPORT_LIMIT >> 20} MiB")
        try:
            root: Element = fromstring(self.content)
        except XmlError as error:
            line, column = error.position
            raise self.error(f"line {line}", f"not XML: {error} (column {column})") from error
        except DefusedXmlException as error:
            raise self.error(
                "line 1", f"declares entities, which are not resolved: {type(error).__name__}"
            ) from error
        except (ValueError, LookupError) as error:  # an encoding that nobody knows
            raise self.error("line 1", f"not XML: {error}") from error
        _check_xml_depth(root, self)
        return root

    @cached_property
    def yaml_documents(self) -> Sequence[Any]:
        """The YAML documents of the file, read with the safe loader.

        Raises:
            ParseError: no YAML.
        """
        try:
            check_depth(self.text)
            return list(yaml.load_all(self.text, Loader=yaml.CSafeLoader))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self.error(f"line {line}", f"not YAML: {error.problem}") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise self.error("line 1", f"not YAML: {type(error).__name__}") from error

    @cached_property
    def csv_rows(self) -> Sequence[Mapping[str, str]]:
        """Rows of a CSV file with a header line, by the header's names.

        UTF-8 (with or without a mark), UTF-16 with a mark, else Windows-1252, which every byte of
        a spreadsheet's export has a meaning in.

        Raises:
            ParseError: no header, or a field larger than a megabyte.
        """
        try:
            text = self.text
        except ParseError:
            text = self.content.decode("cp1252", "replace")
        csv.field_size_limit(1 << 20)
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
        try:
            rows = [{k: v for k, v in row.items() if isinstance(v, str)} for row in reader]
        except csv.Error as error:
            raise self.error(f"line {reader.line_num}", f"not CSV: {error}") from error
        if not reader.fieldnames:
            raise self.error("line 1", "not CSV: no header line")
        return rows

    def json_or_none(self) -> Any:
        """The JSON value, or None where the document is none: for telling formats apart."""
        first = self.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        return self._quietly("json") if first in (b"{", b"[") or self._is_utf16 else None

    def text_or_none(self) -> str | None:
        """The content as text, or None where it is none: for telling formats apart."""
        found: str | None = self._quietly("text")
        return found

    def objects_or_none(self) -> Sequence[Mapping[str, Any]] | None:
        """The JSON objects, or None where the document holds none."""
        first = self.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        found: Sequence[Mapping[str, Any]] | None = (
            self._quietly("json_objects") if first == b"{" or self._is_utf16 else None
        )
        return found

    def xml_or_none(self) -> Element | None:
        """The XML root, or None where the document is none: for telling formats apart."""
        first = self.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        found: Element | None = self._quietly("xml") if first == b"<" or self._is_utf16 else None
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it: what tools that print nothing leave behind when all is well."""
        return not self.content.strip()

    @property
    def is_json_like(self) -> bool:
        """Whether it begins as JSON does: for formats that are written as JSON and otherwise."""
        first = self.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        return first in (b"{", b"[") or (self._is_utf16 and self.json_or_none() is not None)

    @cached_property
    def csv_header(self) -> frozenset[str]:
        """Names of the first line in small letters; empty where it cannot be one of a CSV file."""
        encoding = "utf-16" if self._is_utf16 else "utf-8-sig"
        first = self.content[:_HEADER_BYTES].decode(encoding, "replace").lstrip().splitlines()[:1]
        if not first or first[0][0] in "{[<":
            return frozenset()
        try:
            names = next(csv.reader(first), [])
        except csv.Error:
            return frozenset()
        return frozenset(name.strip().lower() for name in names)

    @property
    def _is_utf16(self) -> bool:
        return self.content.startswith((b"\xff\xfe", b"\xfe\xff"))

    def _quietly(self, form: str) -> Any:
        if form in self._not:  # a large broken report is not parsed for every format
            return None
        try:
            return getattr(self, form)
        except ParseError:
            self._not.add(form)
            return None


_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))


def _is_flat(content: bytes) -> bool:
    """Whether valid JSON is surely not nested too deeply, told by its brackets alone.

    Every round takes the innermost pairs away, so the rounds bound the depth: a large report is
    cleared in a tenth of the time that walking its values takes.
    """
    brackets = content
    if b"\\" in content:
        brackets = brackets.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = brackets.translate(None, _STRUCTURE).replace(b'""', b"")
    if b'"' in brackets:  # strings with brackets in them
        brackets = b"".join(brackets.split(b'"')[::2])
    for _ in range(DEPTH_LIMIT // 2):  # a round may take two levels, one of each kind
        if not brackets:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return not brackets


def _check_depth(value: object, document: Document) -> None:
    """Refuse JSON that is nested deeper than any reader of a format goes."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise document.error("line 1", f"nested deeper than {DEPTH_LIMIT} levels")
        following: list[object] = []
        for item in level:
            if isinstance(item, dict):
                following.extend(v for v in item.values() if isinstance(v, dict | list))
            elif isinstance(item, list):
                following.extend(v for v in item if isinstance(v, dict | list))
        level = following


def _check_xml_depth(root: Element, document: Document) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise document.error("line 1", f"nested deeper than {DEPTH_LIMIT} levels")
        level = [child for element in level for child in element]
