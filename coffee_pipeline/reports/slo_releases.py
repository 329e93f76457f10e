"""The releases that burnt the budget: deployments whose window overlaps with bad events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.slo.budget import exact, without_overlap
from coffee_pipeline.stages.recorded_levels import STEP

UNDONE = frozenset({"rolled_back", "failed"})
"""Outcomes after which the release does not run any longer."""


@dataclass(frozen=True)
class Burnt:
    """What one release burnt of one objective's budget while it ran, ``start`` to ``end``."""

    standing: Standing
    revision: str | None
    outcome: str
    start: datetime
    end: datetime
    bad: Fraction
    total: Fraction
    share: Fraction

    @property
    def rate(self) -> Fraction:
        """Burn rate over the release's window."""
        return self.bad / self.total / (1 - self.standing.objective)


def burnt_by(found: Sequence[Standing], deployments: Sequence[Deployment]) -> list[Burnt]:
    """Every release that has bad events in its window, the largest share of a budget first."""
    burnt: list[Burnt] = []
    for one in found:
        if one.budget:
            burnt += _of_revisions(one) if one.kept is None else _of_deployments(one, deployments)
    return sorted(burnt, key=lambda each: (-each.share, each.start))


def _of_deployments(one: Standing, deployments: Sequence[Deployment]) -> list[Burnt]:
    """A release runs from its deployment's start to the next one's; one that was undone, to its
    end, and then the one before it runs again. Minutes at the borders count whole.
    """
    own = sorted(
        (each for each in deployments
         if (each.environment, each.service) == (one.environment, one.service)),
        key=lambda each: (each.started_at, each.deployment_id),
    )  # fmt: skip
    windows: list[tuple[str | None, str, datetime, datetime]] = []
    if not own or own[0].started_at > one.start:
        first = own[0].started_at if own else one.now
        before = own[0].previous_revision if own else None
        windows.append((before, "before the first deployment known", one.start, first))
    for index, each in enumerate(own):
        following = own[index + 1].started_at if index + 1 < len(own) else one.now
        end = min(each.finished_at, following) if each.outcome in UNDONE else following
        windows.append((each.revision, each.outcome, each.started_at, end))
        if end < following:
            windows.append((each.previous_revision, "running again", end, following))
    return [
        made
        for revision, outcome, start, end in windows
        if (made := _window(one, revision, outcome, start, end)) is not None
    ]


def _window(
    one: Standing, revision: str | None, outcome: str, start: datetime, end: datetime
) -> Burnt | None:
    assert one.kept is not None
    # Slices longer than a minute may begin before the release did: they count whole, too.
    step = max(STEP, one.kept.calculation.slices.length if one.unit == "slices" else STEP)
    first = max(_border(start, step, up=False), one.start)
    last = min(_border(end, step, up=True), one.now)
    if first >= last:
        return None
    found = one.kept.calculation.attained(first, last)
    bad = found.total - found.good
    if bad <= 0 or not one.budget:
        return None
    return Burnt(one, revision, outcome, first, last, bad, found.total, bad / one.budget)


def _border(moment: datetime, step: int, *, up: bool) -> datetime:
    rest = timedelta(seconds=moment.timestamp() % step)
    if not rest:
        return moment
    return moment - rest + (timedelta(seconds=step) if up else timedelta(0))


def _of_revisions(one: Standing) -> list[Burnt]:
    """Measurements name the revision that answered."""
    groups: dict[str, list[ServiceLevel]] = defaultdict(list)
    levels = one.windows.levels if one.windows is not None else ()
    for level in without_overlap(each for each in levels if each.total and each.good is not None):
        groups[level.revision].append(level)
    made = []
    for revision, group in sorted(groups.items()):
        good = sum((exact(each.good or 0.0) for each in group), Fraction(0))
        total = sum((exact(each.total or 0.0) for each in group), Fraction(0))
        if total > good and one.budget:
            start = min(each.window_start for each in group)
            end = max(each.window_end for each in group)
            bad = total - good
            made.append(Burnt(one, revision, "measured", start, end, bad, total, bad / one.budget))
    return made
