"""Performance levels and goals: what a value of a metric is called, and by whom.

The levels are those of DORA's Accelerate State of DevOps reports (https://dora.dev/research/).
Deployment frequency, lead time and recovery time: the 2024 report. Change fail rate: the 2023
report, because the 2024 clusters are not ordered there (high 20 %, medium 10 %). Both reports
describe clusters of survey answers; between the published ranges the boundary is taken at the
upper end of the better one. For rework rate neither publishes levels.
"""

from __future__ import annotations

from dataclasses import dataclass

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY

SOURCE_2024 = "DORA report 2024"
SOURCE_2023 = "DORA report 2023"


@dataclass(frozen=True)
class Band:
    """A performance level and who defines it; ``name`` None with a reason as the source."""

    name: str | None
    source: str


@dataclass(frozen=True)
class Goal:
    """The platform's own goal: ``text`` for people, ``met`` None while there is no value."""

    text: str
    met: bool | None


def deployment_frequency_band(per_day: float) -> Band:
    """Elite: on demand, more than once a day; high: up to once a week; medium: once a month."""
    if per_day > 1:
        name = "elite"
    elif per_day >= 1 / 7:
        name = "high"
    elif per_day >= 1 / 30:
        name = "medium"
    else:
        name = "low"
    return Band(name, SOURCE_2024)


def lead_time_band(seconds: float) -> Band:
    """Elite: under a day; high: up to a week; medium: up to a month; low: longer."""
    return Band(_level(seconds, DAY, WEEK, MONTH), SOURCE_2024)


def change_fail_rate_band(ratio: float) -> Band:
    """Elite: up to 5 %; high: up to 10 %; medium: up to 15 %; low: more."""
    if ratio <= 0.05:
        name = "elite"
    elif ratio <= 0.10:
        name = "high"
    elif ratio <= 0.15:
        name = "medium"
    else:
        name = "low"
    return Band(name, SOURCE_2023)


def recovery_time_band(seconds: float) -> Band:
    """Elite: under an hour; high: under a day (as medium is in 2024); low: longer."""
    if seconds < HOUR:
        name = "elite"
    elif seconds < DAY:
        name = "high"
    else:
        name = "low"
    return Band(name, SOURCE_2024)


def rework_rate_band(_: float) -> Band:
    """No level: neither report publishes any for rework rate."""
    return Band(None, "no published levels")


def _level(seconds: float, elite: float, high: float, medium: float) -> str:
    if seconds < elite:
        return "elite"
    if seconds <= high:
        return "high"
    return "medium" if seconds <= medium else "low"
