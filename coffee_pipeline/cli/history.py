"""Commands on the history: ``sql`` asks it, ``schema`` says what can be asked."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table
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
    with _opened(output) as stream:
        pq.write_table(table, stream, compression="zstd")


def _write_rows(answer: Answer, output_format: Format, output: Path | None) -> None:
    if output is None:
        _write(answer, output_format, sys.stdout)
        return
    with _opened(output) as raw:
        # newline="" as the csv module asks for: it ends its lines itself.
        raw.reconfigure_for_text = None
        _write(answer, output_format, raw)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The output file; one line that says so if it cannot be written."""
    try:
        with path.open("wb") as stream:
            yield stream
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
