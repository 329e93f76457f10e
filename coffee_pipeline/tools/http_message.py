"""What is asked of an HTTP API and what it answers, apart from how it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coffee_pipeline.errors import ParseError, ToolError
from coffee_pipeline.tools.document import Document

WORDS_OF_ERROR = 300
"""Characters of the other side's words that an error repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask. ``path`` is below the client's address, or a whole URL of the same origin.

    ``repeatable``: the request changes nothing, so it may be sent again after any fault.
    """

    path: str
    method: str = "GET"
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status 2xx. ``source`` names it in errors; header names are small."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    source: str

    def json(self) -> Any:
        """The JSON value.

        Raises:
            ParseError: another content type (a page to log in on, of a proxy), or broken JSON.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise ParseError(self.source, "", f"{kind[:60]} came where JSON is expected")
        return Document(self.content, self.source).json

    def json_object(self) -> dict[str, Any]:
        """The JSON object.

        Raises:
            ParseError: it is something else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise ParseError(self.source, "line 1", "a JSON object is expected")
        return value

    def json_list(self) -> list[Any]:
        """The JSON array.

        Raises:
            ParseError: it is something else.
        """
        value = self.json()
        if not isinstance(value, list):
            raise ParseError(self.source, "line 1", "a JSON array is expected")
        return value


class AnswerError(ToolError):
    """The server refused: a status that no retry changes. ``status`` is that of the answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one request with all of its tries; times in seconds.

    ``total_seconds`` bounds the tries and the waits between them: a server that asks to wait
    longer than what is left of it is not asked again.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float = 300.0
    tries: int = 6
    longest_wait_seconds: float = 30.0
    content_bytes: int = 64 << 20
    redirects: int = 5


def said_by(answer: Answer) -> str:
    """The server's own words: the usual names of messages in JSON; never a page of HTML."""
    try:
        value = answer.json()
    except ParseError:
        return ""
    found = _message(value, 4)
    return " ".join(found.split())[:WORDS_OF_ERROR]


def _message(value: object, depth: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth:
        return _message(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        for name in ("message", "msg", "detail", "title", "error", "errors"):
            found = _message(value.get(name), depth - 1)
            if found:
                return found
    return ""
