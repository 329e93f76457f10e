"""Where the function declarations of a Go file begin and end: just enough of Go's lexer for it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"//[^\n]*|/\*.*?\*/"  # comments
    rb"|`[^`]*`|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"  # strings and runes
    rb"|\n|[{}()\[\];]|\w+|[^\s\w]",
    re.DOTALL,
)
_CONTINUES = re.compile(rb"[=,:+\-*/%&|^<>!.~(\[{]")


@dataclass(frozen=True, slots=True)
class Extent:
    """From the ``func`` keyword to behind the closing brace: (line, column), columns in bytes."""

    start: tuple[int, int]
    end: tuple[int, int]


def function_extents(source: bytes) -> list[Extent]:
    """The function and method declarations with a body; function literals are not among them.

    Source that is no Go gives nonsense, but never an error.
    """
    starts = [0, *(found.end() for found in re.finditer(rb"\n", source))]
    return [
        Extent(_position(starts, begin), _position(starts, end)) for begin, end in _spans(source)
    ]


def _position(line_starts: list[int], offset: int) -> tuple[int, int]:
    line = bisect_right(line_starts, offset)
    return line, offset - line_starts[line - 1] + 1


def _spans(source: bytes) -> list[tuple[int, int]]:
    """Byte offsets of function declarations."""
    spans: list[tuple[int, int]] = []
    depth, begin, fresh = 0, None, True
    last = b""
    for token in _TOKEN.finditer(source):
        text = token[0]
        if text.startswith((b"//", b"/*")):
            fresh = fresh or b"\n" in text
            continue
        if text in (b"\n", b";"):
            if depth == 0 and (text == b";" or not _CONTINUES.fullmatch(last)):
                begin, fresh = None, True
            continue
        if text == b"func" and depth == 0 and fresh:
            begin = token.start()
        depth = max(0, depth + (text in b"{([") - (text in b"})]"))
        ends = text == b"}" and depth == 0 and not _opens_body_next(source, token.end())
        if ends and begin is not None:
            spans.append((begin, token.end()))
            begin = None
        fresh, last = False, text
    return spans


def _opens_body_next(source: bytes, offset: int) -> bool:
    """Whether a brace follows on the same line: ``func f() struct{} {`` has not ended yet."""
    rest = source[offset : source.find(b"\n", offset) % (len(source) + 1)]
    return b"{" in re.sub(rb"//.*|/\*.*?\*/", b"", rest).split(b";")[0]
