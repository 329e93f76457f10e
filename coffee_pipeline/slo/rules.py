"""SLOs -> Prometheus recording and alerting rules.

The names, labels and groups are those of sloth (https://sloth.dev), so its dashboards and alert
routes work on. What differs, on purpose:

- The ratio over the whole period adds up bad events and all events before it divides. Sloth
  averages the ratios of 5-minute windows, so that a quiet night weighs as much as the busiest hour,
  and one idle window (0 / 0) makes the whole period NaN. Indicators given as a ratio alone have no
  events to add up; their mean leaves NaN out.
- Numbers are exact: 0.999, not 0.9990000000000001.
- Any period: the burn rates follow from it (:mod:`coffee_pipeline.slo.alert_windows`).
- OpenSLO's Timeslices, RatioTimeslices and threshold metrics.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import cast

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.slo.alert_windows import (
    AlertWindow,
    Severity,
    alert_windows,
    duration,
    lengths,
    number,
    seconds,
)
from coffee_pipeline.slo.definition import PROMQL_SOURCES, Alert, Slo
from coffee_pipeline.slo.indicator_rules import RATIO, Ratios
from coffee_pipeline.slo.openslo_schema import Objective
from coffee_pipeline.slo.promql import parse
from coffee_pipeline.slo.query_kinds import check
from coffee_pipeline.slo.query_windows import fill

Rule = dict[str, object]
_MODES = {
    "openslo/v1": "cli-gen-openslo",
    "prometheus/v1": "cli-gen-prom",
    "sloth.slok.dev/v1": "cli-gen-k8s",
}
_LABEL = "{{$labels.%s}}"
_SUBJECT = f"{_LABEL % 'sloth_service'} {_LABEL % 'sloth_slo'} SLO error budget burn rate is"


@dataclass(frozen=True)
class Group:
    """One group of rules; they are evaluated in their order."""

    name: str
    rules: tuple[Rule, ...]


def groups_of(
    slos: Iterable[Slo],
    *,
    period: timedelta | None = None,
    labels: Mapping[str, str] | None = None,
) -> tuple[Group, ...]:
    """The groups of all SLOs: indicators, metadata and alerts of each objective.

    Args:
        slos: what :func:`coffee_pipeline.slo.specifications.parse` read.
        period: in place of sloth's 30 days; OpenSLO documents name their own.
        labels: added to every recording rule.

    Raises:
        ConfigurationError: a query cannot be made into a rule, with file and line.
    """
    made = [
        _ObjectiveRules(slo, index, period, dict(labels or {}))
        for slo in slos
        for index in range(len(slo.objectives))
    ]
    names = [(alert["alert"], str(alert["labels"])) for one in made for alert in one.alerts()]
    twice = {name for name in names if names.count(name) > 1}
    return tuple(group for one in made for group in one.groups(twice))


class _ObjectiveRules:
    """The rules of one objective of an SLO."""

    def __init__(
        self, slo: Slo, index: int, period: timedelta | None, labels: dict[str, str]
    ) -> None:
        suffix = f"-{index}" if len(slo.objectives) > 1 else ""
        named = slo.specification == "openslo/v1"
        self.slo = slo
        self.objective: Objective = slo.objectives[index]
        self.period = slo.period if named or period is None else period
        self.name = f"{slo.identity}{suffix}"
        self.identity = {
            "sloth_id": self.name,
            "sloth_service": slo.service,
            "sloth_slo": f"{slo.name}{suffix}",
        }
        own = {re.sub(r"[^a-zA-Z0-9_]", "_", key): text for key, text in slo.labels.items()}
        self.labels = {**self.identity, **own, **labels}
        pairs = ", ".join(f"{key}={json.dumps(text)}" for key, text in self.identity.items())
        self.selector = f"{{{pairs}}}"
        self.budget = 1 - Fraction(self.objective.ratio)

    def groups(self, twice: AbstractSet[tuple[object, str]]) -> Iterator[Group]:
        """Its groups; alerts that are among ``twice`` say in their labels whose they are.

        The series they fire on have those labels anyhow, so that nothing changes but the linter's
        opinion of two rules that look the same.
        """
        try:
            yield Group(f"sloth-slo-sli-recordings-{self.name}", tuple(self._indicator()))
            yield Group(f"sloth-slo-meta-recordings-{self.name}", tuple(self._metadata()))
            alerts = tuple(
                {**one, "labels": {**cast("Rule", one["labels"]), **self.identity}}
                if (one["alert"], str(one["labels"])) in twice
                else one
                for one in self.alerts()
            )
        except UsageError as error:
            raise ConfigurationError(f"{self.slo.file}:{self.slo.line}: {error}") from error
        if alerts:
            yield Group(f"sloth-slo-alerts-{self.name}", alerts)

    def _indicator(self) -> Iterator[Rule]:
        slo = self.slo
        if slo.source_type is not None and not slo.speaks_promql:
            known = ", ".join(sorted(PROMQL_SOURCES))
            raise UsageError(f"rules need one of {known} as metric source, not {slo.source_type}")
        if not (slo.total or slo.error_ratio or slo.threshold):
            raise UsageError(slo.unsupported or "the indicator has no query")
        if slo.dialect == "PromQL":
            # What people wrote is bounded first: the rules repeat it, and the parser recurses.
            for query in (slo.good, slo.bad, slo.total, slo.error_ratio, slo.threshold):
                if query is not None:
                    parse(fill(query, "5m"))
        ratios = Ratios(slo, self.objective, self.selector, self.period)
        recorded = (
            *ratios.support(),
            *(ratios.over(length) for length in lengths(self.period)),
        )
        for one in recorded:
            if slo.dialect == "PromQL":
                check(one.expression)
            yield self._recording(one.name, one.expression, {"sloth_window": duration(one.window)})

    def _metadata(self) -> Iterator[Rule]:
        budget = f"slo:error_budget:ratio{self.selector}"
        matching = "/ on(sloth_id, sloth_slo, sloth_service) group_left"
        days = Fraction(seconds(self.period), 86_400)
        yield self._recording(
            "slo:objective:ratio", f"vector({number(Fraction(self.objective.ratio))})"
        )
        yield self._recording("slo:error_budget:ratio", f"vector({number(self.budget)})")
        yield self._recording("slo:time_period:days", f"vector({number(days)})")
        for name, length in (("current", lengths(self.period)[0]), ("period", self.period)):
            expression = f"{RATIO}{duration(length)}{self.selector}\n{matching}\n{budget}\n"
            yield self._recording(f"slo:{name}_burn_rate:ratio", expression)
        yield self._recording(
            "slo:period_error_budget_remaining:ratio",
            f"1 - slo:period_burn_rate:ratio{self.selector}",
        )
        information = {
            "sloth_mode": _MODES[self.slo.specification],
            "sloth_objective": number(100 * Fraction(self.objective.ratio)),
            "sloth_spec": self.slo.specification,
            "sloth_version": "coffee-pipeline",
        }
        yield self._recording("sloth_slo_info", "vector(1)", information)

    def _recording(
        self, name: str, expression: str, labels: Mapping[str, str] | None = None
    ) -> Rule:
        own = {**self.labels, **(labels or {})}
        return {"record": name, "expr": expression, "labels": dict(sorted(own.items()))}

    def alerts(self) -> Iterator[Rule]:
        """The page and the ticket, as far as they are wanted."""
        alerting = self.slo.alerting
        windows = alert_windows(self.period)
        severities: tuple[tuple[Severity, Alert], ...] = (
            ("page", alerting.page),
            ("ticket", alerting.ticket),
        )
        for severity, alert in severities:
            chosen = [one for one in windows if one.severity == severity]
            if not (alerting.name and alert.enabled and chosen):
                continue
            annotations = {
                "summary": f"{_SUBJECT} over expected.",
                "title": f"({severity}) {_SUBJECT} too fast.",
                **alert.annotations,
            }
            labels = {"sloth_severity": severity, **alert.labels}
            yield {
                "alert": alerting.name,
                "expr": "or\n".join(f"(\n{self._condition(one)})\n" for one in chosen),
                "labels": dict(sorted(labels.items())),
                "annotations": dict(sorted(annotations.items())),
            }

    def _condition(self, window: AlertWindow) -> str:
        rate = number(window.burn_rate(self.period))
        limit = f"({rate} * {number(self.budget)})"
        lines = (
            f"    max({RATIO}{duration(length)}{self.selector} > {limit}) without (sloth_window)\n"
            for length in (window.short, window.long)
        )
        return "    and\n".join(lines)
