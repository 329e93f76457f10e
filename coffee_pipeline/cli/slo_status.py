"""What ``slo status`` prints: from a recorded series, a metrics API, or the history."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.reports.slo_objectives import PERIOD, ObjectiveReport, objective_reports
from coffee_pipeline.reports.slo_status import decimal, plain
from coffee_pipeline.reports.wording import NO_DATA, burn_rate, count, duration, percent, share
from coffee_pipeline.slo.alert_windows import seconds
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events
from coffee_pipeline.slo.forecast import DAYS
from coffee_pipeline.slo.objective_status import ObjectiveStatus
from coffee_pipeline.slo.objective_status import status as objective_status
from coffee_pipeline.stages.recorded_levels import STEP, events_of, rows_of, save
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
    """Print the status of all objectives of the SLOs.

    Raises:
        UsageError: neither or both of a series and an API are named.
    """
    if source.series is not None and source.url is None:
        recorded = event_rows.read(source.series)
        events = {slo.identity: events_of(rows_of(slo, recorded)) for slo in slos}
        now, reasons = at or _end(events.values()), dict[str, tuple[str, ...]]()
    elif source.url is not None and source.series is None:
        now = at or datetime.now(UTC)
        fetched = _fetch(slos, source.url, source, now)
        events = {identity: one.events for identity, one in fetched.items()}
        if source.save is not None:
            save(source.save, events)
        reasons = {identity: one.reasons for identity, one in fetched.items()}
    else:
        raise UsageError("name where the events come from: --series FILE or --url URL")
    found = [
        objective_status(slo, objective, events[slo.identity], now)
        for slo in slos
        for objective in slo.objectives
    ]
    if as_json:
        rows = [{**plain(one), "gaps": list(reasons.get(one.slo.identity, ()))} for one in found]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _table(found)
    for identity, gaps in reasons.items():
        for gap in gaps:
            typer.echo(f"{identity}: {gap}")


def _fetch(slos: Sequence[Slo], url: str, access: Source, now: datetime) -> dict[str, Fetched]:
    source = SeriesSource(url, access.credentials())
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


def show_recorded(home: Home, now: datetime, *, as_json: bool) -> None:
    """Print what the history's service levels add up to over the last 28 days."""
    history = HistoryReader(home)
    history.refresh()
    levels = history.records(
        ServiceLevel,
        "window_end > ? and window_end <= ? order by window_end, slo",
        (now - PERIOD, now),
    )
    found = objective_reports(levels, now)
    if as_json:
        typer.echo(json.dumps([_recorded(one) for one in found], indent=2, ensure_ascii=False))
        return
    table = Table("environment", "service", "SLO", "objective", "attained", "budget left", "burn")
    for one in found:
        table.add_row(
            one.environment,
            one.service,
            one.slo,
            percent(one.objective, 3),
            percent(one.period.ratio, 3),
            _left(one.period.budget_left),
            burn_rate(one.period.burn_rate),
        )
    Console().print(table if found else "no service level recorded yet")


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(f"the environment variable {variable} is not set")
    return value


def _recorded(one: ObjectiveReport) -> dict[str, object]:
    period = one.period
    return {
        "environment": one.environment,
        "service": one.service,
        "slo": one.slo,
        "objective": decimal(period.objective),
        "period_days": PERIOD.days,
        "method": "Occurrences",
        "met": one.met,
        "good": decimal(period.good),
        "total": decimal(period.total),
        "ratio": decimal(period.ratio),
        "budget_left": decimal(period.budget_left),
        "burn_rate": decimal(period.burn_rate),
        "covered": decimal(period.covered),
        "measurements": period.measurements,
        "reason": period.reason,
        "burn_rates": [
            {
                "window": window.name,
                "threshold": decimal(window.threshold),
                "burn_rate": decimal(attained.burn_rate),
                "reason": attained.reason,
            }
            for window, attained in one.burns
        ],
    }


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
        left = one.exhausted_in
        table.add_row(
            one.slo.identity,
            percent(head.objective, 3),
            percent(head.ratio, 3),
            _left(head.budget_left),
            ", ".join(firing) or "-",
            "-" if left is None else duration(seconds(left)),
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
