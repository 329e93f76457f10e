"""The status of objectives as plain values for JSON, and as rows for the console."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from fractions import Fraction

from coffee_pipeline.reports import wording
from coffee_pipeline.slo.alert_windows import duration, seconds
from coffee_pipeline.slo.methods import Attained
from coffee_pipeline.slo.objective_status import NOT_BEFORE_RESET, ObjectiveStatus

_DECIMALS = 12


def decimal(value: Fraction | None) -> float | int | None:
    """The number rounded down to twelve decimals: 0.999 of 999/1000, never 0.9990000000000001."""
    if value is None:
        return None
    if value.denominator == 1:
        return value.numerator
    return float(Fraction(value.numerator * 10**_DECIMALS // value.denominator, 10**_DECIMALS))


def plain(status: ObjectiveStatus) -> dict[str, object]:
    """Everything known of one objective, ready for JSON. Ratios 0..1, durations in seconds."""
    slo, step = status.slo, status.policy
    return {
        "service": slo.service,
        "slo": slo.name,
        "objective": decimal(status.headline.objective),
        "file": slo.file,
        "line": slo.line,
        "at": _moment(status.now),
        "period_start": _moment(status.start),
        "period_end": _moment(status.end),
        "covered": decimal(status.covered),
        "met": status.met,
        "method": slo.budgeting_method,
        **_attained(status.headline),
        "other_method": {"method": status.other.method, **_attained(status.other)},
        "methods_disagree": status.disagree,
        "burn_rates": [
            {
                "severity": one.window.severity,
                "short_window": duration(one.window.short),
                "long_window": duration(one.window.long),
                "threshold": decimal(one.threshold),
                "short": decimal(one.short),
                "long": decimal(one.long),
                "firing": one.firing,
            }
            for one in status.burning
        ],
        "exhausted_in_seconds": _seconds(status.exhausted_in),
        "exhaustion_reason": status.exhaustion_reason,
        "forecast": asdict(status.forecast),
        "policy": None if step is None else {"used": decimal(step.used), "action": step.action},
        "repairs": {name: count for name, count in asdict(status.repairs).items() if count},
    }


def exhaustion(status: ObjectiveStatus | None) -> str:
    """When the budget is used up, in a word or two for a column of the console."""
    if status is None:
        return "-"
    if status.exhausted_in is not None:
        left = seconds(status.exhausted_in)
        return wording.duration(left) if left else "exhausted"
    reset = (status.exhaustion_reason or "").startswith(NOT_BEFORE_RESET)
    return NOT_BEFORE_RESET if reset else "-"


def _attained(found: Attained) -> dict[str, object]:
    return {
        "unit": found.unit,
        "good": decimal(found.good) if found.total else None,
        "total": decimal(found.total) if found.total else None,
        "ratio": decimal(found.ratio),
        "to_come": decimal(found.to_come) if found.total else None,
        "budget": decimal(found.budget) if found.total else None,
        "budget_left": decimal(found.budget_left),
        "burn_rate": decimal(found.burn_rate),
        "reason": found.reason,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else length // timedelta(seconds=1)
