"""The package clause of a Go file, read without compiling it."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[\s;]+")
_PACKAGE = re.compile(r"package\s+([^\W\d]\w*)")
_IGNORED = re.compile(r"^\s*//(go:build\s+ignore\b|\s*\+build\s+ignore\b)", re.MULTILINE)


def package_clause(source: bytes) -> str | None:
    """The package a Go file declares; None for a file that is not Go.

    Comments before the clause, byte order marks and CRLF are what they are in Go; a file with a
    NUL byte or bytes that are not UTF-8 is no Go file (Go specification, "Source code
    representation").
    """
    if b"\0" in source:
        return None
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    position = 0
    while position < len(text):
        if match := _SPACE.match(text, position):
            position = match.end()
        elif text.startswith("//", position):
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif text.startswith("/*", position):
            end = text.find("*/", position + 2)
            position = len(text) if end < 0 else end + 2
        else:
            clause = _PACKAGE.match(text, position)
            return clause[1] if clause else None
    return None


def declares_main(source: bytes) -> bool:
    """Whether a file belongs to a main package; scripts tagged ``ignore`` belong to none."""
    if package_clause(source) != "main":
        return False
    before = source.partition(b"\npackage ")[0].decode("utf-8", "replace")
    return _IGNORED.search(before) is None
