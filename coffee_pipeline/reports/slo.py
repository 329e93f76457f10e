"""The SLO report: attained, error budget left and burn rates per objective, as far as data goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.source import Revision
from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tile, Tone
from coffee_pipeline.reports.slo_figures import burn_down
from coffee_pipeline.reports.slo_objectives import PERIOD, ObjectiveReport, objective_reports
from coffee_pipeline.reports.wording import (
    NO_DATA,
    burn_rate,
    count,
    moment,
    percent,
    plural,
    share,
    short,
)
from coffee_pipeline.slo.budget import (
    BURN_WINDOWS,
    METHOD,
    Attainment,
    BurnWindow,
    exact,
    without_overlap,
)

_EMPTY = "no service level recorded yet"
_COLUMNS = ("SLO", "Service", "Objective", "Attained", "Good / total", "Budget left", "Covered",
            "Source")  # fmt: skip


def slo_page(
    history: HistoryReader, platform_name: str, now: datetime, environment: str = "production"
) -> Page:
    """The report over the last 28 days before ``now``, from the service levels recorded.

    Other environments than ``environment`` have a table of their own and count in nothing else.

    Raises:
        HistoryError: the history cannot be read.
    """
    levels = history.records(
        ServiceLevel,
        "window_end > ? and window_end <= ? and service in "
        "(select service from service_revisions where platform = ?) order by window_end, slo",
        (now - PERIOD, now, platform_name),
    )
    commits = history.records(Revision, "platform = ?", (platform_name,))
    subjects = {one.revision: one.subject for one in commits}
    everywhere = objective_reports(levels, now)
    objectives = [one for one in everywhere if one.environment == environment]
    others = [one for one in everywhere if one.environment != environment]
    return Page(
        title=f"Service level objectives of {platform_name}",
        subtitle=(
            f"Rolling {PERIOD.days} days until {moment(now)} UTC, in {environment}. Method: "
            f"{METHOD}. What was not measured is shown as no data, never as 100 %."
        ),
        generated_at=now,
        sections=(
            _overview(objectives),
            _objectives(objectives),
            _burning(objectives),
            _releases(objectives, subjects),
            *_other_environments(others),
            _definitions(),
        ),
        numbers=_numbers(objectives),
    )


def _overview(objectives: Sequence[ObjectiveReport]) -> Section:
    if not objectives:
        none = Tile("Measured", NO_DATA, _EMPTY, Tone.MUTED)
        return Section("Overview", tiles=(none,))
    measured = [one for one in objectives if one.met is not None]
    met = [one for one in measured if one.met]
    lowest = min(measured, key=_budget_left, default=None)
    fastest = max(measured, key=_fastest_burn, default=None)
    everything = len(measured) == len(objectives)
    tiles = [
        Tile(
            "Measured",
            f"{len(measured)} of {len(objectives)}",
            plural(len(objectives) - len(measured), "objective") + " without data",
            Tone.NEUTRAL if everything else Tone.WARNING,
        )
    ]
    if measured:
        all_met = len(met) == len(measured)
        tone = Tone.BAD if not all_met else (Tone.GOOD if everything else Tone.WARNING)
        tiles.append(Tile("Met", f"{len(met)} of {len(measured)}", "of those with data", tone))
    if lowest is not None:
        left = _budget_left(lowest)
        tone = Tone.BAD if left < 0 else (Tone.WARNING if left < Fraction(1, 4) else Tone.GOOD)
        tiles.append(Tile("Least budget left", percent(left, 1), lowest.slo, tone))
    if fastest is not None and _fastest_burn(fastest) >= 0:
        window, burn = _fastest(fastest)
        alarming = burn >= window.threshold
        tone = Tone.BAD if alarming else Tone.NEUTRAL
        tiles.append(Tile("Fastest burn", burn_rate(burn), f"{fastest.slo}, {window.name}", tone))
    return Section("Overview", tiles=tuple(tiles))


def _budget_left(one: ObjectiveReport) -> Fraction:
    left = one.period.budget_left
    return Fraction(1) if left is None else left


def _fastest(one: ObjectiveReport) -> tuple[BurnWindow, Fraction]:
    """The window whose burn rate is the largest share of its own threshold."""
    rates = [(w, found.burn_rate) for w, found in one.burns if found.burn_rate is not None]
    return max(rates, key=lambda pair: pair[1] / pair[0].threshold)


def _fastest_burn(one: ObjectiveReport) -> Fraction:
    if all(found.burn_rate is None for _, found in one.burns):
        return Fraction(-1)
    window, rate = _fastest(one)
    return rate / window.threshold


def _objectives(objectives: Sequence[ObjectiveReport]) -> Section:
    rows = tuple(_objective_row(one) for one in objectives)
    return Section(
        "Objectives",
        text=(
            "Budget left is the share of the allowed bad events that is still unused; below zero "
            "it is overdrawn. Covered is the share of the 28 days that measurements cover."
        ),
        figures=(burn_down(objectives),) if any(one.period.total for one in objectives) else (),
        tables=(
            Table("Attained over the period", _COLUMNS, rows, "no service level recorded yet"),
        ),
    )


def _objective_row(one: ObjectiveReport) -> tuple[Cell, ...]:
    found = one.period
    head = (Cell(one.slo), Cell(one.service), Cell(percent(one.objective, 3), number=True))
    if one.met is None:
        missing = Cell(NO_DATA, Tone.MUTED, number=True)
        reason = Cell(NO_DATA, Tone.WARNING, found.reason or "", number=True)
        return (*head, reason, missing, missing, Cell("0 %", Tone.MUTED, number=True), _source(one))
    left = found.budget_left
    tone = Tone.GOOD if one.met else Tone.BAD
    return (
        *head,
        Cell(percent(found.ratio, 3), tone, number=True),
        Cell(f"{count(found.good)} / {count(found.total)}", number=True),
        Cell(percent(left, 1), Tone.BAD if left is not None and left < 0 else Tone.NEUTRAL,
             number=True),
        Cell(_coverage(found.covered), Tone.MUTED, plural(found.measurements, "measurement"),
             number=True),
        _source(one),
    )  # fmt: skip


def _source(one: ObjectiveReport) -> Cell:
    sources = sorted({level.source for level in one.levels})
    revisions = {level.revision for level in one.levels}
    return Cell(", ".join(sources), Tone.MUTED, plural(len(revisions), "revision"))


def _coverage(covered: Fraction) -> str:
    return share(covered)


def _burning(objectives: Sequence[ObjectiveReport]) -> Section:
    heads = tuple(f"{one.name} (alert at {burn_rate(one.threshold)})" for one in BURN_WINDOWS)
    rows = tuple(
        (Cell(one.slo), *(_burn_cell(window, found) for window, found in one.burns))
        for one in objectives
    )
    return Section(
        "Burn rates",
        text=(
            "1x uses up the budget exactly by the end of the period. The small print says how much "
            "of the window is covered by measurements."
        ),
        tables=(Table("By window", ("SLO", *heads), rows, _EMPTY),),
    )


def _burn_cell(window: BurnWindow, found: Attainment) -> Cell:
    rate = found.burn_rate
    if rate is None:
        return Cell(NO_DATA, Tone.MUTED, found.reason or "", number=True)
    tone = Tone.BAD if rate >= window.threshold else Tone.NEUTRAL
    return Cell(burn_rate(rate), tone, f"{_coverage(found.covered)} covered", number=True)


def _releases(objectives: Sequence[ObjectiveReport], subjects: Mapping[str, str]) -> Section:
    burnt: list[tuple[Fraction, tuple[Cell, ...]]] = []
    for one in objectives:
        for revision, levels in sorted(_by_revision(one).items()):
            row = _release_row(one, revision, levels, subjects)
            if row is not None:
                burnt.append(row)
    burnt.sort(key=lambda pair: pair[0], reverse=True)
    columns = ("Release", "SLO", "Measured", "Bad / total", "Attained", "Of the budget", "Burn")
    return Section(
        "Releases that burnt budget",
        text="Bad events by the revision that answered, most of the period's budget first.",
        tables=(
            Table(
                "By release",
                columns,
                tuple(row for _, row in burnt),
                "no bad event was measured" if any(o.period.total for o in objectives) else NO_DATA,
            ),
        ),
    )


def _by_revision(one: ObjectiveReport) -> dict[str, list[ServiceLevel]]:
    groups: dict[str, list[ServiceLevel]] = defaultdict(list)
    for level in without_overlap(
        each for each in one.levels if each.total and each.good is not None
    ):
        groups[level.revision].append(level)
    return groups


def _release_row(
    one: ObjectiveReport,
    revision: str,
    levels: Sequence[ServiceLevel],
    subjects: Mapping[str, str],
) -> tuple[Fraction, tuple[Cell, ...]] | None:
    good = sum((exact(level.good or 0.0) for level in levels), Fraction(0))
    total = sum((exact(level.total or 0.0) for level in levels), Fraction(0))
    bad, budget = total - good, one.period.error_budget
    if bad <= 0 or not budget:
        return None
    rate = bad / total / (1 - one.period.objective)
    last = max(level.window_end for level in levels)
    burnt = bad / budget
    return burnt, (
        Cell(short(revision), detail=subjects.get(revision, "")),
        Cell(one.slo),
        Cell(moment(last), Tone.MUTED),
        Cell(f"{count(bad)} / {count(total)}", number=True),
        Cell(percent(1 - bad / total, 3), number=True),
        Cell(share(burnt), Tone.BAD if burnt >= 1 else Tone.NEUTRAL, number=True),
        Cell(burn_rate(rate), number=True),
    )


def _other_environments(objectives: Sequence[ObjectiveReport]) -> tuple[Section, ...]:
    if not objectives:
        return ()
    rows = tuple((Cell(one.environment), *_objective_row(one)) for one in objectives)
    text = "Measured before production, mostly with the pipeline's own requests."
    return (
        Section(
            "Other environments",
            text=text,
            tables=(Table("Attained over the period", ("Environment", *_COLUMNS), rows),),
        ),
    )


def _definitions() -> Section:
    return Section(
        "How these numbers are made",
        notes=(
            "Attained = good events / total events, added up over all measurements first.",
            "Error budget = (1 - objective) x total events; budget left = 1 - bad events / budget.",
            "Burn rate = (1 - attained) / (1 - objective); alert thresholds for 30 days.",
            "A measurement counts in a window when it lies wholly inside; overlapping ones of one "
            "revision count once.",
            "Source: Google, The Site Reliability Workbook, chapter 5, Alerting on SLOs. The "
            "objectives are OpenSLO v1 documents of the platform.",
            "source prometheus: increase() of Prometheus, which extrapolates to the edges of the "
            "window and so gives fractions of events; source scrape: rises between the pipeline's "
            "own scrapes, without extrapolation.",
        ),
    )


def _numbers(objectives: Sequence[ObjectiveReport]) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "objectives": len(objectives),
        "objectives measured": sum(one.met is not None for one in objectives),
        "objectives met": sum(one.met is True for one in objectives),
    }
    for one in objectives:
        ratio, left = one.period.ratio, one.period.budget_left
        numbers[f"{one.slo} attained"] = NO_DATA if ratio is None else float(ratio)
        numbers[f"{one.slo} budget left"] = NO_DATA if left is None else float(left)
    return numbers
