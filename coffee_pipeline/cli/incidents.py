"""``incidents import``: take another system's incidents into the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from filelock import FileLock
from rich.console import Console

from coffee_pipeline.cli.application import described_platform
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident, IncidentVersion
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.incidents.github_issues import DEFAULT_LABEL
from coffee_pipeline.tools.incidents.reading import (
    BadRowsError,
    Defaults,
    IncidentReport,
    read_incidents,
    sources,
)

KEYS = 32
"""Parts that the incidents of one source are spread over; never change it."""

IMPORTED = "incidents"
"""What the materializations of imported incidents begin with."""

SHOWN = 20
"""Bad rows, and changes, that are printed one by one."""

incidents = typer.Typer(no_args_is_help=True, help="Incidents of other systems in the history.")


@incidents.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An export, a webhook's body, CSV or JSON.")],
    source: Annotated[
        str | None,
        typer.Option(help=f"One of {', '.join(sources())}. Default: told by the content."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="For rows that name no service.")] = None,
    environment: Annotated[
        str, typer.Option(help="For rows that name no environment.")
    ] = "production",
    label: Annotated[
        str, typer.Option(help="The label that makes an issue an incident; '' for any.")
    ] = DEFAULT_LABEL,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Store the incidents of a file. A file with a broken row stores nothing.

    Reading a file twice changes nothing. A later export changes what it says of an incident, such
    as its end, and the change is printed; reports of the past follow.
    """
    home: Home = context.obj
    defaults = Defaults(service, environment, label)
    try:
        report = read_incidents(Document.of_file(file), defaults, source)
    except BadRowsError as error:
        for problem in error.problems[1:SHOWN]:
            typer.echo(problem, err=True)
        raise
    home.prepare()
    with FileLock(home.root / "incidents.lock"):
        known, received = _known(home, report)
        report, unknown = _placed(home, report)
        told = [one for one in report.incidents if one.incident_id in received]
        report = replace(
            report,
            incidents=tuple(one for one in report.incidents if one.incident_id not in received),
        )
        new = [one for one in report.incidents if one.incident_id not in known]
        changed = [
            (known[one.incident_id], after)
            for one in report.incidents
            if one.incident_id in known
            and (after := _merged(known[one.incident_id], one, report)) != known[one.incident_id]
        ]
        changes = [*new, *(after for _, after in changed)]
        # Versions first: ended in between, the next import finds the same changes and both go on.
        _keep_versions(home, report.source, changes)
        _store(home, report.source, known, changes, stale=known.keys() & received)
    _say(report, new, changed, len(told), unknown, as_json)


def _placed(home: Home, report: IncidentReport) -> tuple[IncidentReport, tuple[str, ...]]:
    """The incidents with the platform's own names, and the services that it does not have.

    Where no description is remembered, the names stay as they are, and nothing is known of them.
    """
    platform = described_platform(home)
    if platform is None:
        return report, ()
    places = Places(platform)
    incidents = tuple(
        replace(
            one,
            service=places.service([one.service]) or one.service,
            environment=places.environment([one.environment]) or one.environment,
        )
        for one in report.incidents
    )
    unknown = places.unknown_services(one.service for one in incidents)
    return replace(report, incidents=incidents), unknown


def _known(home: Home, report: IncidentReport) -> tuple[dict[str, Incident], set[str]]:
    """The source's incidents that were imported, and the names of those that messages told of.

    The receiver knows every change of the latter; an export of the same system adds nothing.
    """
    if not report.incidents:
        return {}, set()
    reader = HistoryReader(home)
    reader.refresh()
    asked = (report.source, f"{IMPORTED}/")
    imported = reader.records(Incident, "source = ? AND starts_with(materialization, ?)", asked)
    told = reader.records(Incident, "source = ? AND NOT starts_with(materialization, ?)", asked)
    return {one.incident_id: one for one in imported}, {one.incident_id for one in told}


def _store(
    home: Home,
    source: str,
    known: Mapping[str, Incident],
    changes: Sequence[Incident],
    stale: Collection[str],
) -> None:
    """Write the changes, with what the history has under the same keys; ``stale`` ones go.

    An incident's key depends on its identity alone, so it is never stored twice; and a few dozen
    incidents share one, since a part for each would cost more than its row.
    """
    everything = {**known, **{one.incident_id: one for one in changes}}
    touched = {_key(one) for one in changes} | {_key(known[name]) for name in stale}
    rows: dict[str, list[Incident]] = {key: [] for key in sorted(touched)}
    for one in everything.values():
        if _key(one) in touched and one.incident_id not in stale:
            rows[_key(one)].append(one)
    writer = HistoryWriter(home)
    for key, found in rows.items():
        records = sorted(found, key=lambda one: one.incident_id)
        writer.write(
            Evidence(
                materialization=f"{IMPORTED}/{source}/{key}",
                outcome=Outcome.COMPLETED,
                records=records,
            )
        )


def _keep_versions(home: Home, source: str, changes: Sequence[Incident]) -> None:
    """Add what is known from now on, so that reports can be made as of an earlier time."""
    if not changes:
        return
    versions = [IncidentVersion(**asdict(one)) for one in changes]
    now = datetime.now(UTC).isoformat()
    HistoryWriter(home).write(
        Evidence(
            materialization=f"incident-versions/{source}/{now}",
            outcome=Outcome.COMPLETED,
            records=versions,
        )
    )


def _key(incident: Incident) -> str:
    digest = hashlib.sha256(incident.incident_id.encode()).digest()
    return f"{digest[0] % KEYS:02}"


def _merged(before: Incident, after: Incident, report: IncidentReport) -> Incident:
    """The newer row; an end stays where the source may repeat an older message.

    An older export says nothing new. Who took it on stays too: exports of an ended incident often
    no longer say it.
    """
    if after.updated_at and before.updated_at and after.updated_at < before.updated_at:
        return before
    if after.acknowledged_at is None:
        after = replace(after, acknowledged_at=before.acknowledged_at)
    if report.sticky_end and after.resolved_at is None and before.resolved_at is not None:
        return replace(after, resolved_at=before.resolved_at)
    return after


def _say(
    report: IncidentReport,
    new: Sequence[Incident],
    changed: Sequence[tuple[Incident, Incident]],
    received: int,
    unknown_services: Sequence[str],
    as_json: bool,
) -> None:
    unchanged = len(report.incidents) - len(new) - len(changed)
    changes = {after.incident_id: _differences(before, after) for before, after in changed}
    if as_json:
        document: dict[str, Any] = {
            "source": report.source,
            "incidents": len(report.incidents),
            "new": len(new),
            "changed": len(changed),
            "unchanged": unchanged,
            "repeated": report.repeated,
            "skipped": report.skipped,
            "received": received,
            "unknown_services": list(unknown_services),
            "changes": [{"incident": name, "changed": change} for name, change in changes.items()],
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    lines = [
        f"{report.source}: {len(report.incidents)} incidents: {len(new)} new, {len(changed)} "
        f"changed, {unchanged} unchanged"
    ]
    if report.repeated:
        lines.append(f"{report.repeated} rows repeat an incident of the file")
    if received:
        lines.append(f"{received} incidents are known from messages already, which count")
    if unknown_services:
        names = ", ".join(unknown_services[:SHOWN])
        lines.append(f"note: the platform has no service {names}: no report counts their incidents")
    if report.skipped:
        lines.append(
            f"{report.skipped} rows are no incidents (pull requests, or without the label)"
        )
    for incident, change in list(changes.items())[:SHOWN]:
        words = (f"{name}: {old} -> {now}" for name, (old, now) in change.items())
        lines.append(f"{incident}: {', '.join(words)}")
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _differences(before: Incident, after: Incident) -> dict[str, tuple[Any, Any]]:
    old, new = asdict(before), asdict(after)
    return {
        name: (_plain(old[name]), _plain(value))
        for name, value in new.items()
        if old[name] != value
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def register(app: typer.Typer) -> None:
    """Add ``incidents`` to the console command."""
    app.add_typer(incidents, name="incidents")
