"""``deployments``: take the deployments that other systems recorded into the history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import described_platform
from coffee_pipeline.cli.http_options import Address, TokenVariable, open_client
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment, DeploymentVersion
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools.deployment_markers import MARKER_TARGETS, send
from coffee_pipeline.tools.deployment_records import Naming, ReadDeployments, in_order
from coffee_pipeline.tools.deployment_sources import DEPLOYMENT_CLIENTS, DEPLOYMENT_SOURCES
from coffee_pipeline.tools.document import Document

deployments = typer.Typer(help="Deployments that other systems made: for DORA and the history.")

Service = Annotated[
    str | None, typer.Option("--service", help="The service of all; else as the records say.")
]
Environment = Annotated[
    str | None,
    typer.Option("--environment", help="The environment of all; else as the records say."),
]
ServiceNames = Annotated[
    list[str] | None,
    typer.Option("--service-name", help="THEIRS=OURS: rename a service; may be repeated."),
]
EnvironmentNames = Annotated[
    list[str] | None,
    typer.Option("--environment-name", help="THEIRS=OURS: rename an environment."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")]


@deployments.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The system's export (JSON).")],
    source: Annotated[
        str, typer.Option("--source", help=f"One of {', '.join(DEPLOYMENT_SOURCES)}.")
    ],
    service: Service = None,
    environment: Environment = None,
    service_name: ServiceNames = None,
    environment_name: EnvironmentNames = None,
    as_json: AsJson = False,
) -> None:
    """Read deployments from an export. The same deployment read again changes nothing."""
    if source not in DEPLOYMENT_SOURCES:
        raise UsageError(f"{source}: no such source; there are {', '.join(DEPLOYMENT_SOURCES)}")
    naming = _naming(service, environment, service_name, environment_name)
    read = DEPLOYMENT_SOURCES[source].read(Document.of_file(file))
    _store(context.obj, source, read, naming, None, as_json)


@deployments.command()
def fetch(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help=f"One of {', '.join(DEPLOYMENT_CLIENTS)}.")],
    subject: Annotated[str, typer.Argument(help="A repository, project, job or application.")],
    url: Address = None,
    token_variable: TokenVariable = None,
    service: Service = None,
    environment: Environment = None,
    service_name: ServiceNames = None,
    environment_name: EnvironmentNames = None,
    as_json: AsJson = False,
) -> None:
    """Ask a system's API for its deployments. What was read of an answer that broke off is kept."""
    if source not in DEPLOYMENT_CLIENTS:
        raise UsageError(f"{source}: no such API; there are {', '.join(DEPLOYMENT_CLIENTS)}")
    naming = _naming(service, environment, service_name, environment_name)
    asked = DEPLOYMENT_CLIENTS[source]
    with open_client(source, url, asked.URL, asked.CREDENTIAL, token_variable) as client:
        fetched = asked.fetch(client, subject)
    _store(context.obj, source, asked.read(fetched.document), naming, fetched.reason, as_json)


@deployments.command()
def mark(
    context: typer.Context,
    deployment: Annotated[str, typer.Argument(help="The id of a deployment in the history.")],
    target: Annotated[str, typer.Option("--to", help=f"One of {', '.join(MARKER_TARGETS)}.")],
    place: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="Grafana: dashboard UID; New Relic: entity GUID; Datadog: host; "
            "Dynatrace: entity selector.",
        ),
    ] = None,
    url: Address = None,
    token_variable: TokenVariable = None,
    as_json: AsJson = False,
) -> None:
    """Set a mark of a deployment in a monitoring system. One that is sent twice is there twice."""
    if target not in MARKER_TARGETS:
        raise UsageError(f"{target}: no such system; there are {', '.join(MARKER_TARGETS)}")
    to = MARKER_TARGETS[target]
    history = HistoryReader(context.obj)
    history.refresh()
    found = history.records(Deployment, "deployment_id = ?", (deployment,))
    if not found:
        raise UsageError(f"{deployment}: the history has no deployment of this id")
    with open_client(target, url, to.url, to.credential, token_variable) as client:
        made = send(client, to, found[-1], place)
    if as_json:
        typer.echo(json.dumps({"target": target, "deployment": deployment, "id": made}))
    else:
        typer.echo(f"{target}: {made} marks {deployment}")


def _naming(
    service: str | None,
    environment: str | None,
    services: Sequence[str] | None,
    environments: Sequence[str] | None,
) -> Naming:
    return Naming(
        service=service,
        environment=environment,
        services=_renamed("--service-name", services),
        environments=_renamed("--environment-name", environments),
    )


def _renamed(option: str, pairs: Sequence[str] | None) -> dict[str, str]:
    found = {}
    for pair in pairs or ():
        theirs, sign, ours = pair.partition("=")
        if not (theirs and sign and ours):
            raise UsageError(f"{option} {pair}: THEIRS=OURS is expected")
        found[theirs] = ours
    return found


def _store(
    home: Home,
    source: str,
    read: ReadDeployments,
    naming: Naming,
    gap: str | None,
    as_json: bool,
) -> None:
    """Write what is new or changed; each deployment has a key of its own.

    And what is known from now on, so that reports can be made as of an earlier time.
    """
    home.prepare()
    history = HistoryReader(home)
    history.refresh()
    known = history.records(
        Deployment, "starts_with(materialization, ?)", (f"deployments/{source}:",)
    )
    before = {one.deployment_id: one for one in known}
    found = in_order(source, read.found, naming, known)
    changed = [one for one in found if before.get(one.deployment_id) != one]
    writer = HistoryWriter(home)
    for one in changed:
        writer.write(
            Evidence(
                materialization=f"deployments/{one.deployment_id}",
                outcome=Outcome.COMPLETED,
                records=(one,),
            )
        )
    if changed:
        now = datetime.now(UTC).isoformat()
        versions = tuple(DeploymentVersion(**asdict(one)) for one in changed)
        writer.write(
            Evidence(
                materialization=f"deployment-versions/{source}/{now}",
                outcome=Outcome.COMPLETED,
                records=versions,
            )
        )
    new = sum(one.deployment_id not in before for one in changed)
    _say(source, read, new, _unknown(home, found), gap, as_json)


def _unknown(home: Home, found: Sequence[Deployment]) -> dict[str, tuple[str, ...]]:
    """Services and environments that the platform does not have: no report counts them."""
    platform = described_platform(home)
    if platform is None:
        return {}
    places = Places(platform)
    return {
        "services": places.unknown_services(one.service for one in found),
        "environments": places.unknown_environments(one.environment for one in found),
    }


def _say(
    source: str,
    read: ReadDeployments,
    new: int,
    unknown: Mapping[str, Sequence[str]],
    gap: str | None,
    as_json: bool,
) -> None:
    outcome = Outcome.PARTIAL if gap else Outcome.COMPLETED
    if as_json:
        typer.echo(
            json.dumps(
                {"source": source, "outcome": outcome.value, "reason": gap,
                 "deployments": len(read.found), "new": new, "left_out": dict(read.left_out),
                 **{f"unknown_{kind}": list(names) for kind, names in unknown.items()}},
            )
        )  # fmt: skip
        return
    lines = [f"{source}: {outcome.value}: {len(read.found)} deployments, {new} of them new"]
    lines += [f"reason: {gap}"] if gap else []
    lines += [f"{count} left out: {why}" for why, count in sorted(read.left_out.items())]
    lines += [
        f"note: the platform has no {kind.removesuffix('s')} {', '.join(names)}: no report counts "
        "such deployments; "
        f"--{kind.removesuffix('s')}-name THEIRS=OURS renames"
        for kind, names in unknown.items()
        if names
    ]
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add ``deployments`` to the console command."""
    app.add_typer(deployments, name="deployments")
