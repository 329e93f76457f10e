"""Sections of the SLO report on where things stand: by scope, by objective, burn rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from coffee_pipeline.dora.intervals import SMALL
from coffee_pipeline.reports.opening import Opener
from coffee_pipeline.reports.page import Cell, Opened, Section, Table, Tone
from coffee_pipeline.reports.slo_figures import burn_down_figure
from coffee_pipeline.reports.slo_small import few_text, joined, of_events, of_time
from coffee_pipeline.reports.slo_sql import of_hours, of_objectives, of_period
from coffee_pipeline.reports.slo_standing import Burn, Standing
from coffee_pipeline.reports.wording import NO_DATA, burn_rate, count, percent, share
from coffee_pipeline.slo.budget import BURN_WINDOWS

SMALL_SCOPE = 3
"""Objectives that are opened one by one where they are counted."""

EMPTY = "no service level recorded yet"
COLUMNS = ("SLO", "Service", "Objective", "Attained", "Good / total", "Budget left", "Covered",
           "Source")  # fmt: skip


def scopes_section(found: Sequence[Standing], platform: str, opener: Opener) -> Section:
    """Platform, teams and services, each with the objectives it answers for."""
    rows, opened = [], []
    for kind, name, group in _scopes(found, platform):
        rows.append(_scope_row(kind, name, group))
        opened.append(tuple(_periods(group, opener)))
    columns = ("Scope", "Name", "Objectives", "With data", "Met", "Overdrawn", "Least budget left")
    return Section(
        "By platform, team and service",
        text=(
            "Objectives are counted, their events are not added up: requests of one service are no "
            "substitute for those of another. A team owns the services it is first owner of."
        ),
        tables=(Table("Who keeps what", columns, tuple(rows), EMPTY, tuple(opened)),),
    )


def _scopes(
    found: Sequence[Standing], platform: str
) -> Iterator[tuple[str, str, Sequence[Standing]]]:
    if not found:
        return
    yield "platform", platform, found
    for team in sorted({one.team or "" for one in found}):
        group = [one for one in found if (one.team or "") == team]
        yield "team", team or "nobody named", group
    for service in sorted({one.service for one in found}):
        yield "service", service, [one for one in found if one.service == service]


def _scope_row(kind: str, name: str, group: Sequence[Standing]) -> tuple[Cell, ...]:
    measured = [one for one in group if one.met is not None]
    met = sum(one.met is True for one in measured)
    lefts = [(one.budget_left, one.slo) for one in measured if one.budget_left is not None]
    overdrawn = sum(left < 0 for left, _ in lefts)
    whole = len(measured) == len(group)
    head = (Cell(kind, Tone.MUTED), Cell(name), Cell(str(len(group)), number=True))
    known = Cell(str(len(measured)), Tone.NEUTRAL if whole else Tone.WARNING, number=True)
    if not measured:
        none = Cell(NO_DATA, Tone.MUTED, number=True)
        return (*head, known, none, none, none)
    lowest = min(lefts, default=None)
    least = Cell(NO_DATA, Tone.MUTED, number=True)
    if lowest is not None:
        tone = Tone.BAD if lowest[0] < 0 else Tone.NEUTRAL
        least = Cell(percent(lowest[0], 1), tone, lowest[1], number=True)
    tone = Tone.BAD if met < len(measured) else (Tone.GOOD if whole else Tone.NEUTRAL)
    return (
        *head,
        known,
        Cell(str(met), tone, number=True),
        Cell(str(overdrawn), Tone.BAD if overdrawn else Tone.NEUTRAL, number=True),
        least,
    )


def _periods(group: Sequence[Standing], opener: Opener) -> Iterator[Opened]:
    """One statement for each objective of a small scope, one or two for all of a larger one."""
    if len(group) <= SMALL_SCOPE:
        for one in group:
            yield opener.open(f"Rows of {one.slo}", of_period(one))
        return
    kept = [one for one in group if one.kept is not None]
    if kept:
        yield opener.open("Objectives measured day by day", of_objectives(kept))
    windows = [one for one in group if one.kept is None]
    if windows:
        yield opener.open("Objectives measured by release", of_objectives(windows))


def objectives_section(found: Sequence[Standing], opener: Opener) -> Section:
    """Every objective: attained, budget, coverage, source."""
    measured = any(one.total for one in found)
    return Section(
        "Objectives",
        text=(
            "Budget left is the share of the allowed bad events (or slices) that is still unused; "
            "below zero it is overdrawn. Covered is the share of the period that has data."
        ),
        figures=(burn_down_figure(found),) if measured else (),
        tables=(
            Table(
                "Attained over the period",
                COLUMNS,
                tuple(objective_row(one) for one in found),
                EMPTY,
                tuple((opener.open("Rows behind these numbers", of_period(one)),) for one in found),
            ),
        ),
    )


def objective_row(one: Standing) -> tuple[Cell, ...]:
    """The cells of :data:`COLUMNS`."""
    head = (
        Cell(one.slo),
        Cell(one.service, detail=one.team or ""),
        Cell(percent(one.objective, 3), detail=one.method, number=True),
    )
    source = Cell(one.source, Tone.MUTED, one.source_detail)
    if one.met is None:
        missing = Cell(NO_DATA, Tone.MUTED, number=True)
        reason = Cell(NO_DATA, Tone.WARNING, one.reason or "", number=True)
        covered = Cell(share(one.covered), Tone.MUTED, number=True)
        return (*head, reason, missing, missing, covered, source)
    left = one.budget_left
    unit = "" if one.unit == "events" else one.unit
    little = of_time(one)
    return (
        *head,
        Cell(percent(one.ratio, 3), Tone.GOOD if one.met else Tone.BAD, number=True),
        Cell(f"{count(one.good)} / {count(one.total)}", detail=joined((unit, of_events(one))),
             number=True),
        Cell(percent(left, 1), Tone.BAD if left is not None and left < 0 else Tone.NEUTRAL,
             number=True),
        Cell(share(one.covered), Tone.WARNING if little else Tone.MUTED,
             joined((one.measured, little)), number=True),
        source,
    )  # fmt: skip


def burning_section(found: Sequence[Standing], opener: Opener) -> Section:
    """Burn rates over the windows of the alerts."""
    heads = tuple(one.name for one in BURN_WINDOWS)
    rows = tuple(
        (Cell(one.slo, detail=one.service), *(_burn_cell(one, name) for name in heads))
        for one in found
    )
    opened = tuple(
        (opener.open("Hours behind these rates", of_hours(one, _longest(one), one.now)),)
        for one in found
    )
    return Section(
        "Burn rates",
        text=(
            "1x uses up the budget exactly by the end of the period. The small print says from "
            "which rate on an alert is due, and how much of the window has data."
        ),
        tables=(Table("By window", ("SLO", *heads), rows, EMPTY, opened),),
    )


def _longest(one: Standing) -> datetime:
    return max(one.now - BURN_WINDOWS[-1].length, one.start)


def _burn_cell(one: Standing, name: str) -> Cell:
    burn: Burn | None = next((each for each in one.burns if each.name == name), None)
    if burn is None:
        return Cell("-", Tone.MUTED, "longer than the period", number=True)
    if burn.rate is None:
        return Cell(NO_DATA, Tone.MUTED, burn.reason or "", number=True)
    tone = Tone.BAD if burn.alarming else Tone.NEUTRAL
    said = f"alert at {burn_rate(Fraction(burn.threshold))}; {share(burn.covered)} covered"
    return Cell(burn_rate(burn.rate), tone, joined((said, few_text(burn.total))), number=True)


def others_section(found: Sequence[Standing], opener: Opener) -> tuple[Section, ...]:
    """Environments before production, if anything was measured there."""
    if not found:
        return ()
    rows = tuple((Cell(one.environment), *objective_row(one)) for one in found)
    opened = tuple((opener.open("Rows behind these numbers", of_period(one)),) for one in found)
    text = "Measured before production, mostly with the pipeline's own requests."
    columns = ("Environment", *COLUMNS)
    table = Table("Attained over the period", columns, rows, EMPTY, opened)
    return (Section("Other environments", text=text, tables=(table,)),)


def definitions_section() -> Section:
    """How the numbers are made."""
    return Section(
        "How these numbers are made",
        notes=(
            "Attained = good / total, added up over the whole period first: events (Occurrences), "
            "slices that reach their target (Timeslices) or ratios of slices (RatioTimeslices), as "
            "the SLO declares.",
            "Error budget = (1 - objective) x total, in a calendar period under way x (total + "
            "what is to come); budget left = 1 - bad / budget.",
            "Burn rate = (1 - attained) / (1 - objective). Thresholds: share of the budget x "
            "period / window.",
            f"Fewer than {SMALL} events or slices are a small number: one more bad one changes the "
            "ratio by percents. A budget below 1 is overdrawn by a single bad one.",
            "A minute without data is a gap: neither good nor bad, it lowers what is covered.",
            "Measurements of releases: one counts in a window when it lies wholly inside; "
            "overlapping ones of one revision count once. Their period is 28 days.",
            "Forecast: each day's burn rate of the last 28 days is a draw of one distribution; 80 "
            "% prediction interval by Student's t.",
            "Source: Google, The Site Reliability Workbook, chapters 2 and 5. The objectives are "
            "OpenSLO v1 or sloth documents of the platform, as they were on the day measured.",
            "source prometheus: increase() of Prometheus, which extrapolates to the edges of the "
            "window and so gives fractions of events; source scrape: rises between the pipeline's "
            "own scrapes, without extrapolation; api and recorded: minutes kept in the history.",
        ),
    )
