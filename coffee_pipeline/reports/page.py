"""A report as data: what it says, apart from how it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """What a value means to the reader; shown by colour *and* by a mark, never by colour alone."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    MUTED = "muted"


@dataclass(frozen=True)
class Cell:
    """One value of a table; ``detail`` is the small print under it."""

    text: str
    tone: Tone = Tone.NEUTRAL
    detail: str = ""
    number: bool = False


@dataclass(frozen=True)
class Tile:
    """One headline number."""

    label: str
    value: str
    detail: str = ""
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True)
class Opened:
    """The rows of the history that a number was taken from, and the statement that gives them.

    ``rows`` are the first of ``total``; the statement gives all.
    """

    summary: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


@dataclass(frozen=True)
class Table:
    """Rows of cells; ``empty`` is what is said when there are no rows.

    ``opened`` has, for each row in the same order, what its numbers open to; or nothing at all.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "nothing recorded"
    opened: tuple[tuple[Opened, ...], ...] = ()


@dataclass(frozen=True)
class Figure:
    """A Plotly figure: ``traces`` and ``layout`` as Plotly takes them.

    Colours are named ``token:NAME`` and resolved by the theme, light or dark. ``caption`` says in
    words what the figure shows: it is the alternative text and all that Markdown gets.
    """

    title: str
    caption: str
    traces: tuple[Mapping[str, Any], ...]
    layout: Mapping[str, Any] = field(default_factory=dict)
    height: int = 360


@dataclass(frozen=True)
class Section:
    """A part of a page, in the order tiles, text, figures, tables, notes.

    ``opened`` is what the numbers of tiles and figures open to.
    """

    title: str
    text: str = ""
    tiles: tuple[Tile, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    opened: tuple[Opened, ...] = ()


@dataclass(frozen=True)
class Page:
    """A whole report. ``numbers`` are its main values by name, for machines."""

    title: str
    subtitle: str
    generated_at: datetime
    sections: tuple[Section, ...]
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)


def summary(page: Page) -> dict[str, float | int | str]:
    """The page's main numbers by name; a value without data is the words that say so."""
    return dict(page.numbers)
