"""The delivery performance report as a document for machines: every number with its making."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from coffee_pipeline.dora.attribution import Attribution
from coffee_pipeline.dora.bands import Band
from coffee_pipeline.dora.failures import Judged
from coffee_pipeline.dora.intervals import SMALL, Interval
from coffee_pipeline.dora.metric import Metric
from coffee_pipeline.dora.metrics import DeliveryPerformance, performance_trend
from coffee_pipeline.dora.proxy_metrics import RepositoryPerformance
from coffee_pipeline.dora.quantiles import CONVENTION, Distribution
from coffee_pipeline.dora.scope import Scope
from coffee_pipeline.dora.trend import Step, TrendPoint
from coffee_pipeline.dora.working_time import WorkingTime
from coffee_pipeline.reports.dora_facts import LateChange
from coffee_pipeline.reports.dora_failures import evidence_of
from coffee_pipeline.reports.dora_sql import of_metric

KEYS = {
    "lead time for changes": "change_lead_time",
    "deployment frequency": "deployment_frequency",
    "failed deployment recovery time": "failed_deployment_recovery_time",
    "change fail rate": "change_fail_rate",
    "deployment rework rate": "rework_rate",
}
"""Names of metrics in documents."""

MAXIMUM_LISTED = 1000
"""Failures and attributions listed in a document, the newest; the counts are of all."""

_DEFINITIONS = {
    "definitions": "https://dora.dev/guides/dora-metrics/",
    "percentiles": CONVENTION,
}


def repository_document(found: RepositoryPerformance) -> dict[str, Any]:
    """The report of a repository alone."""
    return {
        "repository": str(found.log.path),
        "branch": found.log.branch,
        "head": found.log.head,
        "shallow": found.log.shallow,
        "commits": len(found.log.commits),
        "period": {
            "start": _moment(found.period.start),
            "end": _moment(found.period.end),
            "days": found.period.days,
        },
        "deployments": {
            "source": found.chosen.source.value,
            "proxy": True,
            "method": found.chosen.method,
            "count": len(found.deployments),
            "revisions": len({one.revision for one in found.deployments}),
            "reason": "a repository holds no deployment records",
        },
        "calendar": found.calendar.description if found.calendar else None,
        "metrics": _metrics(found.metrics),
        "components": {name: _metrics(own) for name, own in found.components.items()},
        "trend": _trend(found.trend),
        "failures": [
            {
                "deployment": one.deployment.name,
                "component": one.deployment.component or None,
                "revision": one.deployment.revision,
                "at": _seconds(one.deployment.at),
                "repaired_by": one.repaired_by.name if one.repaired_by else None,
                "recovery_seconds": one.recovery_seconds,
                "evidence": list(one.evidence),
            }
            for one in found.failures[-MAXIMUM_LISTED:]
        ],
        "notes": list(found.notes),
        "unread": list(found.unread),
        **_DEFINITIONS,
    }


def performance_document(
    found: DeliveryPerformance,
    platform: str,
    step: Step | None = None,
    late: Sequence[LateChange] = (),
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """The report of a platform, from its recorded deployments and incidents.

    ``late`` is what became known of its incidents afterwards; ``as_of`` when the report is of.
    """
    failed = [one for one in found.deployments if one.failure is not None]
    blamed = {one.incident.incident_id: one for one in found.attributions}
    return {
        "platform": platform,
        "as_of": _moment(as_of),
        "period": {
            "start": _moment(found.start),
            "end": _moment(found.end),
            "days": found.observed_days,
        },
        "deployments": {
            "source": "recorded",
            "proxy": False,
            "method": "deployments recorded by the pipeline",
            "count": len(found.deployments),
            "revisions": len({one.deployment.revision for one in found.deployments}),
            "reason": None,
        },
        "environment": found.environment,
        "calendar": found.calendar.description if found.calendar else None,
        "metrics": _opened_metrics(found, found.platform),
        "teams": {str(one.service): _opened_metrics(found, one) for one in found.teams},
        "services": {str(one.service): _opened_metrics(found, one) for one in found.services},
        "phases": [
            {"phase": one.name, "changes": one.changes, "distribution": _distribution(one.spread)}
            for one in found.phases
        ],
        "trend": _trend(performance_trend(found, step)),
        "trends": {
            kind: {str(one.service): _trend(performance_trend(found, step, one)) for one in scopes}
            for kind, scopes in (("teams", found.teams), ("services", found.services))
        },
        "failures": [
            {
                "deployment": one.deployment.deployment_id,
                "service": one.deployment.service,
                "revision": one.deployment.revision,
                "at": _moment(one.deployment.finished_at),
                "reason": one.failure,
                **_evidence(one, blamed),
                "incidents": [each.incident_id for each in one.incidents],
            }
            for one in failed[-MAXIMUM_LISTED:]
        ],
        "incidents": [_attribution(one) for one in found.attributions[-MAXIMUM_LISTED:]],
        "told_later": [_late(one) for one in late[-MAXIMUM_LISTED:]],
        "notes": list(found.notes),
        "unread": [],
        **_DEFINITIONS,
    }


def _opened_metrics(found: DeliveryPerformance, scope: Scope) -> dict[str, Any]:
    """The metrics, each with the statement that gives the rows it was taken from."""
    return {
        KEYS[one.name]: {
            **metric_document(one),
            "sql": of_metric(found, scope, one.name) if one.count else None,
        }
        for one in scope.metrics
    }


def _evidence(one: Judged, blamed: Mapping[str, Attribution]) -> dict[str, Any]:
    evidence, confidence, reason = evidence_of(one, blamed)
    return {"evidence": evidence, "confidence": confidence, "evidence_reason": reason}


def metric_document(metric: Metric) -> dict[str, Any]:
    """One metric: value, unit, count, method, whether it is a proxy, reason, level, goal."""
    return {
        "value": metric.value,
        "unit": metric.unit,
        "count": metric.count,
        "events": metric.events,
        "method": metric.method,
        "proxy": metric.proxy,
        "reason": metric.reason,
        "band": _band(metric.band) if metric.band else None,
        "bands": [_band(one) for one in metric.levels],
        "goal": {"text": metric.goal.text, "met": metric.goal.met} if metric.goal else None,
        "distribution": _distribution(metric.distribution),
        "interval": _interval(metric.interval if metric.value is not None else None),
        "small_number": metric.value is not None and metric.count < SMALL,
        "working_time": _working_time(metric.working, metric.unit),
    }


def _working_time(working: WorkingTime | None, unit: str) -> dict[str, Any] | None:
    if working is None:
        return None
    return {
        "value": working.value,
        "unit": unit,
        "count": working.count,
        "method": working.method,
        "distribution": _distribution(working.distribution),
    }


def _metrics(metrics: Iterable[Metric]) -> dict[str, Any]:
    return {KEYS[one.name]: metric_document(one) for one in metrics}


def _band(band: Band) -> dict[str, Any]:
    return {"name": band.name, "source": band.source}


def _distribution(spread: Distribution | None) -> Mapping[str, Any] | None:
    if spread is None:
        return None
    return {
        "count": spread.count,
        "median": spread.median,
        "p75": spread.p75,
        "p90": spread.p90,
        "minimum": spread.minimum,
        "maximum": spread.maximum,
        "median_interval": _interval(spread.interval),
    }


def _interval(interval: Interval | None) -> Mapping[str, Any] | None:
    if interval is None:
        return None
    return {
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "method": interval.method,
    }


def _trend(points: Sequence[TrendPoint]) -> list[dict[str, Any]]:
    return [
        {
            "start": one.start.isoformat(),
            "end": one.end.isoformat(),
            "partial": one.partial,
            "deployments": one.deployments,
            "attempted": one.attempted,
            "failed": one.failed,
            "change_fail_rate": one.fail_rate,
            "interval": _interval(one.interval),
            "rework": one.rework,
            "change_lead_time": _distribution(one.lead_time),
            "recovery_time": _distribution(one.recovery_time),
        }
        for one in points
    ]


def _attribution(one: Attribution) -> dict[str, Any]:
    return {
        "incident": one.incident.incident_id,
        "service": one.incident.service,
        "opened_at": _moment(one.incident.opened_at),
        "resolved_at": _moment(one.incident.resolved_at),
        "deployment": one.deployment_id,
        "evidence": one.evidence.value,
        "confidence": one.confidence,
        "reason": one.reason,
    }


def _late(one: LateChange) -> dict[str, Any]:
    return {
        "incident": one.incident_id,
        "recorded_at": _moment(one.recorded_at),
        "changed": {name: [_plain(old), _plain(new)] for name, old, new in one.changed},
    }


def _plain(value: object) -> str | None:
    if isinstance(value, datetime):
        return _moment(value)
    return None if value is None else str(value)


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat()


def _seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
