"""Sections of the SLO report on the course of things: days, worst hours, releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.reports.opening import Opener
from coffee_pipeline.reports.page import Cell, Section, Table, Tone
from coffee_pipeline.reports.slo_figures import days_figure
from coffee_pipeline.reports.slo_hours import Stretch, days_of, worst_hours
from coffee_pipeline.reports.slo_releases import Burnt, burnt_by
from coffee_pipeline.reports.slo_small import few, few_text, joined
from coffee_pipeline.reports.slo_sql import of_days, of_deployments, of_hours, of_stretch
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.reports.wording import (
    NO_DATA,
    burn_rate,
    count,
    moment,
    percent,
    share,
    short,
)

WORST = 10
RELEASES = 50


def history_section(found: Sequence[Standing], days: int, opener: Opener) -> Section:
    """Day by day: which days kept the objective, which missed it, which are not known."""
    measured = [(one, days_of(one, days)) for one in found]
    known = [(one, each) for one, each in measured if any(day.total for day in each)]
    rows = tuple(_days_row(one, each) for one, each in measured)
    opened = tuple(
        (opener.open("Day by day", of_days(one, each[0].start, one.now)),) for one, each in measured
    )
    columns = ("SLO", "Days with data", "Kept", "Missed", "Worst day", "Attained then")
    return Section(
        f"The last {days} days",
        text="Days in UTC, today in part. A day without data is a gap, not a good day.",
        figures=(days_figure(known),) if known else (),
        tables=(Table("Days", columns, rows, "no service level recorded yet", opened),),
    )


def _days_row(one: Standing, days: Sequence[Stretch]) -> tuple[Cell, ...]:
    head = Cell(one.slo, detail=one.service)
    known = [(each.ratio, each) for each in days if each.ratio is not None]
    whole = len(known) == len(days)
    small = sum(few(each.total) for _, each in known)
    seen = Cell(
        f"{len(known)} of {len(days)}",
        Tone.NEUTRAL if whole else Tone.WARNING,
        f"{small} with a small number of {one.unit}" if small else "",
        number=True,
    )
    if not known:
        none = Cell(NO_DATA, Tone.MUTED, number=True)
        return (head, seen, none, none, Cell(NO_DATA, Tone.MUTED), none)
    missed = sum(ratio < one.objective for ratio, _ in known)
    ratio, worst = min(known, key=lambda pair: pair[0])
    return (
        head,
        seen,
        Cell(str(len(known) - missed), number=True),
        Cell(str(missed), Tone.BAD if missed else Tone.NEUTRAL, number=True),
        Cell(f"{worst.start:%Y-%m-%d}"),
        Cell(percent(ratio, 3), Tone.BAD if ratio < one.objective else Tone.NEUTRAL,
             f"{count(worst.bad)} of {count(worst.total)} {one.unit} bad", True),
    )  # fmt: skip


def hours_section(found: Sequence[Standing], opener: Opener) -> Section:
    """The hours that burnt the largest share of their objective's budget."""
    worst = worst_hours(found, WORST)
    rows = tuple(
        (
            Cell(f"{moment(each.start)}"),
            Cell(one.slo, detail=one.service),
            Cell(
                f"{count(each.bad)} / {count(each.total)}",
                detail=_detail(one, each.total),
                number=True,
            ),
            Cell(percent(each.ratio, 3), number=True),
            Cell(share(burnt), Tone.BAD if burnt >= 1 else Tone.NEUTRAL, number=True),
            Cell(share(each.covered), Tone.MUTED, number=True),
        )
        for burnt, one, each in worst
    )
    opened = tuple(
        (opener.open("Steps of this hour", of_stretch(one, each.start, each.end)),)
        for _, one, each in worst
    )
    columns = ("Hour (UTC)", "SLO", "Bad / total", "Attained", "Of the budget", "Covered")
    empty = "nothing bad was measured" if any(one.total for one in found) else NO_DATA
    return Section(
        "Worst hours",
        text="By the share of the period's budget that went in the hour.",
        tables=(Table("Most first", columns, rows, empty, opened),),
    )


def releases_section(
    found: Sequence[Standing],
    deployments: Sequence[Deployment],
    subjects: Mapping[str, str],
    opener: Opener,
) -> Section:
    """Which release ran while the budget burnt."""
    burnt = burnt_by(found, deployments)[:RELEASES]
    rows = tuple(_release_row(each, subjects) for each in burnt)
    opened = tuple(
        (
            opener.open("Hours while it ran", of_hours(each.standing, each.start, each.end)),
            opener.open("Its deployment", of_deployments(each.standing, each.start, each.end)),
        )
        for each in burnt
    )
    columns = ("Release", "SLO", "Ran (UTC)", "Bad / total", "Attained", "Of the budget", "Burn")
    empty = "no bad event was measured" if any(one.total for one in found) else NO_DATA
    return Section(
        "Releases that burnt budget",
        text=(
            "Bad events while a release ran, most of the period's budget first. It ran at the "
            "time; that it was the cause, its analysis has to show. Minutes in which one release "
            "follows another count for both."
        ),
        tables=(Table("By release", columns, rows, empty, opened),),
    )


def _release_row(each: Burnt, subjects: Mapping[str, str]) -> tuple[Cell, ...]:
    subject = subjects.get(each.revision or "", "")
    outcome = each.outcome.replace("_", " ")
    return (
        Cell(short(each.revision), detail=subject),
        Cell(each.standing.slo, detail=each.standing.service),
        Cell(f"{moment(each.start)} to {moment(each.end)}", Tone.MUTED, outcome),
        Cell(
            f"{count(each.bad)} / {count(each.total)}",
            detail=_detail(each.standing, each.total),
            number=True,
        ),
        Cell(percent(1 - each.bad / each.total, 3), number=True),
        Cell(share(each.share), Tone.BAD if each.share >= 1 else Tone.NEUTRAL, number=True),
        Cell(burn_rate(each.rate), number=True),
    )


def _detail(one: Standing, total: Fraction | None) -> str:
    return joined(("" if one.unit == "events" else one.unit, few_text(total)))
