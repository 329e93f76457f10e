"""``status``: every service by stage, what runs in production, and which gate is red."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.outcome import Stage, Verdict

Row = Mapping[str, object]


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
    console.print(summary_table("services by stage", _by_service(services)))
    if failures:
        console.print(summary_table("gates that said no", [_shortened(row) for row in failures]))


def _by_service(rows: Sequence[Row]) -> list[Row]:
    """One row a service: what each stage of its latest revision came to."""
    table: dict[str, dict[str, object]] = {}
    for row in rows:
        service = str(row["service"])
        empty = {"service": service, "revision": str(row["revision"])[:7]}
        line = table.setdefault(service, {**empty, **dict.fromkeys(Stage, "")})
        line[Stage(str(row["stage"]))] = _word(row)
        line["live"] = str(row["production_revision"] or "")[:7]
    return list(table.values())


def _word(row: Row) -> str:
    marks = {Verdict.PASSED.value: "✓", Verdict.FAILED.value: "✗"}
    return marks.get(str(row["verdict"]), str(row["outcome"]))


def _shortened(row: Row) -> Row:
    """Without the columns that only a query needs."""
    shown = ("service", "revision", "gate", "rule", "verdict", "actual", "required")
    return {name: str(row[name])[:60] for name in shown if name in row}


def register(app: typer.Typer) -> None:
    """Add ``status`` to the console command."""
    app.command()(status)
