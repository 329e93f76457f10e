"""``report dora``: of the recorded history, of any Git repository alone, or as DevLake counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coffee_pipeline.dora.devlake_tables import compatible_tables
from coffee_pipeline.dora.intervals import SMALL
from coffee_pipeline.dora.proxy_deployments import Source
from coffee_pipeline.dora.proxy_metrics import RepositoryPerformance, repository_performance
from coffee_pipeline.dora.trend import Step
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.errors import EnvironmentFailedError, UsageError
from coffee_pipeline.platform.calendar import CalendarSettings
from coffee_pipeline.platform.commit_log import read_commit_log
from coffee_pipeline.reports.dora_document import repository_document
from coffee_pipeline.reports.dora_metric import (
    interval_text,
    metric_title,
    metric_value,
    taken_over,
    working_text,
)
from coffee_pipeline.reports.dora_repository import component_title, repository_page
from coffee_pipeline.reports.render import to_markdown, write_html
from coffee_pipeline.reports.wording import duration


@dataclass(frozen=True)
class RepositoryRequest:
    """What to report on a repository, and as what."""

    path: Path
    branch: str | None
    since: datetime | None
    until: datetime | None
    deployments: Source
    step: Step | None
    as_json: bool
    markdown: bool
    output: Path | None
    calendar: WorkingCalendar | None = None


def working_calendar(country: str | None, timezone: str | None) -> WorkingCalendar | None:
    """The calendar that was asked for: of a country, or Monday to Friday in a time zone.

    Raises:
        UsageError: no holidays are known of the country, or no such time zone.
    """
    if country is None and timezone is None:
        return None
    try:
        settings = CalendarSettings(country=country, timezone=timezone or "UTC")
    except ValidationError as error:
        field, said = error.errors()[0]["loc"][0], error.errors()[0]["msg"]
        option = "--calendar" if field == "country" else "--time-zone"
        raise UsageError(
            f"{option} {country if field == 'country' else timezone}: "
            f"{said.removeprefix('Value error, ')}"
        ) from error
    return WorkingCalendar(settings)


def moment(text: str | None, option: str, *, end: bool = False) -> datetime | None:
    """A date or time in ISO 8601 as UTC; a date alone as ``end`` is the end of that day.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text}: a date such as 2026-03-01 or 2026-03-01T12:00Z is needed"
        ) from error
    if end and len(text) <= 10:
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_999)
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"{option} {text}: beyond the calendar") from error


def report_repository(request: RepositoryRequest) -> None:
    """Report on a repository alone: a table, JSON, Markdown, and HTML into a file.

    Raises:
        UsageError: no repository, no such branch, or a period that ends before it begins.
    """
    now = datetime.now(UTC)
    if request.since and request.until and request.since > request.until:
        raise UsageError("--since lies after --until")
    if request.since and request.since > now:
        raise UsageError("--since lies in the future")
    until = min(request.until, now) if request.until else None
    found = repository_performance(
        read_commit_log(request.path, request.branch),
        now,
        request.deployments,
        request.since,
        until,
        request.step,
        reachable_only=request.branch is not None,
        calendar=request.calendar,
    )
    text = ""
    if request.as_json:
        text = as_json(repository_document(found))
    elif request.markdown:
        text = to_markdown(repository_page(found, now))
    if request.output is None:
        if text:
            typer.echo(text, nl=False)
        else:
            _print(found)
        return
    if text and request.output.suffix.lower() not in (".html", ".htm"):
        write_text(request.output, text)
    else:
        write_html(repository_page(found, now), request.output)
        if text:
            typer.echo(text, nl=False)
            return
        _print(found)
    typer.echo(request.output)


def report_compatible(folder: Path, project: str | None, output: Path | None) -> None:
    """Print DevLake's rows computed from a folder of its tables, as JSON.

    Raises:
        ParseError: a table is not what it should be.
        UsageError: the folder has none of the tables.
    """
    text = as_json(compatible_tables(folder, project))
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(output)


def as_json(document: dict[str, Any]) -> str:
    """A document as printed."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file, with the folders it needs.

    Raises:
        EnvironmentFailedError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailedError(f"{path}: cannot be written ({error.strerror})") from error


def _print(found: RepositoryPerformance) -> None:
    """The report as a table for people."""
    console = Console()
    period = found.period
    head = f"{found.log.path}: {found.log.branch or 'no branch'}"
    if period.start is not None and period.end is not None:
        head += f", {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"
    lines = [head, f"{found.chosen.method} stand for deployments: every number is a proxy"]
    _say(console, lines)
    table = Table("Metric", "Value", "Taken over", "Level", "p75 / p90, interval")
    for one in found.metrics:
        spread = interval_text(one.interval, one.unit) if one.value is not None else ""
        if one.distribution is not None:
            percentiles = f"{duration(one.distribution.p75)} / {duration(one.distribution.p90)}"
            spread = "; ".join(filter(None, (percentiles, spread)))
        level = (one.band.name or "none published") if one.band else ""
        few = ", a small number" if one.value is not None and one.count < SMALL else ""
        table.add_row(metric_title(one), metric_value(one), f"{taken_over(one)}{few}", level,
                      spread)  # fmt: skip
    console.print(table)
    if found.components:
        console.print(_components(found))
    told = [f"{one.name} {working_text(one)}: {one.working.method}"
            for one in found.metrics if one.working is not None]  # fmt: skip
    _say(console, told)
    missing = [one for one in found.metrics if one.value is None]
    _say(console, [f"no {one.name}: {one.reason}" for one in missing])
    _say(console, [f"note: {one}" for one in found.notes])
    _say(console, [f"not read: {one}" for one in found.unread])


def _components(found: RepositoryPerformance) -> Table:
    table = Table("Component", *(metric_title(one) for one in found.metrics))
    for name, own in found.components.items():
        table.add_row(escape(component_title(name)), *(metric_value(one) for one in own))
    return table


def _say(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
