"""What a valid specification will not do, though its author may think so."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.slo.alert_windows import alert_windows, duration, number
from coffee_pipeline.slo.budget_policy import policy_of
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.judged_steps import value_query
from coffee_pipeline.slo.problems import Remark
from coffee_pipeline.slo.rules import groups_of


def errors_of(slo: Slo) -> Iterator[ConfigurationError]:
    """Queries that make no rule, and a policy that is none: invalid, though the file's form is."""
    try:
        policy_of(slo.annotations)
    except ConfigurationError as error:
        yield ConfigurationError(f"{slo.file}:{slo.line}: {slo.name}: {error}")
    if slo.speaks_promql:
        try:
            groups_of([slo])
        except ConfigurationError as error:
            yield error


def remarks_on(slo: Slo) -> Iterator[Remark]:
    """Everything worth knowing before the SLO is relied upon."""

    def remark(field: str, problem: str) -> Remark:
        return Remark(slo.file, slo.line, field, f"{slo.name}: {problem}")

    if not slo.speaks_promql:
        yield remark("indicator", _no_rules(slo))
    reason = _unmeasured(slo)
    if reason is not None:
        yield remark("indicator", f"'slo status' measures it by --series only: {reason}")
    if slo.dialect == "MetricsQL":
        yield remark("sli", "MetricsQL: neither its queries nor its rules are checked")
    if slo.calendar is not None:
        yield remark(
            "timeWindow",
            "its rules look back over the period's length; only 'slo status' follows the calendar",
        )
    if slo.alerting.name and (slo.alerting.page.enabled or slo.alerting.ticket.enabled):
        yield from (remark("alerting", problem) for problem in _silent(slo))


def _unmeasured(slo: Slo) -> str | None:
    """Why no metrics API can be asked for the SLO's events; None when one can."""
    if slo.total is None:
        try:
            value_query(slo)
        except UsageError as error:
            return str(error)
        return None
    return slo.unsupported if slo.specification != "openslo/v1" else None


def _no_rules(slo: Slo) -> str:
    if slo.source_type is not None:
        return f"metric source {slo.source_type}: no Prometheus rules can be made of it"
    return "metric source unknown: rules take its queries for PromQL unchecked, status asks nothing"


def _silent(slo: Slo) -> Iterator[str]:
    """Alerts that cannot fire: even with every event bad the burn rate stays below theirs."""
    for objective in slo.objectives:
        budget = 1 - Fraction(objective.ratio)
        for window in alert_windows(slo.period):
            limit = window.burn_rate(slo.period) * budget
            if limit >= 1:
                yield (
                    f"objective {number(Fraction(objective.ratio))}: the {window.severity} alert "
                    f"of {duration(window.long)} can never fire, it needs an error ratio above "
                    f"{number(limit)}"
                )
