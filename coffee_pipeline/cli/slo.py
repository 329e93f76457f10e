"""``slo``: check specifications, make Prometheus rules of them, and say where they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.slo_recorded import show_recorded
from coffee_pipeline.cli.slo_status import Source, show_status
from coffee_pipeline.errors import EnvironmentFailedError, UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.slo.openslo_parts import shorthand
from coffee_pipeline.slo.remarks import errors_of, remarks_on
from coffee_pipeline.slo.rule_files import rule_file, rule_resource
from coffee_pipeline.slo.rules import Group, groups_of
from coffee_pipeline.slo.specifications import Checked, check, content, parse

application = typer.Typer(
    no_args_is_help=True,
    help="Service level objectives: check specifications, make rules, show where they stand.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Files = Annotated[list[Path], typer.Argument(help="OpenSLO v1 or sloth files.")]


@application.command()
def validate(files: _Files, as_json: _Json = False) -> None:
    """Check FILES; every problem is named with its file and line.

    Exit code 2 when any file is not valid. Remarks alone are not errors.
    """
    checked = check(_contents(files))
    errors = [*checked.errors, *checked.unresolved]
    errors += (error for slo in checked.slos for error in errors_of(slo))
    remarks = [*checked.remarks, *(remark for slo in checked.slos for remark in remarks_on(slo))]
    if as_json:
        answer = {
            "valid": not errors,
            "slos": [_described(checked, index) for index in range(len(checked.slos))],
            "errors": [str(error) for error in errors],
            "remarks": [str(remark) for remark in remarks],
        }
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        console = Console(soft_wrap=True, highlight=False, markup=False)
        for error in errors:
            console.print(f"error: {error}")
        for remark in remarks:
            console.print(f"remark: {remark}")
        console.print(f"{len(checked.slos)} SLOs, {len(errors)} errors, {len(remarks)} remarks")
    if errors:
        raise UsageError(f"{len(errors)} errors in the specifications")


@application.command()
def rules(
    files: _Files,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Rule file to write; default: print it.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was made (without -o: the rules) as JSON.")
    ] = False,
    period: Annotated[
        str | None, typer.Option(help="Period of sloth's SLOs, such as 28d. Default: 30d.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, added to every recording rule.")
    ] = None,
    kubernetes: Annotated[
        str | None, typer.Option(help="Write a PrometheusRule resource of this name instead.")
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Namespace of that resource.")] = None,
) -> None:
    """Prometheus recording rules and multi-window burn-rate alerts of the SLOs in FILES."""
    slos = parse(_contents(files))
    groups = groups_of(slos, period=_period(period), labels=_labels(label or []))
    sources = [file.name for file in files]
    text = (
        rule_resource(groups, sources, kubernetes, namespace)
        if kubernetes
        else rule_file(groups, sources)
    )
    if output is not None:
        _write(output, text)
    if as_json:
        typer.echo(json.dumps(_made(groups, output), indent=2, ensure_ascii=False))
    elif output is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(output)


@application.command()
def status(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="OpenSLO v1 or sloth files; none: what the history recorded."),
    ] = None,
    series: Annotated[
        Path | None, typer.Option(help="Recorded events of the SLOs: .csv, .jsonl or .parquet.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Metrics API to ask instead.")] = None,
    token_variable: Annotated[
        str | None, typer.Option(help="Environment variable that holds the API's token.")
    ] = None,
    application_key_variable: Annotated[
        str | None, typer.Option(help="Environment variable of Datadog's application key.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="Organisation: tenant (X-Scope-OrgID) or account.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Keep what the API answered as .parquet, for --series another time."),
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="As of when, UTC. Default: now, or the series' end.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Attained, budget left, burn rates, alerts, exhaustion and forecast of every objective."""
    moment = None if at is None else at.replace(tzinfo=UTC)
    if files:
        source = Source(series, url, token_variable, application_key_variable, organisation, save)
        show_status(parse(_contents(files)), source, moment, as_json=as_json)
        return
    if series or url:
        raise UsageError("name the SLO files that the series belong to")
    home: Home = context.obj
    show_recorded(home, moment or datetime.now(UTC), as_json=as_json)


def _contents(files: Sequence[Path]) -> list[tuple[str, bytes]]:
    return [(str(file), content(file, str(file))) for file in files]


def _described(checked: Checked, index: int) -> dict[str, object]:
    slo = checked.slos[index]
    return {
        "service": slo.service,
        "name": slo.name,
        "specification": slo.specification,
        "objectives": [float(one.ratio) for one in slo.objectives],
        "method": slo.budgeting_method,
        "period_days": slo.period / timedelta(days=1),
        "calendar": slo.calendar is not None,
        "file": slo.file,
        "line": slo.line,
    }


def _made(groups: Sequence[Group], output: Path | None) -> dict[str, object]:
    made = [rule for group in groups for rule in group.rules]
    counts: dict[str, object] = {
        "groups": len(groups),
        "recording_rules": sum("record" in rule for rule in made),
        "alerting_rules": sum("alert" in rule for rule in made),
    }
    if output is not None:
        return {"output": str(output), **counts}
    return {**counts, "rules": {g.name: list(g.rules) for g in groups}}


def _period(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return shorthand(text)
    except ValueError as error:
        raise UsageError(f"--period {error}") from error


def _labels(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier() or not name.isascii():
            raise UsageError(f"--label {text!r} must be NAME=VALUE")
        found[name] = value
    return found


def _write(output: Path, text: str) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailedError(f"{output}: cannot be written ({error.strerror})") from error


def register(app: typer.Typer) -> None:
    """Add ``slo`` to the console command."""
    app.add_typer(application, name="slo")
