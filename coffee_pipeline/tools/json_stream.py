"""JSON objects written one after the other, as several tools print them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from coffee_pipeline.errors import ParseError

REPORT_LIMIT = 512 * 1024 * 1024
"""Bytes of a report that is read; more is refused instead of filling the memory."""


def text_of(content: bytes, source: str) -> str:
    """The report as text without lone surrogates.

    Raises:
        ParseError: not UTF-8, empty, or larger than the limit.
    """
    if len(content) > REPORT_LIMIT:
        raise ParseError(source, "", f"larger than {REPORT_LIMIT >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(source, f"byte {error.start}", "not UTF-8 text") from error
    if not text.strip():
        raise ParseError(source, "line 1", "the report is empty")
    return text


def json_objects(text: str, source: str) -> Iterator[dict[str, Any]]:
    """The objects of ``text``, with or without line breaks between them.

    Raises:
        ParseError: something else stands there; the position is its line.
    """
    decoder = json.JSONDecoder()
    position = _skip_space(text, 0)
    while position < len(text):
        try:
            item, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise ParseError(source, line_at(text, error.pos), f"not JSON: {error.msg}") from error
        except RecursionError as error:
            raise ParseError(source, line_at(text, position), "nested too deeply") from error
        if not isinstance(item, dict):
            raise ParseError(source, line_at(text, position), "a JSON object is expected here")
        yield item
        position = _skip_space(text, end)


def line_at(text: str, position: int) -> str:
    """``line N`` of a position in ``text``."""
    return f"line {text.count(chr(10), 0, position) + 1}"


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
