"""The error budgets of a service, as the release gate asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.policy.error_budget import Budget
from coffee_pipeline.slo.budget import DEFAULT_PERIOD, attained
from coffee_pipeline.slo.budget_policy import DEFAULT_POLICY, PolicyStep, action_at
from coffee_pipeline.stages.kept_levels import KeptObjective, kept_objectives


def error_budgets(
    history: HistoryReader, platform: Platform, service: Service, now: datetime
) -> list[Budget]:
    """The budget of every objective of ``service`` in production, and what its policy asks for.

    From samples kept day by day; an SLO that has none, from its releases' measurements, under the
    default policy, since those do not keep the document's.

    Raises:
        HistoryError: the history cannot be read.
    """
    place = platform.rollout.environments[-1]
    if platform.gates.error_budget.mode == "off":
        return []
    kept = [
        one
        for one in kept_objectives(history, platform.name, now, service=service.name)
        if one.environment == place
    ]
    known = {one.slo.name for one in kept if one.status.headline.total}
    levels = history.records(
        ServiceLevel,
        "service = ? and environment = ? and window_end > ? and window_end <= ?",
        (service.name, place, now - DEFAULT_PERIOD, now),
    )
    measured = {(one.slo, one.objective) for one in levels if one.slo not in known}
    found = [_of_days(one) for one in kept if one.slo.name in known]
    found += [_of_levels(slo, objective, levels, now) for slo, objective in sorted(measured)]
    missing = {one.slo.name for one in kept} - known - {slo for slo, _ in measured}
    found += [Budget(name, None, None, "no data in its period") for name in sorted(missing)]
    return found


def _of_days(one: KeptObjective) -> Budget:
    left = one.status.headline.budget_left
    covered = f"{float(one.status.covered):.1%} of its period measured"
    return _budget(one.slo.name, left, one.status.policy, covered)


def _of_levels(slo: str, objective: float, levels: Sequence[ServiceLevel], now: datetime) -> Budget:
    own = [one for one in levels if (one.slo, one.objective) == (slo, objective)]
    found = attained(own, objective, DEFAULT_PERIOD, now)
    left = found.budget_left
    step = action_at(DEFAULT_POLICY, None if left is None else 1 - left)
    return _budget(slo, left, step, found.reason or f"{found.measurements} releases' measurements")


def _budget(slo: str, left: Fraction | None, step: PolicyStep | None, measured: str) -> Budget:
    used = None if left is None else float(1 - left)
    return Budget(slo, used, step.action if step else None, measured)
