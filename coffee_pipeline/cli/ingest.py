"""``ingest``: take a scanner's report that someone else's run left into the history."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from coffee_pipeline.cli.report_scope import is_last_scan, report_scope, say, store_report
from coffee_pipeline.home import Home
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.collection import collector_paused
from coffee_pipeline.tools.detection import format_of
from coffee_pipeline.tools.document import Document


@collector_paused()  # until all of the report is gone again
def ingest(
    context: typer.Context,
    tool: Annotated[
        str,
        typer.Argument(
            help="The report's tool (see 'parsers list'), or auto: told by the content."
        ),
    ],
    file: Annotated[Path, typer.Argument(help="The tool's report.")],
    service: Annotated[str | None, typer.Option(help="The service it is about.")] = None,
    module: Annotated[str | None, typer.Option(help="Or the module (its folder).")] = None,
    revision: Annotated[
        str | None, typer.Option(help="The commit it is about. Default: the branch's head.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Read a scanner's report and store its findings; a broken one stores nothing.

    A report read twice in a row changes nothing; another one of the same tool and scope is a scan
    of its own, and fixes what it no longer has.
    """
    home: Home = context.obj
    document = Document.of_file(file)
    reader = format_of(tool, document)
    scope = report_scope(home, service, module, revision)
    report = scan_record.of_read(reader, scope.target, reader.read(document))
    content = hashlib.sha256(document.content).hexdigest()[:16]
    key = f"ingest/{reader.NAME}/{scope.module}@{scope.revision}/{content}"
    if not is_last_scan(home, key, report):
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        store_report(home, f"{key}/{now}", report)
    say(reader.NAME, scope, report, as_json)


def register(app: typer.Typer) -> None:
    """Add ``ingest`` to the console command."""
    app.command()(ingest)
