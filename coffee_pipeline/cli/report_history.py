"""The history that a report is made of, and the platform that it tells of."""

from __future__ import annotations

import typer

from coffee_pipeline.cli.application import described_platform
from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.stages.kept_levels import measured_platforms

IMPORTED = "imported deployments"
"""In place of a platform's name, where none is described and none was delivered."""

_IMPORTED_SERVICES = "select distinct service from deployments order by service"


def reported_services(
    history: HistoryReader, described: Platform | None, platform: str
) -> tuple[str, ...]:
    """The services beside those recorded: the description's, or all that were imported."""
    if described is not None and described.name == platform:
        return described.service_names
    if platform != IMPORTED:
        return ()
    return tuple(str(row["service"]) for row in history.query(_IMPORTED_SERVICES))


def reported_history(
    context: typer.Context, *, levels: bool = False, deployments: bool = False
) -> tuple[Home, HistoryReader, str]:
    """The history, fresh, and the platform whose commits it holds.

    With ``levels``, days of service levels do as well: they are measured without any delivery. With
    ``deployments``, imported ones do: of the described platform, else of no platform in particular.

    Raises:
        ConfigurationError: nothing was delivered (or measured) yet.
    """
    home: Home = context.obj
    history = HistoryReader(home)
    history.refresh()
    rows = history.query(
        "select platform from revisions group by platform order by max(committed_at) desc limit 1"
    )
    measured = measured_platforms(history) if levels else []
    platforms = [*(str(row["platform"]) for row in rows), *measured]
    if deployments and not platforms and history.query(_IMPORTED_SERVICES):
        described = described_platform(home)
        platforms = [described.name if described else IMPORTED]
    if not platforms:
        raise ConfigurationError(
            f"{home.root}: no revision recorded yet; deliver one first, or choose --data-dir"
        )
    return home, history, platforms[0]
