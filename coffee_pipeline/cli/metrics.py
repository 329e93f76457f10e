"""``metrics``: the pipeline's own metrics, for Prometheus to scrape or as a file."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home

metrics = typer.Typer(help="Metrics of the pipeline itself: durations, gates, findings, budgets.")


@metrics.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 9464,
) -> None:
    """Answer Prometheus' scrapes at /metrics until Ctrl-C, each from the history as it is then."""
    from coffee_pipeline.reports.metrics_endpoint import MetricsEndpoint

    home: Home = context.obj
    home.prepare()
    stop = threading.Event()

    def asked_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    with MetricsEndpoint(HistoryReader(home), host, port, typer.echo) as endpoint:
        typer.echo(f"metrics at {endpoint.url}")
        stop.wait()


@metrics.command()
def show(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write them here at once, for a textfile collector."),
    ] = None,
) -> None:
    """Print the metrics as they are now."""
    from coffee_pipeline.reports.metrics_endpoint import exposition

    home: Home = context.obj
    home.prepare()
    text = exposition(HistoryReader(home))
    if output is None:
        typer.echo(text, nl=False)
        return
    temporary = output.with_name(f".{output.name}.new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error


def register(app: typer.Typer) -> None:
    """Add ``metrics`` to the console command."""
    app.add_typer(metrics, name="metrics")
