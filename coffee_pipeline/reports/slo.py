"""The SLO report: where every objective stands, when and by what its budget burnt, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.source import Revision
from coffee_pipeline.reports.opening import Opener, opening
from coffee_pipeline.reports.page import Page, Section, Tile, Tone
from coffee_pipeline.reports.slo_course import history_section, hours_section, releases_section
from coffee_pipeline.reports.slo_now import (
    burning_section,
    definitions_section,
    objectives_section,
    others_section,
    scopes_section,
)
from coffee_pipeline.reports.slo_objectives import PERIOD, objective_reports
from coffee_pipeline.reports.slo_outlook import methods_section, outlook_section
from coffee_pipeline.reports.slo_standing import Standing, standings
from coffee_pipeline.reports.wording import NO_DATA, burn_rate, moment, percent, plural
from coffee_pipeline.stages.kept_levels import kept_objectives

_EMPTY = "no service level recorded yet"
HISTORY_DAYS = 30


@dataclass(frozen=True)
class LevelFacts:
    """All that the report is made of: objectives, deployments and commits, until ``now``."""

    platform: str
    environment: str
    now: datetime
    days: int
    objectives: tuple[Standing, ...]
    others: tuple[Standing, ...]
    deployments: tuple[Deployment, ...]
    subjects: Mapping[str, str]


def level_facts(
    history: HistoryReader,
    platform: str,
    now: datetime,
    environment: str = "production",
    days: int = HISTORY_DAYS,
    teams: Mapping[str, str] | None = None,
    service: str | None = None,
) -> LevelFacts:
    """What the history knew of service levels at ``now``, from its samples and measurements.

    Nothing else is asked: a report of last quarter needs no metrics API. ``service``: only its
    objectives.

    Raises:
        HistoryError: the history cannot be read.
    """
    levels = history.records(
        ServiceLevel,
        "window_end > ? and window_end <= ? and service in "
        "(select service from service_revisions where platform = ?) and service = "
        "coalesce(?, service) order by window_end, slo",
        (now - PERIOD, now, platform, service),
    )
    kept = kept_objectives(history, platform, now, days, service)
    found = standings(kept, objective_reports(levels, now), now, teams or {})
    since = min((one.start for one in found), default=now - timedelta(days=days))
    deployments = history.records(
        Deployment,
        "environment = ? and started_at <= ? and (finished_at >= ? or deployment_id in (select "
        "arg_max(deployment_id, started_at) from deployments where finished_at < ? and "
        "environment = ? group by service))",
        (environment, now, since, since, environment),
    )
    commits = history.records(Revision, "platform = ?", (platform,))
    return LevelFacts(
        platform=platform,
        environment=environment,
        now=now,
        days=days,
        objectives=tuple(one for one in found if one.environment == environment),
        others=tuple(one for one in found if one.environment != environment),
        deployments=tuple(deployments),
        subjects={one.revision: one.subject for one in commits},
    )


def slo_page(
    history: HistoryReader,
    platform_name: str,
    now: datetime,
    environment: str = "production",
    days: int = HISTORY_DAYS,
    teams: Mapping[str, str] | None = None,
    service: str | None = None,
) -> Page:
    """The report as of ``now``; ``days`` is how far its daily history goes back.

    Other environments than ``environment`` have a table of their own and count in nothing else.
    ``teams`` names the owner of a service whose days do not say it. ``service``: only its
    objectives.

    Raises:
        HistoryError: the history cannot be read.
    """
    facts = level_facts(history, platform_name, now, environment, days, teams, service)
    found = facts.objectives
    with opening(history) as opener:
        return Page(
            title=f"Service level objectives of {service or platform_name}",
            subtitle=(
                f"As of {moment(now)} UTC, in {environment}, from recorded samples and "
                "measurements alone. What was not measured is shown as no data, never as 100 %."
            ),
            generated_at=now,
            sections=(
                _overview(found),
                scopes_section(found, platform_name, opener),
                objectives_section(found, opener),
                *methods_section(found, opener),
                burning_section(found, opener),
                *outlook_section(found, opener),
                *_course(facts, opener),
                *others_section(facts.others, opener),
                definitions_section(),
            ),
            numbers=_numbers(found),
        )


def _course(facts: LevelFacts, opener: Opener) -> tuple[Section, ...]:
    return (
        history_section(facts.objectives, facts.days, opener),
        hours_section(facts.objectives, opener),
        releases_section(facts.objectives, facts.deployments, facts.subjects, opener),
    )


def _overview(objectives: Sequence[Standing]) -> Section:
    if not objectives:
        none = Tile("Measured", NO_DATA, _EMPTY, Tone.MUTED)
        return Section("Overview", tiles=(none,))
    measured = [one for one in objectives if one.met is not None]
    met = [one for one in measured if one.met]
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
        tiles += _extremes(measured)
    text = "Counted over the objectives below; each opens to its rows there."
    return Section("Overview", text=text, tiles=tuple(tiles))


def _extremes(measured: Sequence[Standing]) -> list[Tile]:
    tiles = []
    budgets = [(one.budget_left, one) for one in measured if one.budget_left is not None]
    if budgets:
        left, lowest = min(budgets, key=lambda pair: pair[0])
        tone = Tone.BAD if left < 0 else (Tone.WARNING if left < Fraction(1, 4) else Tone.GOOD)
        tiles.append(Tile("Least budget left", percent(left, 1), lowest.slo, tone))
    burning = [(one.fastest, one) for one in measured]
    known = [(burn, one) for burn, one in burning if burn is not None and burn.rate is not None]
    if known:
        burn, one = max(known, key=lambda pair: (pair[0].rate or 0) / pair[0].threshold)
        tone = Tone.BAD if burn.alarming else Tone.NEUTRAL
        tiles.append(Tile("Fastest burn", burn_rate(burn.rate), f"{one.slo}, {burn.name}", tone))
    return tiles


def _numbers(objectives: Sequence[Standing]) -> dict[str, float | int | str]:
    numbers: dict[str, float | int | str] = {
        "objectives": len(objectives),
        "objectives measured": sum(one.met is not None for one in objectives),
        "objectives met": sum(one.met is True for one in objectives),
    }
    for one in objectives:
        ratio, left = one.ratio, one.budget_left
        numbers[f"{one.slo} attained"] = NO_DATA if ratio is None else float(ratio)
        numbers[f"{one.slo} budget left"] = NO_DATA if left is None else float(left)
    return numbers
