"""Pages to self-contained HTML and to Markdown.

HTML: one file without any reference to the outside; Plotly's script is inlined once, a content
security policy forbids everything else. Jinja escapes whatever the history holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import jinja2
from markupsafe import Markup

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.reports.page import Cell, Figure, Opened, Page, Section, Table, Tone

MARKDOWN_ROWS = 5
"""Rows that Markdown shows of those a number was taken from; HTML has more."""

_MARKS = {Tone.GOOD: "✓", Tone.WARNING: "▲", Tone.BAD: "✗"}
_ACTIVE = re.compile(r"[\\`*\[\]<>|~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def write_html(page: Page, path: Path) -> Path:
    """Render ``page`` to ``path``, replacing it at once; returns the path.

    Raises:
        EnvironmentFailedError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(to_html(page), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # the folder may be what is broken; the first error is reported
            temporary.unlink(missing_ok=True)
        raise EnvironmentFailedError(
            f"{path}: the report cannot be written ({error.strerror or error})"
        ) from error
    return path


def to_html(page: Page) -> str:
    """The page as one HTML document."""
    figures = [figure for section in page.sections for figure in section.figures]
    return _template().render(
        page=page,
        generated=page.generated_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        marks=_MARKS,
        plotly=Markup(_plotly()) if figures else "",  # noqa: S704 - the package's own script
        specification=_specification,
    )


def to_markdown(page: Page) -> str:
    """The page as GitHub-flavoured Markdown; figures are given by their captions."""
    generated = page.generated_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"# {_plain(page.title)}", "", f"{_plain(page.subtitle)} Generated {generated}.", ""]
    for section in page.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {_plain(section.title)}", "")
    if section.text:
        yield from (_plain(section.text), "")
    for tile in section.tiles:
        detail = f" — {_plain(tile.detail)}" if tile.detail else ""
        yield f"- **{_plain(tile.label)}**: {_marked(tile.value, tile.tone)}{detail}"
    if section.tiles:
        yield ""
    for figure in section.figures:
        yield from (f"*{_plain(figure.title)}.* {_plain(figure.caption)}", "")
    for one in section.opened:
        yield from _opened(one)
    for table in section.tables:
        yield from _table(table)
    for note in section.notes:
        yield f"- {_plain(note)}"
    if section.notes:
        yield ""


def _table(table: Table) -> Iterator[str]:
    yield from (f"### {_plain(table.title)}", "")
    if not table.rows:
        yield from (_plain(table.empty), "")
        return
    numeric = [all(row[at].number for row in table.rows) for at in range(len(table.columns))]
    yield f"| {' | '.join(_plain(name) for name in table.columns)} |"
    yield f"| {' | '.join('---:' if right else '---' for right in numeric)} |"
    for row in table.rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""
    for group in table.opened:
        for one in group:
            yield from _opened(one)


def _opened(one: Opened) -> Iterator[str]:
    """The statement and its first rows; GitHub folds them away."""
    yield from ("<details>", f"<summary>{_plain(one.summary)}</summary>", "", "```sql")
    yield from one.sql.replace("`", "\N{ACUTE ACCENT}").splitlines()  # nothing ends the fence
    yield from ("```", "")
    if one.rows:
        yield f"| {' | '.join(_plain(name) for name in one.columns)} |"
        yield f"|{' --- |' * len(one.columns)}"
        for row in one.rows[:MARKDOWN_ROWS]:
            yield f"| {' | '.join(_plain(text) for text in row)} |"
        yield ""
    shown = min(len(one.rows), MARKDOWN_ROWS)
    if one.total > shown:
        yield from (f"The first {shown} of {one.total} rows; the statement gives all.", "")
    elif not one.total:
        yield from ("no row", "")
    yield from ("</details>", "")


def _cell(cell: Cell) -> str:
    detail = f" ({_plain(cell.detail)})" if cell.detail else ""
    return _marked(cell.text, cell.tone) + detail


def _marked(text: str, tone: Tone) -> str:
    mark = _MARKS.get(tone)
    return f"{mark} {_plain(text)}" if mark else _plain(text)


def _plain(text: str) -> str:
    """Text without line breaks and with everything that Markdown would act on escaped."""
    return _ACTIVE.sub(lambda match: "\\" + match[0], " ".join(text.split()))


def _specification(figure: Figure) -> Markup:
    """The figure as JSON that cannot end its script element."""
    content: dict[str, Any] = {"data": figure.traces, "layout": figure.layout}
    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("coffee_pipeline.reports", "theme"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # a second of import, only for pages with figures

    script: str = get_plotlyjs()
    return script
