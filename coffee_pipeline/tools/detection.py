"""Which tool's report is this? Told by content; a file's name says nothing reliable."""

from __future__ import annotations

from coffee_pipeline.errors import UsageError
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.reported import ReportFormat

AUTOMATIC = "auto"
"""The name that asks for detection."""


def format_of(name: str, document: Document) -> ReportFormat:
    """The format called ``name``; with :data:`AUTOMATIC` the one that recognises the document.

    Raises:
        UsageError: there is no format of that name.
        ParseError: no format recognises the document.
    """
    if name != AUTOMATIC:
        if name not in FORMATS:
            raise UsageError(f"{name}: no such format; reports are read of: {', '.join(FORMATS)}")
        return FORMATS[name]
    for candidate in FORMATS.values():
        if candidate.recognises(document):
            return candidate
    _complain(document)
    raise document.error("line 1", "no known format; name the tool (coffee-pipeline parsers list)")


def _complain(document: Document) -> None:
    """Say what is wrong with a broken JSON or XML file rather than that nobody knows it.

    Raises:
        ParseError: the document begins like JSON or XML and is neither.
    """
    first = document.text.lstrip()[:1]
    if first == "<":
        document.xml  # noqa: B018  # for its error
    elif first in ("{", "[") and document.objects_or_none() is None:
        document.json  # noqa: B018
