"""``coffee-pipeline``: the console command. Exit codes: 0 done, 1 a gate or rollout failed,
2 bad usage or configuration, 3 a tool or the environment failed, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coffee_pipeline.errors import EnvironmentFailedError, PipelineError
from coffee_pipeline.home import Home

INTERRUPTED = 130

COMMANDS = {
    "demo": "demo",
    "init": "init",
    "listen": "listen",
    "run": "run",
    "slo": "slo",
    "up": "up",
    "status": "status",
    "environment": "environment",
    "rollback": "environment",
    "report": "report",
    "sql": "history",
    "schema": "history",
    "doctor": "doctor",
    "ingest": "ingest",
    "inbox": "inbox",
    "fetch": "fetch",
    "incidents": "incidents",
    "parsers": "parsers",
    "deployments": "deployments",
    "observability": "observability",
    "traces": "traces",
    "metrics": "metrics",
}
"""Every command, in the order of ``--help``, and the module of this package that has it."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("coffee-pipeline"))
        raise typer.Exit


def options(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            envvar="COFFEE_HOME",
            help="Where all state lies: history, artifacts, Dagster's storage. Default: .coffee",
        ),
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every command."""
    context.obj = Home.locate(data_dir)


def application(words: Iterable[str]) -> typer.Typer:
    """The console command with those of its commands that ``words`` name; all when none is named.

    A command line names one, and loading the others would take longer than many commands work.
    """
    named = [COMMANDS[word] for word in words if word in COMMANDS]
    app = typer.Typer(
        name="coffee-pipeline",
        help="Deliver Go microservices: build, test, scan, measure, roll out - and query the "
        "history.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for module in dict.fromkeys(named or COMMANDS.values()):
        import_module(f"coffee_pipeline.cli.{module}").register(app)
    return app


def main() -> None:
    """Run the command; every deliberate error becomes one line and its exit code."""
    console = Console(stderr=True)
    try:
        completing = any(name.endswith("_COMPLETE") for name in os.environ)
        application(() if completing else sys.argv[1:])(standalone_mode=True)
    except PipelineError as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what Typer makes of Ctrl-C
            console.print("interrupted: what was committed is kept, nothing is left running")
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EMFILE):
            raise
        console.print(f"error: {error.filename or 'data directory'}: {error.strerror}")
        sys.exit(EnvironmentFailedError.exit_code)


if __name__ == "__main__":
    main()
