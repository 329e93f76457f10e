"""The package clause of a Go file, read without compiling it."""

from __future__ import annotations

import re

from coffee_pipeline.platform.build_constraints import builds

_SPACE = re.compile(r"[\s;]+")
_PACKAGE = re.compile(r"package(?>\s+|/\*(?s:.*?)\*/)+([^\W\d]\w*)")


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


def declares_main(name: str, source: bytes) -> bool:
    """Whether the file ``name`` belongs to a main package that is built for a container.

    Scripts tagged ``ignore``, and files for another system or a tag that nobody sets, do not.
    """
    return package_clause(source) == "main" and builds(name, source)
