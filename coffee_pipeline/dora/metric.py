"""One metric with everything a reader needs to judge it, and how each of the five is made.

Definitions: dora.dev (https://dora.dev/guides/dora-metrics/). A metric without data is None with a
reason; it is never 0 or 100 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coffee_pipeline.dora import bands, benchmarks
from coffee_pipeline.dora.bands import Band, Goal
from coffee_pipeline.dora.benchmarks import DeploymentDays
from coffee_pipeline.dora.intervals import Interval, wilson
from coffee_pipeline.dora.quantiles import Distribution, distribution
from coffee_pipeline.dora.working_time import WorkingTime

LEAD_TIME_GOAL_SECONDS = 2 * bands.HOUR
RECOVERY_GOAL_SECONDS = 30 * 60.0
CHANGE_FAIL_RATE_GOAL = 0.05
DEPLOYMENTS_A_DAY_GOAL = 2.0
"""Several a day means at least two; a goal of the platform, not of each service."""


@dataclass(frozen=True)
class Metric:
    """One metric of one scope.

    ``value`` in ``unit`` (per day, seconds, ratio); ``count`` is what it was taken over,
    ``events`` how many of those it counts (for rates). ``reason`` says why there is no value, or
    why a proxy is one. ``band`` is dora.dev's level, ``levels`` are all named ones. ``interval``
    is how sure a rate or a median is. ``method`` says how it was made. ``working`` is the same in
    working time, where a calendar was given; levels and goals are of time by the clock.
    """

    name: str
    value: float | None
    unit: str
    count: int
    events: int | None
    distribution: Distribution | None
    band: Band | None
    goal: Goal | None
    reason: str | None
    levels: tuple[Band, ...] = ()
    interval: Interval | None = None
    method: str = ""
    proxy: bool = False
    working: WorkingTime | None = None


@dataclass(frozen=True)
class Making:
    """How a metric is made: the method in words, whether it is a proxy, and why."""

    method: str = ""
    proxy: bool = False
    why: str | None = None


RECORDED = Making()
"""Taken from recorded deployments and incidents."""


def frequency(
    count: int,
    value: float | None,
    reason: str | None,
    making: Making = RECORDED,
    *,
    days: DeploymentDays | None = None,
    goal: bool = True,
    working: WorkingTime | None = None,
) -> Metric:
    """Deployments a day."""
    band = bands.deployment_frequency_band(value) if value is not None else None
    devlake = benchmarks.deployment_frequency_levels(days) if days and value is not None else ()
    return Metric(
        name="deployment frequency",
        value=value,
        unit="per day",
        count=count,
        events=None,
        distribution=None,
        band=band,
        goal=_goal("several a day", value, lambda found: found >= DEPLOYMENTS_A_DAY_GOAL)
        if goal
        else None,
        reason=making.why if value is not None else reason,
        levels=(band, *devlake) if band else (),
        method=making.method,
        proxy=making.proxy,
        working=working if value is not None else None,
    )


def lead_time(
    seconds: Sequence[float],
    reason: str,
    making: Making = RECORDED,
    *,
    working: WorkingTime | None = None,
) -> Metric:
    """The median time from commit to production."""
    spread = distribution(seconds)
    value = spread.median if spread else None
    band = bands.lead_time_band(value) if value is not None else None
    return Metric(
        name="lead time for changes",
        value=value,
        unit="seconds",
        count=len(seconds),
        events=None,
        distribution=spread,
        band=band,
        goal=_goal("median < 2 h", value, lambda found: found < LEAD_TIME_GOAL_SECONDS),
        reason=making.why if spread else reason,
        levels=(band, *benchmarks.lead_time_levels(value)) if band and value is not None else (),
        interval=spread.interval if spread else None,
        method=making.method,
        proxy=making.proxy,
        working=working if spread else None,
    )


def change_fail_rate(
    failed: int | None, count: int, reason: str, making: Making = RECORDED
) -> Metric:
    """Failed deployments over deployments; ``failed`` None where nobody can know."""
    value = failed / count if failed is not None and count else None
    band = bands.change_fail_rate_band(value) if value is not None else None
    levels = (
        (band, *benchmarks.change_fail_rate_levels(value)) if band and value is not None else ()
    )
    return Metric(
        name="change fail rate",
        value=value,
        unit="ratio",
        count=count,
        events=failed if value is not None else None,
        distribution=None,
        band=band,
        goal=_goal("< 5 %", value, lambda found: found < CHANGE_FAIL_RATE_GOAL),
        reason=making.why if value is not None else reason,
        levels=levels,
        interval=wilson(failed, count) if failed is not None else None,
        method=making.method,
        proxy=making.proxy,
    )


def recovery_time(seconds: Sequence[float], reason: str, making: Making = RECORDED) -> Metric:
    """The median time to recover from a failed deployment."""
    spread = distribution(seconds)
    value = spread.median if spread else None
    band = bands.recovery_time_band(value) if value is not None else None
    levels = (band, *benchmarks.recovery_time_levels(value)) if band and value is not None else ()
    return Metric(
        name="failed deployment recovery time",
        value=value,
        unit="seconds",
        count=len(seconds),
        events=None,
        distribution=spread,
        band=band,
        goal=_goal("median < 30 min", value, lambda found: found < RECOVERY_GOAL_SECONDS),
        reason=making.why if spread else reason,
        levels=levels,
        interval=spread.interval if spread else None,
        method=making.method,
        proxy=making.proxy,
    )


def rework_rate(rework: int | None, count: int, reason: str, making: Making = RECORDED) -> Metric:
    """Unplanned deployments over deployments; ``rework`` None where nobody can know."""
    value = rework / count if rework is not None and count else None
    band = bands.rework_rate_band(value) if value is not None else None
    return Metric(
        name="deployment rework rate",
        value=value,
        unit="ratio",
        count=count,
        events=rework if value is not None else None,
        distribution=None,
        band=band,
        goal=None,
        reason=making.why if value is not None else reason,
        levels=(band,) if band else (),
        interval=wilson(rework, count) if rework is not None else None,
        method=making.method,
        proxy=making.proxy,
    )


def _goal(text: str, value: float | None, met: Callable[[float], bool]) -> Goal:
    return Goal(text, None if value is None else met(value))
