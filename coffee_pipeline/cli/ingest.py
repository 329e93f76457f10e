"""``ingest``: take a scanner's report that someone else's run left into the history."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.stages.module import nested_modules
from coffee_pipeline.stages.workspace import find_service, repository_path
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.detection import format_of
from coffee_pipeline.tools.document import Document

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class _Scope:
    """Which module at which revision the report is about, and where its files lie."""

    module: str
    revision: str
    repository: Path
    nested: tuple[str, ...] = ()


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

    A report read twice changes nothing; a newer one of the same tool and scope closes what it no
    longer has.
    """
    home: Home = context.obj
    document = Document.of_file(file)
    reader = format_of(tool, document)
    scope = _scope(home, service, module, revision)
    target = Target(
        checkout=scope.repository,
        module=scope.module,
        revision=scope.revision,
        nested=scope.nested,
        foreign=True,
    )
    report = scan_record.of_read(reader, target, reader.read(document))
    home.prepare()
    HistoryWriter(home).write(
        Evidence(
            materialization=f"scan/{reader.NAME}/{scope.module}@{scope.revision}",
            outcome=report.outcome,
            reason=report.reason,
            records=report.records,
        )
    )
    _say(reader.NAME, scope, report, as_json)


def _scope(home: Home, service: str | None, module: str | None, revision: str | None) -> _Scope:
    if service and module:
        raise UsageError("--service and --module: give one of the two")
    path = remembered_platform(home)
    if path is None:
        if service or module is None or not _COMMIT.fullmatch(revision or ""):
            raise UsageError(
                f"{home.root}: this data directory knows no platform yet; give --module and the "
                "full hash with --revision, or run the pipeline once"
            )
        return _Scope(module, str(revision), home.root)
    platform = load_platform(path)
    known = [entry.path for entry in platform.modules]
    if service:
        module = find_service(platform, service).module
    elif module is None and len(known) == 1:
        module = known[0]
    if module not in known:
        raise UsageError(f"--module: one of {', '.join(known[:20])} is needed, or --service")
    repository = Repository(repository_path(platform, path.parent))
    commit = repository.resolve(revision or platform.branch)
    return _Scope(module, commit, repository.path, nested_modules(module, known))


def _say(tool: str, scope: _Scope, report: Report, as_json: bool) -> None:
    severities = Counter(r.severity for r in report.records if isinstance(r, Finding))
    total = sum(severities.values())
    if as_json:
        typer.echo(
            json.dumps(
                {"tool": tool, "module": scope.module, "revision": scope.revision,
                 "outcome": report.outcome.value, "reason": report.reason, "findings": total,
                 "severities": dict(severities), "left_out": report.left_out},
            )
        )  # fmt: skip
        return
    words = ", ".join(f"{count} {severity}" for severity, count in severities.items())
    lines = [f"{tool}: {scope.module}@{scope.revision[:12]}: {report.outcome.value}"]
    lines += [f"reason: {report.reason}"] if report.reason else []
    lines.append(f"{total} findings{f' ({words})' if words else ''}")
    if report.left_out:
        lines.append(f"{report.left_out} left out: their files are not of this module")
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add ``ingest`` to the console command."""
    app.command()(ingest)
