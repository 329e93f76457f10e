"""Commands on the history: ``sql`` asks it, ``schema`` says what can be asked."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import pyarrow.parquet as pq
import typer
from rich.console import Console, JustifyMethod
from rich.table import Column, Table
from rich.text import Text

from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.dictionary import Entry, dictionary, to_markdown
from coffee_pipeline.history.reader import Answer, HistoryReader
from coffee_pipeline.home import Home


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the commands to the application; its callback puts a ``Home`` into ``ctx.obj``."""
    app.command("sql")(sql)
    app.command("schema")(schema)


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="SQL to run, or - to read it from stdin.")],
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="How to write the rows.")
    ] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", dir_okay=False)
    ] = None,
    refresh: Annotated[
        bool, typer.Option(help="First load what was committed since the last publication.")
    ] = True,
) -> None:
    """Ask the history; the tables and views are listed by the command schema."""
    text = sys.stdin.read() if statement == "-" else statement
    if not text.strip():
        raise UsageError("no SQL given; for example: coffee-pipeline sql 'FROM service_status'")
    if output_format is Format.PARQUET and output is None:
        raise UsageError("--format parquet needs a file: add --output FILE")
    home = context.obj
    if not isinstance(home, Home):
        raise TypeError("the application's callback did not set ctx.obj to a Home")
    reader = HistoryReader(home)
    if refresh:
        for warning in reader.refresh().warnings:
            typer.echo(f"warning: {warning}", err=True)
    if output_format is Format.PARQUET and output is not None:
        _write_parquet(reader, text, output)
    else:
        _write_rows(reader.answer(text), output_format, output)


def schema(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown, as in docs/tables.md.")
    ] = False,
) -> None:
    """Show every table, column and view of the history, with its meaning."""
    if as_json and as_markdown:
        raise UsageError("--json and --markdown exclude each other: choose one")
    entries = dictionary()
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
    elif as_markdown:
        typer.echo(to_markdown(entries), nl=False)
    else:
        _print_entries(entries)


def _write_parquet(reader: HistoryReader, statement: str, output: Path) -> None:
    table = reader.arrow(statement)
    try:
        pq.write_table(table, output, compression="zstd")
    except OSError as error:
        raise _not_writable(output, error) from error


def _write_rows(answer: Answer, output_format: Format, output: Path | None) -> None:
    if output is None:
        _write(answer, output_format, sys.stdout)
        return
    try:
        # The csv module ends its lines itself, hence newline="".
        with output.open("w", encoding="utf-8", newline="") as stream:
            _write(answer, output_format, stream)
    except OSError as error:
        raise _not_writable(output, error) from error


def _not_writable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written: {error.strerror or error}")


def _write(answer: Answer, output_format: Format, stream: TextIO) -> None:
    if output_format is Format.CSV:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_cell(value) for value in row] for row in answer.rows)
    elif output_format is Format.JSON:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        stream.write(json.dumps(rows, indent=2, default=_plain, ensure_ascii=False) + "\n")
    else:
        table = Table(*(Column(Text(_visible(name))) for name in answer.columns))
        for row in answer.rows:
            table.add_row(*(_shown(value) for value in row))
        _console(stream).print(table)


def _plain(value: object) -> str:
    """Values that JSON lacks, as text: times in ISO 8601, decimals, UUIDs."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _cell(value: object) -> object:
    """A value in CSV: empty for NULL, JSON for lists and structs."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    return _plain(value) if isinstance(value, date) else value


def _shown(value: object) -> Text:
    """A value on the screen; what comes from reports must not steer the terminal."""
    if value is None:
        return Text("NULL", style="dim")
    justify: JustifyMethod = "right" if isinstance(value, int | float) else "left"
    return Text(_visible(str(_cell(value))), justify=justify)


def _visible(text: str) -> str:
    """Text with control characters spelled out."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _console(stream: TextIO) -> Console:
    """A console as wide as the terminal, or as wide as the rows where there is none."""
    return Console(file=stream, width=None if stream.isatty() else 10_000)


def _print_entries(entries: Sequence[Entry]) -> None:
    console = _console(sys.stdout)
    for entry in entries:
        console.print(Text(f"{entry.name} ({entry.kind})", style="bold"))
        console.print(Text(entry.comment or ""))
        table = Table("column", "type", "required", "meaning")
        for column in entry.columns:
            required = "" if column.nullable else "yes"
            table.add_row(column.name, Text(column.type), required, Text(column.comment or ""))
        console.print(table)
