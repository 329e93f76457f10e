"""``doctor``: which tools are here, which are missing, and what that costs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.errors import ToolMissingError, UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.reports.tool_list import ToolEntry, Use, tool_list
from coffee_pipeline.reports.tool_page import fetched_by, to_markdown
from coffee_pipeline.toolbox.doctor import (
    ToolStatus,
    examine,
    install_named,
    tool_name,
)
from coffee_pipeline.toolbox.doctor import install as install_tools
from coffee_pipeline.toolbox.toolbox import Toolbox

_STATUS_FIELDS = tuple(field.name for field in fields(ToolStatus))


def doctor(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these tools; default: all.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tools as JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write what is known of all tools: docs/tools.md.")
    ] = False,
    install: Annotated[
        bool,
        typer.Option(
            "--install",
            help="Make the tools that are named, or all that are not opt-in, now.",
        ),
    ] = False,
) -> None:
    """Show every tool: run here or read only, found or missing, and what its absence costs."""
    if as_markdown:
        if names or install or as_json:
            raise UsageError("--markdown lists all tools and takes nothing else")
        typer.echo(to_markdown(tool_list()), nl=False)
        return
    home: Home = context.obj
    messages = Console(stderr=True)
    toolbox = Toolbox(home, report=lambda text: messages.print(text, markup=False, highlight=False))
    wanted = [tool_name(name) for name in names or ()]
    problem = _install(toolbox, wanted) if install else None
    statuses = {status.name: status for status in examine(toolbox)}
    entries = [entry for entry in tool_list() if not wanted or entry.name in wanted]
    if as_json:
        typer.echo(json.dumps([_plain(entry, statuses) for entry in entries], indent=2))
    else:
        _show(entries, statuses)
    if problem is not None:
        raise problem
    missing = [status for status in statuses.values() if status.required and not status.found]
    if missing:
        first = missing[0]
        raise ToolMissingError(f"{first.name}: {first.problem}. Without it: {first.costs}")


def _install(toolbox: Toolbox, wanted: Sequence[str]) -> ToolMissingError | None:
    """Make what is wanted; what went wrong is for after the list has been shown."""
    if not wanted:
        install_tools(toolbox)
        return None
    try:
        install_named(toolbox, wanted)
    except ToolMissingError as error:
        return error
    return None


def _plain(entry: ToolEntry, statuses: Mapping[str, ToolStatus]) -> dict[str, Any]:
    """An entry for JSON; a product that is read only is neither found nor missing: null."""
    status = asdict(statuses[entry.name]) if entry.pin else dict.fromkeys(_STATUS_FIELDS)
    return {
        **status,
        "name": entry.name,
        "title": entry.title,
        "use": entry.use.value,
        "kinds": entry.kinds,
        "licence": entry.licence,
        "examines": entry.pin.examines if entry.pin else "",
        "reports": [reported.TITLE for reported in entry.reports],
        "fetched_from": [client.TITLE for client in entry.clients],
        "why_read_only": entry.why_read_only,
    }


def _show(entries: Sequence[ToolEntry], statuses: Mapping[str, ToolStatus]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "use", "state", "version", "from", "note"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        status = statuses[entry.name] if entry.pin else None
        table.add_row(
            entry.title,
            _use(entry),
            _state(status),
            (status.version or (status.pinned if status.makeable else "") if status else "") or "",
            status.origin or "" if status else "",
            _note(entry, status),
        )
    Console().print(table)


def _use(entry: ToolEntry) -> str:
    return {Use.RUN: "run here", Use.READ: "read only", Use.NONE: "not yet"}[entry.use]


def _state(status: ToolStatus | None) -> str:
    if status is None:
        return "-"
    if status.found:
        return "found"
    if not status.makeable:
        return "missing"
    return "opt-in, not made" if status.opt_in else "made on first use"


def _note(entry: ToolEntry, status: ToolStatus | None) -> str:
    if status is None:
        fetched = fetched_by(entry)
        return f"{entry.why_read_only}; fetched by {fetched}" if fetched else entry.why_read_only
    return "" if status.found else f"{status.problem}; without it: {status.costs}"


def register(app: typer.Typer) -> None:
    """Add ``doctor`` to the console command."""
    app.command()(doctor)
