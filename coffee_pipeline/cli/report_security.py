"""``report findings`` and ``report security``."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coffee_pipeline.cli.application import described_platform
from coffee_pipeline.cli.report_dora import as_json, write_text
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.reports.findings import findings_csv, findings_json, findings_page
from coffee_pipeline.reports.findings_sarif import sarif_document
from coffee_pipeline.reports.findings_vex import vex_document
from coffee_pipeline.reports.render import to_markdown, write_html
from coffee_pipeline.reports.security import security_json, security_page
from coffee_pipeline.reports.security_facts import findings_report


class FindingsFormat(StrEnum):
    """What findings are written as."""

    SARIF = "sarif"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    CYCLONEDX = "cyclonedx"


_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; default: HTML into the data directory."),
]


def findings(
    context: typer.Context,
    format_: Annotated[
        FindingsFormat, typer.Option("--format", "-f", help="cyclonedx is VEX: vulnerabilities.")
    ] = FindingsFormat.JSON,
    output: _Output = None,
    service: Annotated[str | None, typer.Option(help="Only issues of this service.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is fixed, accepted or suppressed.")
    ] = False,
) -> None:
    """Issues across all scanners, those to look at first on top, and what could not be checked."""
    home, history, name = _history(context)
    found = findings_report(history, name, datetime.now(UTC), service, everything)
    if format_ is FindingsFormat.HTML:
        typer.echo(write_html(findings_page(found), output or home.reports / "findings.html"))
        return
    if format_ is FindingsFormat.CSV:
        text = findings_csv(found)
    elif format_ is FindingsFormat.SARIF:
        text = as_json(sarif_document(found))
    elif format_ is FindingsFormat.CYCLONEDX:
        text = as_json(vex_document(found))
    else:
        text = as_json(findings_json(found))
    _put(text, output)


def security(
    context: typer.Context,
    output: _Output = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print it as Markdown.")] = False,
) -> None:
    """What is open, new, fixed and past due, how fast it is fixed, and what was not checked."""
    home, history, name = _history(context)
    now = datetime.now(UTC)
    if json_:
        _put(as_json(security_json(history, name, now)), output)
        return
    page = security_page(history, name, now)
    if markdown:
        _put(to_markdown(page), output)
        return
    typer.echo(write_html(page, output or home.reports / "security.html"))


def _history(context: typer.Context) -> tuple[Home, HistoryReader, str]:
    """The history, fresh, and the platform's name; reports may have been read without one."""
    home: Home = context.obj
    history = HistoryReader(home)
    history.refresh()
    platform = described_platform(home)
    return home, history, platform.name if platform else "platform"


def _put(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    write_text(output, text)
    typer.echo(output)


def register(reports: typer.Typer) -> None:
    """Add both to ``report``."""
    reports.command()(findings)
    reports.command()(security)
