"""``traces``: requests that a trace store has seen from end to end, deliveries as traces."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.cli.http_options import TokenVariable, open_client
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.trace import TraceCoverage, TraceGap
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.platform.telemetry import TraceStoreSettings
from coffee_pipeline.stages.trace_coverage import (
    GOAL,
    SETTLE_SECONDS,
    GatewayCount,
    Window,
    counted_by_gateway,
    counted_by_prometheus,
    measure_coverage,
)
from coffee_pipeline.stages.trace_export import ENDPOINT_VARIABLES, endpoint, send_delivery
from coffee_pipeline.tools.traces.stores import TRACE_STORES, trace_store

traces = typer.Typer(help="Traces of the platform's services, and of its deliveries.")


@traces.command()
def send(
    context: typer.Context,
    deliveries: Annotated[
        list[str] | None, typer.Argument(help="Deliveries to send. Default: the newest.")
    ] = None,
) -> None:
    """Send deliveries as traces to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names.

    'run' does this by itself where the variable is set. What is sent again has the same ids.
    """
    if endpoint() is None:
        raise UsageError(f"{ENDPOINT_VARIABLES[-1]}: not set, so there is nowhere to send to")
    history = HistoryReader(context.obj)
    history.refresh()
    names = deliveries or [
        str(row["delivery"])
        for row in history.query("SELECT arg_max(delivery, started_at) AS delivery FROM stage_runs")
        if row["delivery"] is not None
    ]
    if not names:
        raise UsageError("the history has no delivery yet")
    for name in names:
        typer.echo(f"{name}: sent as trace {send_delivery(history, name)}")


@traces.command()
def coverage(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="The service whose requests are counted.")],
    environment: Annotated[str, typer.Option(help="Where it runs.")] = "production",
    store: Annotated[
        str | None,
        typer.Option(help=f"One of {', '.join(TRACE_STORES)}. Default: metrics.traces."),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where the store's API is.")] = None,
    token_variable: TokenVariable = None,
    start: Annotated[
        datetime | None, typer.Option("--from", help="First moment (UTC). Default: 10 min before.")
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--until", help="The moment after the last (UTC). Default: 15 s ago."),
    ] = None,
    requests: Annotated[
        int | None, typer.Option(min=0, help="The gateway's count, where you know it.")
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(help="PromQL that counts the requests; {window} is the window's length."),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Where that is asked. Default: metrics.prometheus_url.")
    ] = None,
    platform: Annotated[Path | None, typer.Option(help="The platform's description.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Count requests at the gateway, look for their traces, and store what came of it.

    The count comes from --requests, else from --query, else from the access log of the local
    environment. Exit code 1 when the goal is missed, 3 when nothing could be measured.
    """
    home: Home = context.obj
    home.prepare()
    now = datetime.now(UTC)
    window = _window(service, environment, start, end, now)
    path = platform or remembered_platform(home)
    described = load_platform(path).metrics if path else None
    settings = _settings(described.traces if described else None, store, url)
    variable = token_variable or settings.token_variable or "none"
    address = prometheus or (described.prometheus_url if described else None)
    counted = _counted(home, window, requests, query, address)
    kind = trace_store(settings.store)
    with open_client(kind.NAME, settings.url, None, kind.CREDENTIAL, variable) as client:
        evidence = measure_coverage(client, kind, window, counted, now, settings.goal)
    HistoryWriter(home).write(evidence)
    raise typer.Exit(_say(evidence, as_json))


def _window(
    service: str, environment: str, start: datetime | None, end: datetime | None, now: datetime
) -> Window:
    last = _moment(end) if end else now - timedelta(seconds=SETTLE_SECONDS)
    first = _moment(start) if start else last - timedelta(minutes=10)
    if first >= last:
        raise UsageError("--from must lie before --until")
    return Window(service, environment, first, last)


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _settings(
    described: TraceStoreSettings | None, store: str | None, url: str | None
) -> TraceStoreSettings:
    """What the options say, else the description.

    Raises:
        UsageError: neither says which store, and where.
    """
    if store is None and url is None and described is not None:
        return described
    if store is None and described is not None:
        store = described.store
    if store is None or url is None:
        raise UsageError("which trace store? Give --store and --url, or metrics.traces")
    name = trace_store(store).NAME
    goal = described.goal if described else GOAL
    return TraceStoreSettings.model_validate({"store": name, "url": url, "goal": goal})


def _counted(
    home: Home, window: Window, requests: int | None, query: str | None, address: str | None
) -> GatewayCount:
    if requests is not None:
        return GatewayCount(requests, "given")
    if query is None:
        return counted_by_gateway(home, window)
    if address is None:
        raise UsageError("--query: where? Give --prometheus, or metrics.prometheus_url")
    return counted_by_prometheus(address, query, window)


def _say(evidence: Evidence, as_json: bool) -> int:
    """Print what was measured, and return the exit code."""
    (found,) = (one for one in evidence.records if isinstance(one, TraceCoverage))
    gaps = [one for one in evidence.records if isinstance(one, TraceGap)]
    if as_json:
        listed = [
            {"kind": gap.kind, "reason": gap.reason, "requests": gap.requests,
             "example": gap.example}
            for gap in gaps
        ]  # fmt: skip
        typer.echo(json.dumps({**asdict(found), "gaps": listed}, default=str, indent=2))
    else:
        _print(found, gaps)
    if found.ratio is None:
        return 3
    return 0 if found.ratio > found.goal else 1


def _print(found: TraceCoverage, gaps: list[TraceGap]) -> None:
    where = f"{found.service} in {found.environment}, {found.store}"
    if found.ratio is None:
        lines = [f"{where}: {found.outcome}: {found.reason}"]
    else:
        # One request that is missing among a million makes it no 100 %.
        percent = 100.0 if found.ratio == 1 else min(100 * found.ratio, 99.99)
        lines = [
            f"{where}: {found.complete} of {found.requests} requests seen end to end "
            f"({percent:.2f} %, goal > {100 * found.goal:g} %), "
            f"{found.partial} partly, {found.missing} not at all"
        ]
        lines += [f"{found.outcome}: {found.reason}"] if found.reason else []
    lines += [
        f"  {gap.requests} x {gap.reason}{f', as in {gap.example}' if gap.example else ''}"
        for gap in gaps
    ]
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add ``traces`` to the console command."""
    app.add_typer(traces, name="traces")
