"""Where every objective stands, whichever way it was measured.

An objective is measured day by day (``level_days`` and ``level_samples``), or over the windows of
its releases (``service_levels``). Where the history has days, they are the source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.reports.slo_objectives import PERIOD, ObjectiveReport, objective_reports
from coffee_pipeline.reports.wording import plural
from coffee_pipeline.slo.alert_windows import duration
from coffee_pipeline.stages.kept_levels import (
    KeptObjective,
    kept_objectives,
    measured_platforms,
)


@dataclass(frozen=True)
class Burn:
    """The burn rate over one window back from now; None with a ``reason`` without data.

    ``total`` are the events or slices in the window.
    """

    name: str
    threshold: Fraction
    rate: Fraction | None
    total: Fraction | None
    covered: Fraction
    reason: str | None

    @property
    def alarming(self) -> bool:
        """Whether it burns at least as fast as is worth an alert."""
        return self.rate is not None and self.rate >= self.threshold


@dataclass(frozen=True)
class Standing:
    """One objective over its period until now; no number without data, but a ``reason``.

    ``budget`` are the bad events or slices allowed in the whole period, see ``Attained.budget``.
    """

    environment: str
    service: str
    team: str | None
    slo: str
    objective: Fraction
    method: str
    unit: str
    start: datetime
    now: datetime
    good: Fraction | None
    total: Fraction | None
    budget: Fraction | None
    budget_left: Fraction | None
    covered: Fraction
    reason: str | None
    measured: str
    source: str
    source_detail: str
    burns: tuple[Burn, ...]
    kept: KeptObjective | None = None
    windows: ObjectiveReport | None = None

    @property
    def ratio(self) -> Fraction | None:
        """Good / total."""
        return self.good / self.total if self.good is not None and self.total else None

    @property
    def met(self) -> bool | None:
        """Whether the objective is attained so far; None without data."""
        return None if self.ratio is None else self.ratio >= self.objective

    @property
    def fastest(self) -> Burn | None:
        """The window whose burn rate is the largest share of its own threshold."""
        known = [one for one in self.burns if one.rate is not None]
        return max(known, key=lambda one: (one.rate or 0) / one.threshold, default=None)


def standings(
    kept: Sequence[KeptObjective],
    windows: Sequence[ObjectiveReport],
    now: datetime,
    teams: Mapping[str, str],
) -> list[Standing]:
    """One for each objective, those measured day by day first taken; in the order of names."""
    found = [_of_days(one) for one in kept]
    teams = {one.service: one.team for one in found if one.team} | dict(teams)
    known = {(one.environment, one.service, one.slo) for one in found if one.total}
    found = [one for one in found if one.total or not _elsewhere(one, windows)]
    found += [
        _of_windows(one, now, teams.get(one.service))
        for one in windows
        if (one.environment, one.service, one.slo) not in known
    ]
    return sorted(found, key=lambda one: (one.environment, one.service, one.slo, one.objective))


def recorded_standings(history: HistoryReader, now: datetime) -> list[Standing]:
    """Where every objective of the history stands at ``now``, of whichever platform.

    Raises:
        HistoryError: the history cannot be read.
    """
    levels = history.records(
        ServiceLevel,
        "window_end > ? and window_end <= ? order by window_end, slo",
        (now - PERIOD, now),
    )
    kept = [
        one
        for platform in measured_platforms(history)
        for one in kept_objectives(history, platform, now)
    ]
    return standings(kept, objective_reports(levels, now), now, {})


def _elsewhere(one: Standing, windows: Sequence[ObjectiveReport]) -> bool:
    """Whether releases have measured what no day has."""
    same = (one.environment, one.service, one.slo)
    return any((each.environment, each.service, each.slo) == same for each in windows)


def _of_days(one: KeptObjective) -> Standing:
    status = one.status
    head = status.headline
    days = [each for each in one.days if status.start <= each.day]
    period = status.end - status.start
    return Standing(
        environment=one.environment,
        service=one.service,
        team=one.team,
        slo=one.slo.name,
        objective=head.objective,
        method=head.method,
        unit=head.unit,
        start=status.start,
        now=status.now,
        good=head.good if head.total else None,
        total=head.total or None,
        budget=head.budget if head.total else None,
        budget_left=head.budget_left,
        covered=status.covered,
        reason=head.reason or _why_not(one),
        measured=plural(len(days), "day"),
        source=", ".join(sorted({each.source for each in one.days})),
        source_detail=f"{duration(period)} {'rolling' if one.slo.calendar is None else 'calendar'}",
        burns=tuple(
            Burn(
                duration(each.window.long),
                each.threshold,
                each.long,
                one.calculation.attained(status.now - each.window.long, status.now).total,
                one.calculation.covered(status.now - each.window.long, status.now),
                None if each.long is not None else "no data in the window",
            )
            for each in status.burning
        ),
        kept=one,
    )


def _why_not(one: KeptObjective) -> str | None:
    return None if one.status.headline.total else (one.days[-1].reason if one.days else None)


def _of_windows(one: ObjectiveReport, now: datetime, team: str | None) -> Standing:
    period = one.period
    revisions = {level.revision for level in one.levels}
    return Standing(
        environment=one.environment,
        service=one.service,
        team=team,
        slo=one.slo,
        objective=period.objective,
        method="Occurrences",
        unit="events",
        start=now - PERIOD,
        now=now,
        good=period.good,
        total=period.total,
        budget=period.error_budget,
        budget_left=period.budget_left,
        covered=period.covered,
        reason=period.reason,
        measured=plural(period.measurements, "measurement"),
        source=", ".join(sorted({level.source for level in one.levels})),
        source_detail=plural(len(revisions), "revision"),
        burns=tuple(
            Burn(
                window.name,
                window.threshold,
                found.burn_rate,
                found.total,
                found.covered,
                found.reason,
            )
            for window, found in one.burns
        ),
        windows=one,
    )
