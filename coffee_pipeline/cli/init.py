"""``init``: write ``platform.yaml`` for a repository by looking at it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.errors import UsageError
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.discovery import discover
from coffee_pipeline.platform.git import Repository

_HEADER = """\
# The platform under delivery. Written by 'coffee-pipeline init'; yours to edit.
# A service needs 'run' (how it is started and where it answers) before it can be rolled out.
"""

NOTES_SHOWN = 20


def description_text(platform: Platform) -> str:
    """The description as YAML: only what differs from the defaults."""
    data: dict[str, Any] = {"version": platform.version}
    data |= platform.model_dump(mode="json", exclude_defaults=True)
    return _HEADER + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def init(
    repository: Annotated[Path, typer.Argument(help="The repository to describe.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the description is written.")
    ] = Path("platform.yaml"),
    name: Annotated[str | None, typer.Option("--name", help="Name of the platform.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Describe a repository: every go.mod, every main package, and what belongs to them."""
    if output.exists() and not force:
        raise UsageError(f"{output}: exists already; use --force to overwrite it")
    source = Repository(repository)
    source.resolve("HEAD")  # an empty repository has nothing to describe
    found = discover(repository, name)
    relative = os.path.relpath(repository.resolve(), output.resolve().parent)
    platform = found.platform.model_copy(
        update={"repository": Path(relative).as_posix(), "branch": _branch(source)}
    )
    if not platform.modules:
        raise UsageError(f"{repository}: no go.mod found; this is not a Go platform")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(description_text(platform), encoding="utf-8")
    if as_json:
        typer.echo(
            json.dumps(
                {"path": str(output), "platform": platform.model_dump(mode="json"),
                 "notes": list(found.notes)}, indent=2,
            )
        )  # fmt: skip
        return
    _say(Console(), output, platform, list(found.notes))


def _branch(source: Repository) -> str:
    return source.current_branch() or "HEAD"


def _say(console: Console, output: Path, platform: Platform, notes: list[str]) -> None:
    rows = [
        {
            "name": service.name,
            "kind": service.kind,
            "module": service.module,
            "package": service.package,
            "SLOs": len(service.slos),
        }
        for service in platform.services
    ]
    console.print(summary_table(platform.name, rows))
    for note in notes[:NOTES_SHOWN]:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    if len(notes) > NOTES_SHOWN:
        console.print(f"... and {len(notes) - NOTES_SHOWN} more notes (--json shows all)")
    services = sum(1 for service in platform.services if service.kind == "service")
    console.print(
        f"{output}: {len(platform.modules)} modules, {services} main packages, "
        f"{len(platform.services) - services} library modules"
    )


def register(app: typer.Typer) -> None:
    """Add ``init`` to the console command."""
    app.command()(init)
