"""``status``: every service by stage, what runs in production, and which gate is red."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
) -> None:
    """Show the latest state of every service, and the rules of gates that said no."""
    home: Home = context.obj
    home.prepare()
    history = HistoryReader(home)
    history.refresh()
    services = history.query("SELECT * FROM service_status ORDER BY ALL")
    failures = history.query("SELECT * FROM gate_failures ORDER BY ALL")
    if as_json:
        typer.echo(json.dumps({"services": services, "gate_failures": failures}, default=str))
        return
    console = Console()
    if not services:
        console.print(f"nothing delivered yet; the history is {home.history}")
        return
    console.print(summary_table("services", services))
    if failures:
        console.print(summary_table("gates that said no", failures))


def register(app: typer.Typer) -> None:
    """Add ``status`` to the console command."""
    app.command()(status)
