"""The reports of a fixed history: golden Markdown, the numbers, HTML that stands alone."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import plotly.graph_objects
import pytest

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.page import Page, Tone, summary
from coffee_pipeline.reports.render import to_html, to_markdown, write_html
from coffee_pipeline.reports.slo import slo_page
from tests.coffee_pipeline.reports.browser import DESKTOP, PHONE, show

GOLDEN = Path(__file__).parent / "golden"
UPDATE = "UPDATE_GOLDEN"


@pytest.fixture
def pages(history: HistoryReader, now: datetime) -> dict[str, Page]:
    return {
        "slo": slo_page(history, "go-coffee", now),
        "dora": dora_page(history, "go-coffee", now),
    }


@pytest.fixture
def empty_pages(empty_history: HistoryReader, now: datetime) -> dict[str, Page]:
    return {
        "slo-empty": slo_page(empty_history, "go-coffee", now),
        "dora-empty": dora_page(empty_history, "go-coffee", now),
    }


def check_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.md"
    if os.environ.get(UPDATE):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"set {UPDATE}=1 to accept"


@pytest.mark.parametrize("name", ["slo", "dora"])
def test_markdown_is_as_agreed(pages: dict[str, Page], name: str) -> None:
    check_golden(name, to_markdown(pages[name]))


@pytest.mark.parametrize("name", ["slo-empty", "dora-empty"])
def test_a_history_without_facts_says_so(empty_pages: dict[str, Page], name: str) -> None:
    page = empty_pages[name]
    check_golden(name, to_markdown(page))
    tiles = [tile for section in page.sections for tile in section.tiles]
    assert all(tile.tone is not Tone.GOOD for tile in tiles)
    assert "100 %" not in "".join(tile.value for tile in tiles)


@pytest.mark.slow
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", ["slo", "dora"])
def test_a_browser_shows_it_without_complaint(
    pages: dict[str, Page], name: str, width: int, tmp_path: Path
) -> None:
    shown = show(to_html(pages[name]), tmp_path, width)
    assert shown.console == []
    assert (shown.width, shown.sideways) == (width, 0), "the page is wider than the screen"
    assert shown.drawn > 0


def test_another_platforms_facts_stay_out(history: HistoryReader, now: datetime) -> None:
    assert summary(slo_page(history, "tea", now))["objectives"] == 0
    assert summary(dora_page(history, "tea", now))["production deployments"] == 0


def test_numbers_are_those_of_the_facts(pages: dict[str, Page]) -> None:
    slo, dora = summary(pages["slo"]), summary(pages["dora"])
    good, total = 59_990 + 9_312 + 48_000 + 30_000, 60_000 + 9_500 + 48_000 + 30_001
    assert slo["orders-availability attained"] == pytest.approx(good / total, abs=1e-12)
    assert slo["orders-availability budget left"] == pytest.approx(
        1 - (total - good) / (total * 0.001), abs=1e-9
    )
    assert slo["menu-availability attained"] == "no data"
    assert (slo["objectives"], slo["objectives measured"], slo["objectives met"]) == (4, 3, 2)
    # Commits 1, 2 and 3 reached orders, 4 reached menu: 50, 60, 30 and 40 minutes.
    assert dora["lead time for changes (s)"] == 45 * 60
    assert dora["change fail rate"] == pytest.approx(1 / 6)
    assert dora["failed deployment recovery time (s)"] == 3 * 60
    # Commit 3 was made after the deployment of commit 2 had begun to fail.
    assert dora["deployment rework rate"] == pytest.approx(1 / 6)
    assert dora["production deployments"] == 6


class Outline(HTMLParser):
    """What a page refers to, its script elements and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.ids: list[str] = []
        self._script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.references += [found[name] or "" for name in ("src", "href") if name in found]
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag == "script":
            self.scripts.append((found.get("type"), ""))
            self._script = tag

    def handle_data(self, data: str) -> None:
        if self._script:
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    return parser


def coloured(value: object) -> object:
    """The figure with plain colours in place of the theme's names."""
    return json.loads(re.sub(r"token:[a-z0-9-]+", "#123456", json.dumps(value)))


@pytest.mark.parametrize("name", ["slo", "dora"])
def test_html_stands_alone(pages: dict[str, Page], name: str) -> None:
    found = outline(to_html(pages[name]))
    assert found.references == []
    assert len(set(found.ids)) == len(found.ids)
    figures = [text for kind, text in found.scripts if kind == "application/json"]
    assert len(figures) == sum(len(section.figures) for section in pages[name].sections) > 0
    assert sum("plotly.js v" in text for _, text in found.scripts) == 1
    for text in figures:
        plotly.graph_objects.Figure(
            coloured(json.loads(text))
        )  # refuses what Plotly would not take


def test_a_page_without_figures_carries_no_plotly(empty_pages: dict[str, Page]) -> None:
    assert all(len(to_html(page)) < 30_000 for page in empty_pages.values())


def test_what_the_history_holds_is_escaped(pages: dict[str, Page]) -> None:
    html = to_html(pages["slo"])
    assert "reserve &lt;beans&gt; | retry *twice*" in html
    assert "<beans>" not in html
    markdown = to_markdown(pages["slo"])
    assert r"reserve \<beans\> \| retry \*twice\*" in markdown


@pytest.mark.parametrize("name", ["slo", "dora"])
def test_every_row_has_a_cell_for_every_column(pages: dict[str, Page], name: str) -> None:
    tables = [table for section in pages[name].sections for table in section.tables]
    assert tables
    for table in tables:
        assert {len(row) for row in table.rows} <= {len(table.columns)}


def test_written_files_replace_older_ones_whole(pages: dict[str, Page], tmp_path: Path) -> None:
    path = tmp_path / "new" / "slo.html"
    write_html(pages["dora"], path)
    assert write_html(pages["slo"], path) == path
    assert path.read_text(encoding="utf-8") == to_html(pages["slo"])
    assert [one.name for one in path.parent.iterdir()] == ["slo.html"]


def test_a_path_that_cannot_be_written_is_one_line(pages: dict[str, Page], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailedError, match="cannot be written") as raised:
        write_html(pages["slo"], tmp_path / "file" / "slo.html")
    assert "\n" not in str(raised.value)
