"""What ``slo status`` without files prints: where every objective of the history stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

import typer
from rich.console import Console
from rich.table import Table

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.reports.slo_objectives import PERIOD
from coffee_pipeline.reports.slo_standing import Standing, recorded_standings
from coffee_pipeline.reports.slo_status import decimal, exhaustion, plain
from coffee_pipeline.reports.wording import NO_DATA, burn_rate, percent, share


def show_recorded(home: Home, now: datetime, *, as_json: bool) -> None:
    """Print where every objective stands: measured day by day, else over the last releases.

    Raises:
        HistoryError: the history cannot be read.
    """
    history = HistoryReader(home)
    history.refresh()
    found = recorded_standings(history, now)
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in found], indent=2, ensure_ascii=False))
        return
    console = Console()
    console.print(_table(found) if found else "no service level recorded yet")
    for one in found:
        if one.reason:
            said = f"{one.environment} {one.service} {one.slo}: {one.reason}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)


def _table(found: list[Standing]) -> Table:
    table = Table(
        "environment", "service", "SLO", "objective", "attained", "budget left", "burn", "alerts",
        "exhausted", "covered",
    )  # fmt: skip
    for one in found:
        table.add_row(
            one.environment,
            one.service,
            one.slo,
            percent(one.objective, 3),
            percent(one.ratio, 3),
            NO_DATA if one.budget_left is None else percent(one.budget_left, 1),
            burn_rate(_burn(one)),
            ", ".join(sorted(set(_firing(one)))) or "-",
            exhaustion(one.kept.status if one.kept else None),
            f"{share(one.covered)} ({one.measured})",
        )
    return table


def _firing(one: Standing) -> Iterator[str]:
    if one.kept is not None:
        yield from (each.window.severity for each in one.kept.status.burning if each.firing)


def _burn(one: Standing) -> Fraction | None:
    if one.kept is not None:
        return one.kept.status.headline.burn_rate
    return one.windows.period.burn_rate if one.windows is not None else None


def _plain(one: Standing) -> dict[str, object]:
    """One objective. ``status`` is all that ``slo status FILE`` says; null where no day is kept."""
    kept, windows = one.kept, one.windows
    period = kept.status.end - kept.status.start if kept is not None else PERIOD
    return {
        "environment": one.environment,
        "service": one.service,
        "team": one.team,
        "slo": one.slo,
        "objective": decimal(one.objective),
        "period_days": period / timedelta(days=1),
        "method": one.method,
        "unit": one.unit,
        "met": one.met,
        "good": decimal(one.good),
        "total": decimal(one.total),
        "ratio": decimal(one.ratio),
        "budget_left": decimal(one.budget_left),
        "burn_rate": decimal(_burn(one)),
        "covered": decimal(one.covered),
        "measured": one.measured,
        "measurements": windows.period.measurements if windows is not None else None,
        "reason": one.reason,
        "burn_rates": [
            {
                "window": each.name,
                "threshold": decimal(each.threshold),
                "burn_rate": decimal(each.rate),
                "reason": each.reason,
            }
            for each in one.burns
        ],
        "status": plain(kept.status) if kept is not None else None,
    }
