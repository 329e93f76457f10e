"""The board: services by stages, live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.console import Console, ConsoleRenderable
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from coffee_pipeline.cli.workers import Progress
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.plan import PlannedService
from coffee_pipeline.stages.steps import REPOSITORY, STAGE_OF

_MARKS = {"done": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("·", "dim")}


@dataclass
class _Cell:
    """One service at one stage: how many of its steps are planned, ended, and how."""

    planned: int = 0
    ended: int = 0
    failed: bool = False
    running: str | None = None
    seconds: float = 0.0
    began: float = 0.0


@dataclass
class _Row:
    cells: dict[Stage, _Cell]
    note: str = ""
    said: list[str] = field(default_factory=list)


class Board:
    """Follows runs by their progress lines. A context manager around the live display."""

    def __init__(self, console: Console, title: str, planned: Iterable[PlannedService]) -> None:
        self._console = console
        self._title = title
        self._started = time.monotonic()
        self._rows: dict[str, _Row] = {}
        for item in planned:
            cells = {stage: _Cell() for stage in Stage}
            for step in item.steps:
                cells[STAGE_OF[step]].planned += 1
            self._rows[item.service] = _Row(cells, "" if item.steps else item.reason)
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=8, transient=False
        )

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def watch(self, progress: Progress) -> None:
        """Take one progress line of a worker."""
        request, line = progress.request, progress.line
        step = line.get("step")
        if request is None or step not in STAGE_OF:
            return
        name = request.service or REPOSITORY
        if name not in self._rows:
            return
        row = self._rows[name]
        cell = row.cells[STAGE_OF[str(step)]]
        match line.get("event"):
            case "STEP_START":
                cell.running, cell.began = str(step), time.monotonic()
            case "ASSET_CHECK_EVALUATION" if not line.get("passed"):
                cell.failed = True
                row.note = f"{line.get('check')}: {line.get('why')}"
            case "STEP_SUCCESS" | "STEP_FAILURE" as event:
                self._end(name, str(step), cell, failed=event == "STEP_FAILURE")
            case "MESSAGE":
                row.note = str(line.get("message"))

    def _end(self, service: str, step: str, cell: _Cell, *, failed: bool) -> None:
        seconds = time.monotonic() - cell.began
        cell.ended += 1
        cell.failed = cell.failed or failed
        cell.running = None
        cell.seconds += seconds
        if not self._console.is_terminal:
            word = "failed" if cell.failed else "done"
            note = f"  {self._rows[service].note}" if cell.failed else ""
            self._console.print(
                f"{self._elapsed()}  {service:<14} {STAGE_OF[step].value:<8} {step:<22} "
                f"{word:<6} {seconds:5.1f} s{note}",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{minutes:02d}:{seconds:02d}"

    def _render(self) -> ConsoleRenderable:
        table = Table(title=f"{self._title}   {self._elapsed()}", title_justify="left", expand=True)
        table.add_column("service", no_wrap=True)
        for stage in Stage:
            table.add_column(stage.value, justify="right", no_wrap=True)
        table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
        for service, row in self._rows.items():
            cells = [_shown(cell) for cell in row.cells.values()]
            table.add_row(service, *cells, Text(row.note, style="dim"))
        return table


def _shown(cell: _Cell) -> ConsoleRenderable:
    if cell.running:
        return Spinner("dots", f"{time.monotonic() - cell.began:.0f} s")
    if cell.ended:
        mark, style = _MARKS["failed" if cell.failed else "done"]
        partial = "" if cell.ended >= cell.planned else f" {cell.ended}/{cell.planned}"
        return Text(f"{mark}{partial} {cell.seconds:.1f} s", style=style)
    mark, style = ("…", "dim") if cell.planned else _MARKS["skipped"]
    return Text(mark, style=style)


def summary_table(title: str, rows: Iterable[Mapping[str, object]]) -> Table:
    """Rows of the history as a table; columns are those of the first row."""
    table = Table(title=title, title_justify="left")
    for number, row in enumerate(rows):
        if number == 0:
            for position, name in enumerate(row):
                table.add_column(name, no_wrap=position == 0, overflow="fold")
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    return table
