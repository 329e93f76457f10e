"""What clients of APIs have in common: the report they make, and what they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential


@dataclass(frozen=True, slots=True)
class Fetched:
    """A report as the tool's format reads it from a file.

    ``outcome`` and ``reason`` say what the document cannot: pages that could not be had, a project
    that nobody analysed. None: the document's own.
    """

    document: Document
    outcome: Outcome | None = None
    reason: str | None = None


class ReportClient(Protocol):
    """A client is a module with these names.

    ``FORMAT`` is the name of the format that reads its document, ``URL`` the address that the
    tool's makers run (None: everyone has their own), ``SUBJECT`` what it is asked about.
    """

    NAME: str
    TITLE: str
    FORMAT: str
    SUBJECT: str

    @property
    def URL(self) -> str | None:  # noqa: N802  # a constant of a module
        """The usual address."""
        ...

    @property
    def CREDENTIAL(self) -> Credential:  # noqa: N802
        """How its token is sent, and which variable usually holds it."""
        ...

    def fetch(self, client: HttpClient, subject: str) -> Fetched:
        """The report about ``subject``.

        Raises:
            UsageError: no such subject can be.
            ToolError, TransientError, ParseError: the API refuses, fails or answers nonsense
                before anything could be read.
        """
        ...


def document(value: Mapping[str, Any] | list[Any], source: str) -> Document:
    """A document of JSON that was put together from pages."""
    return Document(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), source)


def with_pages(value: Mapping[str, Any] | list[Any], source: str, reason: str | None) -> Fetched:
    """The report of pages that are all there are, or not: ``reason`` says so."""
    return Fetched(document(value, source), Outcome.PARTIAL if reason else None, reason)
