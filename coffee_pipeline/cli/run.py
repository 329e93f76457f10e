"""``run``: deliver a revision of a platform, or only some of its services and stages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.cli.delivering import Delivered, Deliveries
from coffee_pipeline.errors import UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import Outcome, Stage, Verdict
from coffee_pipeline.rollout.client import ensure_owner
from coffee_pipeline.stages.steps import OPTIONAL_STEPS

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


def _problems(delivered: Delivered) -> list[dict[str, object]]:
    """The stage runs that need a person, one row each."""
    bad = {Outcome.FAILED.value, Outcome.NOT_RUN.value, Outcome.PARTIAL.value}
    return [
        {
            "service": run.service,
            "stage": run.stage,
            "step": run.step,
            "outcome": run.outcome,
            "verdict": run.verdict,
            "reason": (run.reason or "")[:160],
        }
        for run in delivered.stage_runs
        if (run.outcome in bad or run.verdict == Verdict.FAILED.value) and not _left_out(run)
    ]


def _left_out(run: StageRun) -> bool:
    """Whether the step was not run for want of tools that nobody demands."""
    return run.step in OPTIONAL_STEPS and run.outcome == Outcome.NOT_RUN.value


def conclude(delivered: Delivered, console: Console, home: Home) -> None:
    """Say in words and a table what became of the services."""
    worked = [item for item in delivered.planned if item.steps]
    unchanged = len(delivered.planned) - len(worked)
    problems = _problems(delivered)
    if problems:
        console.print(summary_table("what needs a look", problems))
    for line in sorted({f"{r.step}: {r.reason}" for r in delivered.stage_runs if _left_out(r)}):
        console.print(f"not run: {line}", markup=False, highlight=False, soft_wrap=True)
    for service in delivered.crashed:
        console.print(f"{service}: its run ended without an answer; see {home.dagster}")
    console.print(
        f"{delivered.revision[:12]}: {len(worked)} delivered, {unchanged} up to date, "
        f"{len({row['service'] for row in problems})} with problems; history: {home.history}"
    )


def _as_json(delivered: Delivered) -> str:
    return json.dumps(
        {
            "delivery": delivered.delivery,
            "revision": delivered.revision,
            "planned": [asdict(item) for item in delivered.planned],
            "stage_runs": [asdict(run) for run in delivered.stage_runs],
            "crashed": list(delivered.crashed),
            "exit_code": delivered.exit_code,
        },
        default=str,
        indent=2,
    )


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
    force: Annotated[bool, typer.Option("--force", help="Also what is up to date.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Deliver a revision: every affected service through the chosen stages (default: all).

    A service whose steps are done on the same input is left as it is, unless it is named.
    """
    home: Home = context.obj
    home.prepare()
    console = Console(stderr=as_json)
    stages: Sequence[Stage] = stage or tuple(Stage)
    with ExitStack() as stack:
        deliveries = stack.enter_context(Deliveries(home, chosen_platform(home, platform), console))
        if any(wanted in _NEEDS_ENVIRONMENT for wanted in stages):
            stack.enter_context(ensure_owner(home))
        delivered = deliveries.deliver(revision, stages=stages, services=service or (), force=force)
    conclude(delivered, console, home)
    if as_json:
        typer.echo(_as_json(delivered))
    raise typer.Exit(delivered.exit_code)


def register(app: typer.Typer) -> None:
    """Add ``run`` to the console command."""
    app.command()(run)
