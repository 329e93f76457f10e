"""Lists that an API gives in pages: all of them, or how far it went and why not further."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coffee_pipeline.errors import ParseError, ToolError, TransientError, UsageError
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_message import Answer, Request

PAGE_LIMIT = 1000
"""Pages of one list; a server that has always one more is not followed for ever."""
_LINK = re.compile(r"<([^<>]{1,4000})>([^<]*)")
_RELATION = re.compile(r"""\brel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its entries, how to ask for the next one (None: it is the last), and the number
    of all entries where the server says it.

    ``gap`` says what the page itself lacks.
    """

    entries: Sequence[Any]
    following: Request | None
    total: int | None = None
    gap: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The entries of all pages that were read; ``reason`` says why these are not all of them."""

    entries: list[Any]
    pages: int
    total: int | None
    reason: str | None


def collect(
    client: HttpClient,
    first: Request,
    read: Callable[[Answer, Request], Page],
    page_limit: int = PAGE_LIMIT,
) -> Collected:
    """The entries of all pages from ``first`` on.

    When a later page cannot be had, the earlier ones are given with the reason: what they hold is
    to be believed, what they lack is not.

    Args:
        client: to ask with.
        first: the request for the first page.
        read: makes a page of an answer and its request; pure.
        page_limit: how many pages are asked for.

    Raises:
        ToolError, TransientError, UsageError, ParseError: the first page cannot be had.
    """
    entries: list[Any] = []
    total, gap = None, None
    request: Request | None = first
    seen: set[tuple[str, ...]] = set()
    pages = 0
    while request is not None:
        if _mark(request) in seen:
            return Collected(entries, pages, total, f"page {pages + 1} would be one read before")
        if pages == page_limit:
            return Collected(entries, pages, total, f"there are more than {page_limit} pages")
        seen.add(_mark(request))
        try:
            page = read(client.ask(request), request)
        except (ToolError, TransientError, UsageError) as error:
            if not pages:
                raise
            return Collected(entries, pages, total, f"page {pages + 1}: {error}")
        pages += 1
        entries += page.entries
        total = page.total if page.total is not None else total
        gap = gap or page.gap
        request = page.following
    if gap is None and total is not None and total > len(entries):
        gap = f"{len(entries)} of {total} entries were given"
    return Collected(entries, pages, total, gap)


def next_link(headers: Mapping[str, str]) -> str | None:
    """The URL of ``rel="next"`` in a ``Link`` header (RFC 8288), None on the last page."""
    for address, parameters in _LINK.findall(headers.get("link", "")):
        for quoted, bare in _RELATION.findall(parameters):
            if "next" in (quoted or bare).lower().split():
                return str(address).strip()
    return None


def by_link(answer: Answer, request: Request) -> Page:
    """The page of an API that answers with a JSON array and a ``Link`` header.

    Raises:
        ParseError: it is no array of objects.
    """
    entries = answer.json_list()
    if not all(isinstance(entry, dict) for entry in entries):
        raise ParseError(answer.source, "line 1", "a list of JSON objects is expected")
    address = next_link(answer.headers)
    following = None
    if address is not None:
        following = Request(path=address, headers=request.headers)
    return Page(entries, following)


def _mark(request: Request) -> tuple[str, ...]:
    """What tells requests apart: a page that was asked for is not asked for again."""
    return (
        request.method, request.path, repr(sorted(request.parameters.items())), repr(request.body)
    )  # fmt: skip
