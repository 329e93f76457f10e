"""``run``: deliver a revision of a platform, or only some of its services and stages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.cli.workers import Workers
from coffee_pipeline.errors import UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.model.outcome import Stage

_NEEDS_ENVIRONMENT = (Stage.METRICS, Stage.ROLLOUT)


def chosen_platform(home: Home, given: Path | None) -> Path:
    """The platform description to use: given, else ./platform.yaml, else the last one used.

    Raises:
        UsageError: there is none.
    """
    here = Path("platform.yaml")
    found = given or (here if here.is_file() else None) or remembered_platform(home)
    if found is None:
        raise UsageError(
            "no platform.yaml here: name one with --platform, or write it with "
            "'coffee-pipeline init REPOSITORY -o platform.yaml'"
        )
    return found


def run(
    context: typer.Context,
    platform: Annotated[
        Path | None, typer.Option("--platform", help="The platform description.")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Only this service; may be repeated.")
    ] = None,
    stage: Annotated[
        list[Stage] | None, typer.Option("--stage", help="Only this stage; may be repeated.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Commit, tag or branch. Default: the branch.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also what is up to date, scanned anew.")
    ] = False,
    json_wanted: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Deliver a revision: every affected service through the chosen stages (default: all).

    A service whose steps are done on the same input is left as it is, unless it is named.
    """
    home: Home = context.obj
    home.prepare()
    console = Console(stderr=json_wanted)
    stages: Sequence[Stage] = stage or tuple(Stage)
    platform_file = chosen_platform(home, platform).resolve()
    with ExitStack() as stack:
        workers = stack.enter_context(Workers(home, platform_file))
        workers.start_ahead(len(service or ()) or None)
        # The rest of the program is loaded while the workers load Dagster, not before.
        from coffee_pipeline.cli.conclusion import as_json, conclude
        from coffee_pipeline.cli.delivering import Deliveries
        from coffee_pipeline.rollout.client import ensure_owner

        deliveries = Deliveries(home, platform_file, console, workers)
        if any(wanted in _NEEDS_ENVIRONMENT for wanted in stages):
            stack.enter_context(ensure_owner(home))
        delivered = deliveries.deliver(revision, stages=stages, services=service or (), force=force)
    conclude(delivered, console, home)
    if delivered.stage_runs:
        from coffee_pipeline.stages.trace_export import send_if_wanted

        if line := send_if_wanted(deliveries.history, delivered.delivery):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if json_wanted:
        typer.echo(as_json(delivered))
    raise typer.Exit(delivered.exit_code)


def register(app: typer.Typer) -> None:
    """Add ``run`` to the console command."""
    app.command()(run)
