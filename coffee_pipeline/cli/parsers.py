"""``parsers``: which reports are read, and whether they are read as well as elsewhere."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.errors import ParseError, StageFailedError, UsageError
from coffee_pipeline.tools.detection import AUTOMATIC, format_of
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FILE_SCANNERS, FORMATS, SCANNERS
from coffee_pipeline.tools.reported import CountsOtherwise, ReportFormat

application = typer.Typer(
    help="Which reports are read, and whether they are read as well as elsewhere.",
    no_args_is_help=True,
)
_ALSO_CALLED = {"snyk_issue_api": "snyk_issues"}
"""Names of formats elsewhere -> ours, for reports whose content does not tell (empty ones)."""
_COLUMNS = ("tool", "file", "peer_finding_count")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How one report was read: findings counted here and expected; None if it was not read."""

    tool: str
    file: str
    expected: int
    count: int | None
    equal: bool
    reason: str | None


@application.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder that the files are relative to.")],
    expected: Annotated[
        Path, typer.Argument(help="CSV with the columns tool, file, peer_finding_count.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Read every report of EXPECTED in FOLDER and compare the number of findings.

    Exit code 1 when a count differs or a report cannot be read.
    """
    rows = [compare(folder, tool, file, count) for tool, file, count in _expected(expected)]
    different = sum(not row.equal for row in rows)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _show(rows, different)
    if different:
        raise StageFailedError(f"{different} of {len(rows)} reports are read otherwise")


@application.command("list")
def list_formats(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """The formats that are read, and which of their tools are run here, too."""
    here = {**SCANNERS, **FILE_SCANNERS}
    rows = [
        {"name": name, "format": one.TITLE, "kind": one.KIND.value, "run_here": name in here}
        for name, one in sorted(FORMATS.items())
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("name", "format", "kind", "run here")
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["format"]), str(row["kind"]), "yes" if row["run_here"] else ""
        )
    Console().print(table)


def compare(folder: Path, tool: str, file: str, expected: int) -> Comparison:
    """Read one report, by its tool's name and by its content, and compare its count."""
    try:
        document = Document.of_file(folder / file)
        chosen = _chosen(tool, document)
        count = len(chosen.read(document).findings)
    except (ParseError, UsageError) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # a fault of ours in one report hides no other
        reason = f"{file}: the reader failed ({type(error).__name__}: {error}); please report this"
    else:
        return _counted(chosen, tool, file, expected, count)
    return Comparison(
        tool=tool, file=file, expected=expected, count=None, equal=False, reason=reason
    )


def _chosen(tool: str, document: Document) -> ReportFormat:
    """The tool's format; where the content is of another one (its SARIF, say), that one.

    A name that is not ours may be another's for a format that the content tells.
    """
    named = FORMATS.get(_ALSO_CALLED.get(tool, tool))
    if named is None:
        return format_of(AUTOMATIC, document)
    if named.recognises(document):
        return named
    try:
        return format_of(AUTOMATIC, document)
    except ParseError:
        return named


def _counted(chosen: ReportFormat, tool: str, file: str, expected: int, count: int) -> Comparison:
    equal = count == expected
    reason = None if equal else f"{chosen.NAME} reads {count} findings, {expected} are expected"
    if reason and isinstance(chosen, CountsOtherwise):
        reason += f"; counted otherwise on purpose: {chosen.COUNTING} (docs/parsers.md)"
    return Comparison(
        tool=tool, file=file, expected=expected, count=count, equal=equal, reason=reason
    )


def _expected(file: Path) -> list[tuple[str, str, int]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if not set(_COLUMNS) <= set(reader.fieldnames or ()):
                raise UsageError(f"{file}:1: the columns {', '.join(_COLUMNS)} are needed")
            return [_row(file, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: cannot be read ({error})") from error


def _row(file: Path, line: int, row: dict[str, str]) -> tuple[str, str, int]:
    tool, name, count = (row[column] or "" for column in _COLUMNS)
    if not count.strip().isdigit():
        raise UsageError(f"{file}:{line}: peer_finding_count {count!r} is no number")
    return tool.strip(), name, int(count)


def _show(rows: list[Comparison], different: int) -> None:
    console = Console()
    table = Table("tool", "file", "expected", "count", "reason")
    for row in rows:
        if not row.equal:
            found = "-" if row.count is None else str(row.count)
            table.add_row(row.tool, row.file, str(row.expected), found, row.reason or "")
    if different:
        console.print(table)
    console.print(f"{len(rows) - different} of {len(rows)} reports are read as expected")


def register(app: typer.Typer) -> None:
    """Add ``parsers`` to the console command."""
    app.add_typer(application, name="parsers")
