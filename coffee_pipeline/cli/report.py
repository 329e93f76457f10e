"""``report slo`` and ``report dora``: the reports as HTML, Markdown or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coffee_pipeline.cli import report_security
from coffee_pipeline.cli.application import described_platform
from coffee_pipeline.cli.report_dora import (
    RepositoryRequest,
    moment,
    report_compatible,
    report_repository,
    working_calendar,
    write_text,
)
from coffee_pipeline.cli.report_dora import as_json as to_json
from coffee_pipeline.cli.report_history import reported_history, reported_services
from coffee_pipeline.cli.report_options import refuse_without_effect
from coffee_pipeline.dora.proxy_deployments import Source
from coffee_pipeline.dora.trend import Step
from coffee_pipeline.dora.working_time import WorkingCalendar, calendar_of
from coffee_pipeline.errors import UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.reports.dora import performance_page
from coffee_pipeline.reports.dora_document import performance_document
from coffee_pipeline.reports.dora_facts import recorded_performance, told_later
from coffee_pipeline.reports.opening import opening
from coffee_pipeline.reports.page import Page, summary
from coffee_pipeline.reports.render import to_markdown, write_html
from coffee_pipeline.reports.slo import level_facts, slo_page
from coffee_pipeline.reports.slo_document import slo_document


class Compatible(StrEnum):
    """Whose counting is reproduced."""

    DEVLAKE = "devlake"


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; default: HTML into the data directory."),
]
_Format = Annotated[
    Format, typer.Option("--format", "-f", help="html, markdown or json (the main numbers).")
]

reports = typer.Typer(
    no_args_is_help=True,
    help="Write the reports of service levels, of delivery performance and of security.",
)
report_security.register(reports)


@reports.command()
def slo(
    context: typer.Context,
    output: _Output = None,
    format_: _Format = Format.HTML,
    at: Annotated[
        datetime | None, typer.Option(help="As of when, UTC. Default: now. History is enough.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days of daily history.")] = 30,
    service: Annotated[str | None, typer.Option(help="Only objectives of this service.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every number with its statement, as JSON.")
    ] = False,
) -> None:
    """Budgets, burn rates, forecasts, worst hours and the releases that burnt the budget."""
    home, history, platform = reported_history(context, levels=True)
    now = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    described = described_platform(home)
    teams = described.teams if described else None
    if as_json:
        facts = level_facts(history, platform, now, days=days, teams=teams, service=service)
        text = to_json(slo_document(facts))
        if output is None:
            typer.echo(text, nl=False)
        else:
            write_text(output, text)
            typer.echo(output)
        return
    page = slo_page(history, platform, now, days=days, teams=teams, service=service)
    _write(page, home, "slo", output, format_)


@reports.command()
def dora(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write. Default: HTML into the data directory; with --repository or "
            "--compatible it is printed.",
        ),
    ] = None,
    format_: _Format = Format.HTML,
    days: Annotated[
        int,
        typer.Option(min=1, max=3660, help="Days to look back. Not with --since, --repository."),
    ] = 30,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every number with its making, as JSON.")
    ] = False,
    by: Annotated[
        Step | None, typer.Option(help="Length of a point of the trend. Default: as suits it.")
    ] = None,
    repository: Annotated[
        Path | None,
        typer.Option(help="Report on this Git repository alone, of which nothing is recorded."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="With --repository: its branch. Default: the default branch.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="From this date or time (UTC) on, instead of --days. Default with --repository: "
            "the first deployment."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Up to and with this date or time (UTC). Default: --as-of or now; with "
            "--repository the last commit or release."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="As the history knew it at this date or time (UTC). Default: now."),
    ] = None,
    deployments: Annotated[
        Source,
        typer.Option(
            help="With --repository: what stands for deployments, as a proxy. auto: tags, else "
            "merges, else commits, as the repository shows a rhythm."
        ),
    ] = Source.AUTO,
    compatible: Annotated[
        Compatible | None,
        typer.Option(help="Count as another tool does, from its exported --tables."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option(help="With --compatible: the folder of CSV files.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="With --compatible: the project. Default: the first.")
    ] = None,
    calendar: Annotated[
        str | None,
        typer.Option(
            help="Lead time and frequency also on the working days of this country (DE, US-CA). "
            "Default: those of the platform, if it names any; none with --repository."
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="Where working days begin (Europe/Berlin); alone: Monday to Friday."),
    ] = None,
) -> None:
    """The five software delivery metrics of dora.dev."""
    refuse_without_effect(
        context, repository=repository is not None, compatible=compatible is not None
    )
    working = working_calendar(calendar, time_zone)
    if compatible is not None and tables is not None:
        report_compatible(tables, project, output)
        return
    if repository is not None:
        report_repository(
            RepositoryRequest(
                path=repository,
                branch=branch,
                since=moment(since, "--since"),
                until=moment(until, "--until", end=True),
                deployments=deployments,
                step=by,
                as_json=as_json or format_ is Format.JSON,
                markdown=format_ is Format.MARKDOWN,
                output=output,
                calendar=working,
            )
        )
        return
    period = RecordedPeriod(
        days=days,
        since=moment(since, "--since"),
        until=moment(until, "--until", end=True),
        as_of=moment(as_of, "--as-of", end=True),
        calendar=working,
    )
    _report_recorded(context, period, by, as_json, output, format_)


@dataclass(frozen=True)
class RecordedPeriod:
    """Which part of the history a delivery report is about, and the calendar; None: not said."""

    days: int
    since: datetime | None
    until: datetime | None
    as_of: datetime | None
    calendar: WorkingCalendar | None


def _report_recorded(
    context: typer.Context,
    period: RecordedPeriod,
    step: Step | None,
    as_json: bool,
    output: Path | None,
    format_: Format,
) -> None:
    home, history, platform = reported_history(context, deployments=True)
    now = datetime.now(UTC)
    end = min(period.until or period.as_of or now, now)
    if period.since is not None and period.since >= end:
        raise UsageError("--since lies after the end of the period")
    described = described_platform(home)
    teams = described.teams if described else None
    services = reported_services(history, described, platform)
    calendar = period.calendar or calendar_of(described)
    found = recorded_performance(
        history, platform, end, period.days, teams=teams, services=services, since=period.since,
        as_of=period.as_of, calendar=calendar,
    )  # fmt: skip
    late = told_later(history, found)
    if not as_json:
        with opening(history) as opener:
            page = performance_page(found, platform, opener, end, step, late, period.as_of)
        _write(page, home, "dora", output, format_)
        return
    text = to_json(performance_document(found, platform, step, late, period.as_of))
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(output)


def _write(page: Page, home: Home, name: str, output: Path | None, format_: Format) -> None:
    """HTML goes to a file and its path is printed; the others are printed unless a file is named.

    Raises:
        EnvironmentFailedError: the file cannot be written.
    """
    if format_ is Format.HTML:
        typer.echo(write_html(page, output or home.reports / f"{name}.html"))
        return
    text = to_markdown(page)
    if format_ is Format.JSON:
        text = json.dumps(summary(page), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    write_text(output, text)
    typer.echo(output)


def register(app: typer.Typer) -> None:
    """Add ``report`` to the console command."""
    app.add_typer(reports, name="report")
