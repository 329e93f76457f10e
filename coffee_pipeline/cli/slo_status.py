"""What ``slo status FILE...`` prints: from a recorded series, or from a metrics API."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.reports.slo_status import exhaustion, plain
from coffee_pipeline.reports.wording import NO_DATA, count, percent, share
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events
from coffee_pipeline.slo.forecast import DAYS
from coffee_pipeline.slo.objective_status import ObjectiveStatus
from coffee_pipeline.slo.objective_status import status as objective_status
from coffee_pipeline.stages.recorded_levels import STEP, events_of, rows_of, save
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import Fetched, SeriesSource
from coffee_pipeline.tools import event_rows
from coffee_pipeline.tools.series_query import Credentials


@dataclass(frozen=True)
class Source:
    """Where the events come from: a recorded series, or an API and how to be let in."""

    series: Path | None = None
    url: str | None = None
    token_variable: str | None = None
    application_key_variable: str | None = None
    organisation: str | None = None
    save: Path | None = None

    def credentials(self) -> Credentials:
        """The secrets, from the environment by name.

        Raises:
            ConfigurationError: a variable is named and not set.
        """
        return Credentials(
            token=_secret(self.token_variable),
            organisation=self.organisation,
            application_key=_secret(self.application_key_variable),
        )


def show_status(slos: Sequence[Slo], source: Source, at: datetime | None, *, as_json: bool) -> None:
    """Print the status of all objectives of the SLOs; of what has no events, why not.

    Raises:
        UsageError: there is no SLO; neither or both of a series and an API are named; a recorded
            series is to be saved.
        ConfigurationError: the file, the URL or a secret of the source is not to be had.
        ParseError: the file is no series.
        EnvironmentFailedError: the file to save cannot be written.
    """
    if not slos:
        raise UsageError("no SLO in the files: kind SLO of OpenSLO v1, or slos of sloth")
    if source.series is not None and source.url is None:
        if source.save is not None:
            raise UsageError("--save keeps what --url answered: a --series is a file already")
        fetched = _recorded(slos, source.series)
        now = at or _end(one.events for one in fetched.values())
    elif source.url is not None and source.series is None:
        now = at or datetime.now(UTC)
        fetched = _fetch(slos, source.url, source, now)
        if source.save is not None:
            _save(source.save, {identity: one.events for identity, one in fetched.items()})
    else:
        raise UsageError("name where the events come from: --series FILE or --url URL")
    found = [
        objective_status(slo, objective, fetched[slo.identity].events, now)
        for slo in slos
        for objective in slo.objectives
    ]
    if as_json:
        rows = [{**plain(one), "gaps": list(fetched[one.slo.identity].reasons)} for one in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _table(found)
    for identity, one in fetched.items():
        for gap in one.reasons:
            typer.echo(f"{identity}: {gap}")


def _recorded(slos: Sequence[Slo], series: Path) -> dict[str, Fetched]:
    recorded = event_rows.read(series)
    found: dict[str, Fetched] = {}
    for slo in slos:
        rows = rows_of(slo, recorded)
        missing = () if rows else (f"{series}: no rows of {slo.identity} or {slo.name}",)
        found[slo.identity] = Fetched(events_of(rows), missing)
    return found


def _fetch(slos: Sequence[Slo], url: str, access: Source, now: datetime) -> dict[str, Fetched]:
    source = SeriesSource(SeriesConnection(url), access.credentials())
    found: dict[str, Fetched] = {}
    for slo in slos:
        start = now - slo.period if slo.calendar is None else slo.calendar.containing(now)[0]
        # The forecast looks at four weeks, alerts at three days, whatever the period.
        first = int(min(start, now - timedelta(days=DAYS)).timestamp())
        try:
            found[slo.identity] = source.events(slo, first, int(now.timestamp()), STEP)
        except ConfigurationError as error:  # of this SLO only: the others are asked for
            found[slo.identity] = Fetched(events_of(None), (f"not measured: {error}",))
    return found


def _save(path: Path, events: Mapping[str, Events]) -> None:
    """Keep the events; none at all do not replace what the file may hold from another time."""
    if any(one.known.any() for one in events.values()):
        save(path, events)
    else:
        typer.echo(f"{path}: not written, there are no events to keep", err=True)


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(f"the environment variable {variable} is not set")
    return value


def _end(events: Iterable[Events]) -> datetime:
    """The end of the latest series: a recorded series is looked at as of when it was recorded."""
    ends = [one.end for one in events if len(one)]
    return datetime.fromtimestamp(max(ends), UTC) if ends else datetime.now(UTC)


def _table(found: Sequence[ObjectiveStatus]) -> None:
    table = Table("SLO", "objective", "attained", "budget left", "alerts", "exhausted", "policy")
    notes: list[str] = []
    for one in found:
        head = one.headline
        firing = sorted({each.window.severity for each in one.burning if each.firing})
        table.add_row(
            one.slo.identity,
            percent(head.objective, 3),
            percent(head.ratio, 3),
            _left(head.budget_left),
            ", ".join(firing) or "-",
            exhaustion(one),
            one.policy.action if one.policy else "-",
        )
        counted = f"{count(head.good)} of {count(head.total)} {head.unit} good"
        measured = f"{counted}, {share(one.covered)} of the period measured"
        notes.append(f"{one.slo.identity}: {head.reason or measured}")
        if one.disagree:
            notes.append(
                f"{one.slo.identity}: the methods disagree, {head.method} leaves "
                f"{_left(head.budget_left)} and {one.other.method} {_left(one.other.budget_left)}"
            )
    console = Console()
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def _left(left: Fraction | None) -> str:
    return NO_DATA if left is None else percent(left, 1)
