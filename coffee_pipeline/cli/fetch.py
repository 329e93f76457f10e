"""``fetch``: take what a tool's server knows into the history, through its API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from coffee_pipeline.cli.http_options import Address, TokenVariable, open_client
from coffee_pipeline.cli.report_scope import report_scope, say, store_report
from coffee_pipeline.errors import UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.detection import format_of
from coffee_pipeline.tools.fetched import Fetched
from coffee_pipeline.tools.report_clients import client_of


def fetch(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="The API: see docs/api-clients.md.")],
    subject: Annotated[
        str, typer.Argument(help="What it is asked about: a project, a repository ...")
    ],
    url: Address = None,
    token_variable: TokenVariable = None,
    service: Annotated[str | None, typer.Option(help="The service it is about.")] = None,
    module: Annotated[str | None, typer.Option(help="Or the module (its folder).")] = None,
    revision: Annotated[
        str | None, typer.Option(help="The commit it is about. Default: the branch's head.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Keep the report here, too; 'ingest' reads it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Ask a tool's server for its findings and store them as 'ingest' does.

    A server's answer changes while the commit stays, so every fetch is a scan of its own: what
    is gone from a whole answer is closed. An answer that is not whole is partial and closes
    nothing. When the server gives nothing, nothing is stored.
    """
    home: Home = context.obj
    asked = client_of(tool)
    scope = report_scope(home, service, module, revision)
    with open_client(asked.NAME, url, asked.URL, asked.CREDENTIAL, token_variable) as client:
        fetched = asked.fetch(client, subject)
    reader = format_of(asked.FORMAT, fetched.document)
    report = scan_record.of_read(
        reader, scope.target, reader.read(fetched.document), fetched.outcome, fetched.reason
    )
    if output is not None:
        _keep(output, fetched)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    store_report(home, f"fetch/{asked.NAME}/{scope.module}@{scope.revision}/{now}", report)
    say(reader.NAME, scope, report, as_json)


def _keep(path: Path, fetched: Fetched) -> None:
    """Write the report. One that is not whole is not kept: its file could not say so."""
    if fetched.outcome is not None:
        typer.echo(f"{path}: not written, the report is not whole: {fetched.reason}", err=True)
        return
    try:
        path.write_bytes(fetched.document.content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


def register(app: typer.Typer) -> None:
    """Add ``fetch`` to the console command."""
    app.command()(fetch)
