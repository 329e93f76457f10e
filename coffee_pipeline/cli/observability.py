"""``observability``: make dashboards, alerts and configuration of a platform, and check them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.errors import EnvironmentFailedError, StageFailedError, UsageError
from coffee_pipeline.home import Home
from coffee_pipeline.observability import stack
from coffee_pipeline.observability.configuration_check import configurations
from coffee_pipeline.observability.coverage import Check, coverage, structure, unchanged
from coffee_pipeline.observability.subject import Subject, subject_of
from coffee_pipeline.observability.traces import TraceStore
from coffee_pipeline.observability.written import read_folder
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.toolbox.toolbox import Toolbox

application = typer.Typer(
    no_args_is_help=True,
    help="Dashboards, alerts, logs and traces of the platform, as configuration.",
)
_Platform = Annotated[
    Path | None, typer.Option("--platform", help="The platform description; default: the last.")
]
_Receiver = Annotated[
    str, typer.Option(help="URL of 'coffee-pipeline listen', as Alertmanager reaches it.")
]
_Pipeline = Annotated[
    str,
    typer.Option(
        "--pipeline-metrics",
        help="HOST:PORT of 'coffee-pipeline metrics serve', as Prometheus reaches it.",
    ),
]
_Stores = Annotated[
    list[TraceStore] | None,
    typer.Option("--traces", help="Store of traces; may be repeated. Default: jaeger, tempo."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@application.command()
def generate(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    platform: _Platform = None,
    receiver: _Receiver = stack.DEFAULT_RECEIVER,
    pipeline: _Pipeline = stack.DEFAULT_PIPELINE,
    traces: _Stores = None,
    as_json: _Json = False,
) -> None:
    """Write the configuration of a monitoring stack; what others put into the folder stays."""
    subject, _ = _subject(context.obj, platform)
    files = stack.generate(
        subject,
        receiver=receiver,
        pipeline=pipeline,
        stores=_stores(traces),
        own_rules=stack.own_rules(output),
    )
    for name, text in files.items():
        path = output / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise EnvironmentFailedError(f"{path}: cannot be written ({error.strerror})") from error
    for name in stack.left_over(output, files):
        (output / name).unlink(missing_ok=True)
    if as_json:
        typer.echo(json.dumps({"output": str(output), "files": list(files)}, indent=2))
    else:
        typer.echo(f"{len(files)} files in {output}")


@application.command()
def check(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="The folder; default: the one platform.yaml names.")
    ] = None,
    platform: _Platform = None,
    receiver: _Receiver = stack.DEFAULT_RECEIVER,
    pipeline: _Pipeline = stack.DEFAULT_PIPELINE,
    traces: _Stores = None,
    as_json: _Json = False,
) -> None:
    """Check that every service and objective has its panels and alerts, and that all is valid.

    Exit code 1 when something is missing. What could not be asked is named, and is no pass.
    """
    subject, root = _subject(context.obj, platform)
    where = folder or root / subject.platform.observability
    if not where.is_dir():
        raise UsageError(f"{where}: no such folder; make it with 'observability generate -o'")
    generated = stack.generate(
        subject,
        receiver=receiver,
        pipeline=pipeline,
        stores=_stores(traces),
        own_rules=stack.own_rules(where),
    )
    written = read_folder(where)
    checks = [
        *coverage(subject, written),
        *structure(written),
        *unchanged(generated, where, stack.left_over(where, generated)),
        *configurations(where, Toolbox(context.obj)),
    ]
    failed = [one for one in checks if one.passed is False]
    if as_json:
        typer.echo(json.dumps(_told(checks), indent=2, ensure_ascii=False))
    else:
        _print(checks)
    if failed:
        raise StageFailedError(f"{len(failed)} of {len(checks)} checks of {where} failed")


def _subject(home: Home, platform: Path | None) -> tuple[Subject, Path]:
    """What is observed, and the repository that its files are in."""
    path = platform or remembered_platform(home)
    if path is None:
        raise UsageError(f"{home.root}: knows no platform yet; name it with --platform")
    described = load_platform(path)
    root = path.resolve().parent / described.repository
    return subject_of(described, root), root


def _stores(traces: list[TraceStore] | None) -> tuple[TraceStore, ...]:
    return tuple(dict.fromkeys(traces)) if traces else stack.DEFAULT_STORES


def _state(check: Check) -> str:
    return {True: "passed", False: "failed", None: "not_run"}[check.passed]


def _told(checks: list[Check]) -> dict[str, object]:
    """``passed`` is null where nothing failed, but not everything could be asked."""
    states = {one.passed for one in checks}
    return {
        "passed": False if False in states else True if states == {True} else None,
        "counts": dict(sorted(Counter(map(_state, checks)).items())),
        "checks": [
            {"kind": one.kind.value, "subject": one.subject, "service": one.service,
             "state": _state(one), "reason": one.reason}
            for one in checks
        ],
    }  # fmt: skip


def _print(checks: list[Check]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for one in checks:
        if one.passed is not True:
            console.print(f"{_state(one)}: {one.kind.value}: {one.subject}: {one.reason}")
    counts = Counter((one.kind.value, _state(one)) for one in checks)
    for (kind, state), count in sorted(counts.items()):
        console.print(f"{count} {kind} {state}")


def register(app: typer.Typer) -> None:
    """Add ``observability`` to the console command."""
    app.add_typer(application, name="observability")
