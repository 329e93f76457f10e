"""The SLO report as plain values for JSON: every number with the statement that gives its rows.

Objectives that are counted together have a statement for those measured day by day, and one for
those measured by release. ``small_number``: taken over fewer than 30 events or slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.reports.slo import LevelFacts
from coffee_pipeline.reports.slo_hours import Stretch, days_of, worst_hours
from coffee_pipeline.reports.slo_releases import Burnt, burnt_by
from coffee_pipeline.reports.slo_small import few
from coffee_pipeline.reports.slo_sql import (
    of_days,
    of_deployments,
    of_hours,
    of_objectives,
    of_period,
    of_stretch,
)
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.reports.slo_status import decimal, plain

WORST = 10


def slo_document(facts: LevelFacts) -> dict[str, object]:
    """The whole report. Ratios and shares are 0..1, times RFC 3339 in UTC, null is no data."""
    found = facts.objectives
    return {
        "platform": facts.platform,
        "environment": facts.environment,
        "at": _moment(facts.now),
        "days": facts.days,
        "objectives": [_objective(one, facts.days) for one in found],
        "other_environments": [_standing(one) for one in facts.others],
        "teams": _counts(found, [one.team for one in found]),
        "services": _counts(found, [one.service for one in found]),
        "worst_hours": [
            {
                **_name(one),
                **_stretch(each),
                "budget_share": decimal(burnt),
                "sql": of_stretch(one, each.start, each.end),
            }
            for burnt, one, each in worst_hours(found, WORST)
        ],
        "releases": [_release(each) for each in burnt_by(found, facts.deployments)],
    }


def _objective(one: Standing, days: int) -> dict[str, object]:
    history = days_of(one, days)
    return {
        **_standing(one),
        "status": None if one.kept is None else plain(one.kept.status),
        "history": {
            "days": [_stretch(each) for each in history],
            "sql": of_days(one, history[0].start, one.now),
        },
    }


def _standing(one: Standing) -> dict[str, object]:
    return {
        **_name(one),
        "environment": one.environment,
        "team": one.team,
        "objective": decimal(one.objective),
        "method": one.method,
        "unit": one.unit,
        "period_start": _moment(one.start),
        "met": one.met,
        "good": decimal(one.good),
        "total": decimal(one.total),
        "ratio": decimal(one.ratio),
        "budget": decimal(one.budget),
        "budget_left": decimal(one.budget_left),
        "small_number": few(one.total),
        "covered": decimal(one.covered),
        "reason": one.reason,
        "source": one.source,
        "burn_rates": [
            {
                "window": each.name,
                "threshold": decimal(each.threshold),
                "burn_rate": decimal(each.rate),
                "total": decimal(each.total),
                "small_number": few(each.total),
                "covered": decimal(each.covered),
                "reason": each.reason,
            }
            for each in one.burns
        ],
        "sql": of_period(one),
    }


def _counts(found: Sequence[Standing], names: Sequence[str | None]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for name in sorted(set(names), key=lambda one: one or ""):
        group = [one for one, own in zip(found, names, strict=True) if own == name]
        lefts = [one.budget_left for one in group if one.budget_left is not None]
        made.append(
            {
                "name": name,
                "objectives": len(group),
                "measured": sum(one.met is not None for one in group),
                "met": sum(one.met is True for one in group),
                "overdrawn": sum(left < 0 for left in lefts),
                "least_budget_left": decimal(min(lefts, default=None)),
                "sql": [
                    of_objectives(alike)
                    for alike in (
                        [one for one in group if one.kept is not None],
                        [one for one in group if one.kept is None],
                    )
                    if alike
                ],
            }
        )
    return made


def _release(each: Burnt) -> dict[str, object]:
    return {
        **_name(each.standing),
        "revision": each.revision,
        "outcome": each.outcome,
        "start": _moment(each.start),
        "end": _moment(each.end),
        "bad": decimal(each.bad),
        "total": decimal(each.total),
        "small_number": few(each.total),
        "budget_share": decimal(each.share),
        "burn_rate": decimal(each.rate),
        "sql": of_hours(each.standing, each.start, each.end),
        "deployments_sql": of_deployments(each.standing, each.start, each.end),
    }


def _stretch(each: Stretch) -> dict[str, object]:
    return {
        "start": _moment(each.start),
        "end": _moment(each.end),
        "good": decimal(each.good),
        "total": decimal(each.total),
        "ratio": decimal(each.ratio),
        "small_number": few(each.total),
        "covered": decimal(each.covered),
    }


def _name(one: Standing) -> dict[str, object]:
    return {"service": one.service, "slo": one.slo}


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
