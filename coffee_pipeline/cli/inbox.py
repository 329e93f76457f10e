"""``inbox``: what waits, what nobody could read and why; and consuming it without Dagster."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.stages.deployed import deployed
from coffee_pipeline.stages.inbox import Consumption, consume


def inbox(
    context: typer.Context,
    consuming: Annotated[
        bool, typer.Option("--consume", help="Make evidence of what waits, now.")
    ] = False,
    platform: Annotated[
        Path | None, typer.Option("--platform", help="The platform description, to consume.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Show the messages that 'listen' took: waiting by source, and rejected with the reason.

    With the daemon of 'up' they are consumed by themselves.
    """
    home: Home = context.obj
    home.prepare()
    made = _consume(home, platform) if consuming else None
    box = Inbox(home)
    waiting = Counter(name.partition("~")[0] for name in box.waiting())
    rejected = {name: box.reason(name) for name in box.rejected()}
    if as_json:
        told = {"waiting": dict(waiting), "rejected": rejected}
        if made is not None:
            told["consumed"] = dict(made.messages)
            told["records"] = dict(_records(made))
        typer.echo(json.dumps(told, indent=2))
        return
    lines = [f"consumed: {made}"] if made is not None else []
    lines += [f"made: {count} {kind}" for kind, count in _records(made)] if made else []
    lines += [f"waiting: {count} of {source}" for source, count in sorted(waiting.items())]
    lines += [f"rejected: {name}: {reason}" for name, reason in rejected.items()]
    console = Console()
    for line in lines or ["nothing waits, nothing was rejected"]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _consume(home: Home, platform: Path | None) -> Consumption:
    path = platform or remembered_platform(home)
    if path is None:
        raise UsageError(
            f"{home.root}: this data directory knows no platform yet; name it with --platform"
        )
    history = HistoryReader(home)
    return consume(
        home, load_platform(path), path.resolve().parent, HistoryWriter(home).write,
        deployed(history), datetime.now(UTC),
    )  # fmt: skip


def _records(made: Consumption) -> list[tuple[str, int]]:
    """Kinds of records that were made, and how many."""
    kinds = Counter(type(one).__name__ for evidence in made.evidence for one in evidence.records)
    return sorted(kinds.items())


def register(app: typer.Typer) -> None:
    """Add ``inbox`` to the console command."""
    app.command()(inbox)
