"""``doctor``: which tools are here, which are missing, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.doctor import ToolStatus, examine
from coffee_pipeline.toolbox.doctor import install as install_tools
from coffee_pipeline.toolbox.toolbox import Toolbox


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tools as JSON.")] = False,
    install: Annotated[
        bool, typer.Option("--install", help="Build the pinned Go tools now, not on first use.")
    ] = False,
) -> None:
    """Show every tool: found or missing, version, where it is from, what its absence costs."""
    home: Home = context.obj
    messages = Console(stderr=True)
    toolbox = Toolbox(home, report=lambda text: messages.print(text, markup=False, highlight=False))
    statuses = install_tools(toolbox) if install else examine(toolbox)
    if as_json:
        typer.echo(json.dumps([asdict(status) for status in statuses], indent=2))
    else:
        _show(statuses)
    missing = [status for status in statuses if status.required and not status.found]
    if missing:
        first = missing[0]
        raise ToolMissingError(f"{first.name}: {first.problem}. Without it: {first.costs}")


def _show(statuses: Sequence[ToolStatus]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "state", "version", "from", "note"):
        table.add_column(heading)
    for status in statuses:
        state = "found" if status.found else "not built yet" if status.buildable else "missing"
        note = "" if status.found else f"{status.problem}; without it: {status.costs}"
        table.add_row(status.name, state, status.version or "", status.origin or "", note)
    Console().print(table)


def register(app: typer.Typer) -> None:
    """Add ``doctor`` to the console command."""
    app.command()(doctor)
