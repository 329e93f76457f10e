"""sonar-report's HTML: a table of issues and a table of rules in its ``detail`` section.

Descriptions of rules hold tables of their own, so only the cells of the outer tables count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import cwe_numbers, number
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.sonarqube_issues import SEVERITIES

_COLUMNS = ("rule", "severity", "component", "line", "description", "message", "key", "status")
_TITLE = re.compile(rb"<title>[^<]{0,200}sonar", re.IGNORECASE)
_START = 1 << 16


class _Tables(HTMLParser):
    """Header names and rows of the tables directly inside of the ``detail`` section."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.headers: list[list[str]] = []
        self.has_detail = False
        self._divisions: list[bool] = []
        self._depth = 0
        self._cell: list[str] | None = None
        self._is_header = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "div":
            is_detail = "detail" in (dict(attrs).get("class") or "").split()
            self._divisions.append(is_detail)
            self.has_detail = self.has_detail or is_detail
        elif not any(self._divisions):
            return
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append([])
                self.headers.append([])
        elif self._depth == 1 and tag == "tr":
            self._close_cell()
            self.tables[-1].append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._close_cell()
            self._cell, self._is_header = [], tag == "th"
        elif tag in ("br", "p", "li") and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._divisions:
            self._divisions.pop()
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._close_cell()
            self._depth -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._close_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is None or not self.tables:
            return
        words = "".join(self._cell).strip()
        self._cell = None
        if self._is_header:
            self.headers[-1].append(words.lower())
        else:
            if not self.tables[-1]:
                self.tables[-1].append([])
            self.tables[-1][-1].append(words)


def recognises(document: Document) -> bool:
    """A page with SonarQube in its title and a ``detail`` section."""
    start = document.content[:_START]
    if b"<" not in start[:200] or not _TITLE.search(start):
        return False
    try:
        return bool(re.search(r"class=[\"']?[^\"'>]{0,100}\bdetail\b", document.text))
    except ParseError:
        return False


def read(document: Document) -> ReadReport:
    """The issues; a report without the table of issues says that there are none.

    Raises:
        ParseError: it has no ``detail`` section, or a row lacks cells.
    """
    parser = _Tables()
    parser.feed(document.text)
    parser.close()
    if not parser.has_detail:
        raise document.error("line 1", "no sonar-report: it has no 'detail' section")
    found: dict[object, Reported] = {}
    rules = _rules(parser)
    for header, rows in zip(parser.headers, parser.tables, strict=True):
        names = [name for name in header if name in _COLUMNS]
        if "severity" not in header or "component" not in header:
            continue
        for index, cells in enumerate(row for row in rows if row):
            if len(cells) < len(_COLUMNS) - 2:
                raise document.error(f"row {index + 1} of the issues", "cells are missing")
            one = _reported(dict(zip(names, cells, strict=False)), rules)
            found[one.fingerprint or len(found)] = one
    return ReadReport(findings=list(found.values()))


def _rules(parser: _Tables) -> Mapping[str, str]:
    """What the table of rules says of each."""
    return {
        row[0].strip(): row[1]
        for header, rows in zip(parser.headers, parser.tables, strict=True)
        if "severity" not in header
        for row in rows
        if len(row) >= 2
    }


def _reported(cells: Mapping[str, str], rules: Mapping[str, str]) -> Reported:
    rule = cells.get("rule") or "unnamed"
    word = cells.get("severity", "").upper()
    return Reported(
        rule=rule,
        title=cells.get("message") or cells.get("description") or rule,
        severity=SEVERITIES.get(word, Severity.INFO),
        severity_source="tool" if word in SEVERITIES else "default",
        cwes=cwe_numbers([rules.get(rule, "")]),
        path=cells.get("component") or None,
        line=number(cells.get("line")),
        fingerprint=cells.get("key") or None,
        detail=cells.get("description") or None,
    )
