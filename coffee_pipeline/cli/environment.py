"""``environment`` and ``rollback``: the local environments, and going back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.rollout import owner
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from coffee_pipeline.stages.deployment_marks import marked
from coffee_pipeline.stages.rollback import roll_back

environments = typer.Typer(help="The local environments: Envoy, services, Prometheus.")


@environments.command()
def serve(context: typer.Context) -> None:
    """Own the local environments until Ctrl-C (``up`` does this by itself)."""
    owner.serve(context.obj)


@environments.command()
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """What runs where, at which address, with which weight."""
    with EnvironmentClient(context.obj) as client:
        status = client.status()
    if as_json:
        typer.echo(status.model_dump_json(indent=2))
        return
    rows = [
        {
            "environment": one.environment,
            "service": one.service,
            "gateway": one.url,
            "stable": one.stable.release.revision[:12] if one.stable else "",
            "canary": one.canary.release.revision[:12] if one.canary else "",
            "canary %": one.weight_percent,
            "problem": one.problem or "",
        }
        for one in status.services
    ]
    console = Console()
    console.print(summary_table("environments", rows))
    console.print(f"Prometheus: {status.prometheus_url or status.prometheus_reason}")


def rollback(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="The service to take back.")],
    environment: Annotated[str, typer.Option("--environment", help="Where.")] = "production",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the deployment as JSON.")] = False,
) -> None:
    """Put the release that ran before back, and record it as a rollback with an incident."""
    home: Home = context.obj
    home.prepare()
    with ensure_owner(home):
        evidence = roll_back(home, service, environment, reason, datetime.now(UTC))
    if path := remembered_platform(home):
        evidence = marked(load_platform(path), evidence, lambda line: typer.echo(line, err=True))
    HistoryWriter(home).write(evidence)
    made = next(record for record in evidence.records if isinstance(record, Deployment))
    if as_json:
        row = {name: getattr(made, name) for name in made.__slots__}
        typer.echo(json.dumps(row, default=str, indent=2))
    else:
        Console().print(
            f"{service}: {environment} runs {made.revision[:12]} again, was "
            f"{(made.previous_revision or 'nothing')[:12]}: {made.outcome}"
        )
    raise typer.Exit(0 if made.outcome == "succeeded" else 1)


def register(app: typer.Typer) -> None:
    """Add ``environment`` and ``rollback`` to the console command."""
    app.add_typer(environments, name="environment")
    app.command()(rollback)
