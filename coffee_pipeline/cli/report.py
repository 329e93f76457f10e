"""``report slo`` and ``report dora``: the reports as HTML, Markdown or JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coffee_pipeline.errors import ConfigurationError, EnvironmentFailedError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.page import Page, summary
from coffee_pipeline.reports.render import to_markdown, write_html
from coffee_pipeline.reports.slo import slo_page


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; default: HTML into the data directory."),
]
_Format = Annotated[
    Format, typer.Option("--format", "-f", help="html, markdown or json (the main numbers).")
]

reports = typer.Typer(
    no_args_is_help=True, help="Write the reports of service levels and of delivery performance."
)


@reports.command()
def slo(context: typer.Context, output: _Output = None, format_: _Format = Format.HTML) -> None:
    """Attained, error budget left and burn rates of every objective."""
    home, history, platform = _history(context)
    _write(slo_page(history, platform, datetime.now(UTC)), home, "slo", output, format_)


@reports.command()
def dora(
    context: typer.Context,
    output: _Output = None,
    format_: _Format = Format.HTML,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Days to look back.")] = 30,
) -> None:
    """The five software delivery metrics of dora.dev."""
    home, history, platform = _history(context)
    _write(dora_page(history, platform, datetime.now(UTC), days), home, "dora", output, format_)


def _history(context: typer.Context) -> tuple[Home, HistoryReader, str]:
    """The history, fresh, and the platform whose commits it holds.

    Raises:
        ConfigurationError: nothing was delivered yet.
    """
    home: Home = context.obj
    history = HistoryReader(home)
    history.refresh()
    rows = history.query(
        "select platform from revisions group by platform order by max(committed_at) desc limit 1"
    )
    if not rows:
        raise ConfigurationError(
            f"{home.root}: no revision recorded yet; deliver one first, or choose --data-dir"
        )
    return home, history, str(rows[0]["platform"])


def _write(page: Page, home: Home, name: str, output: Path | None, format_: Format) -> None:
    """HTML goes to a file and its path is printed; the others are printed unless a file is named.

    Raises:
        EnvironmentFailedError: the file cannot be written.
    """
    if format_ is Format.HTML:
        typer.echo(write_html(page, output or home.reports / f"{name}.html"))
        return
    text = to_markdown(page)
    if format_ is Format.JSON:
        text = json.dumps(summary(page), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailedError(f"{output}: cannot be written ({error.strerror})") from error
    typer.echo(output)


def register(app: typer.Typer) -> None:
    """Add ``report`` to the console command."""
    app.add_typer(reports, name="report")
