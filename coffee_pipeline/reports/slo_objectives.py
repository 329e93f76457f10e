"""Recorded service levels grouped to objectives, with what each attained and how fast it burns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.slo.budget import (
    BURN_WINDOWS,
    DEFAULT_PERIOD,
    Attainment,
    BurnWindow,
    attained,
)

PERIOD = DEFAULT_PERIOD
"""The report's period; the history does not keep the window of each SLO document."""


@dataclass(frozen=True)
class ObjectiveReport:
    """One objective of one SLO in one environment, with the measurements it is taken from."""

    environment: str
    service: str
    slo: str
    objective: float
    levels: tuple[ServiceLevel, ...]
    period: Attainment
    burns: tuple[tuple[BurnWindow, Attainment], ...]

    @property
    def met(self) -> bool | None:
        """Whether the objective is attained over the period; None without data."""
        ratio = self.period.ratio
        return None if ratio is None else ratio >= self.period.objective


def objective_reports(levels: Sequence[ServiceLevel], now: datetime) -> list[ObjectiveReport]:
    """One report for each environment, service, SLO and objective among ``levels``."""
    groups: dict[tuple[str, str, str, float], list[ServiceLevel]] = defaultdict(list)
    for one in levels:
        groups[one.environment, one.service, one.slo, one.objective].append(one)
    return [
        ObjectiveReport(
            *key,
            tuple(group),
            attained(group, key[3], PERIOD, now),
            tuple((each, attained(group, key[3], each.length, now)) for each in BURN_WINDOWS),
        )
        for key, group in sorted(groups.items())
    ]
