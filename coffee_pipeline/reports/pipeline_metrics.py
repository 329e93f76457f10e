"""Metrics of the pipeline itself, in Prometheus' terms, computed from the history.

Every number is a query over recorded facts at the time of the scrape. What the history does not
know has no sample: no scan is not zero findings, and no data is no full error budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.reports.slo_objectives import PERIOD, objective_reports

PREFIX = "coffee_pipeline_"
BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds of the durations of steps, in seconds."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: the query's column ``value``, by the columns ``labels``."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    sql: str
    counter: bool = False


_VERDICTS = """
    SELECT gate, service, wanted AS verdict, (latest.verdict = wanted)::INTEGER AS value
    FROM (
        SELECT * FROM gate_decisions QUALIFY row_number() OVER (
            PARTITION BY gate, service ORDER BY decided_at DESC, materialization DESC
        ) = 1
    ) AS latest
    CROSS JOIN (SELECT unnest(['passed', 'failed', 'not_evaluated']) AS wanted)
    ORDER BY ALL
"""

MEASURES = (
    Measure(
        "step_runs", "Steps of deliveries that ended, as they are recorded.",
        ("platform", "service", "stage", "step", "outcome", "verdict"),
        "SELECT platform, service, stage, step, outcome, verdict, count(*) AS value "
        "FROM stage_runs GROUP BY ALL ORDER BY ALL",
        counter=True,
    ),
    Measure(
        "gate_decisions", "Decisions of gates.",
        ("gate", "service", "verdict"),
        "SELECT gate, service, verdict, count(*) AS value FROM gate_decisions "
        "GROUP BY ALL ORDER BY ALL",
        counter=True,
    ),
    Measure(
        "gate_verdict", "1 for what a gate last said of a service, 0 for what it did not say.",
        ("gate", "service", "verdict"), _VERDICTS,
    ),
    Measure(
        "open_findings", "Findings that are open; what never had a finding has no sample.",
        ("service", "kind", "severity"),
        "SELECT coalesce(service, '') AS service, kind, severity, "
        "count(*) FILTER (state <> 'closed') AS value FROM finding_lifecycle "
        "GROUP BY ALL ORDER BY ALL",
    ),
    Measure(
        "last_scan_timestamp_seconds", "When a tool last gave a whole answer (Unix time).",
        ("tool", "scope"),
        "SELECT tool, scope, epoch(max(finished_at)) AS value FROM scans "
        "WHERE outcome = 'completed' GROUP BY ALL ORDER BY ALL",
    ),
    Measure(
        "deployments", "Deployments, as they ended.",
        ("service", "environment", "strategy", "outcome"),
        "SELECT service, environment, strategy, outcome, count(*) AS value FROM deployments "
        "GROUP BY ALL ORDER BY ALL",
        counter=True,
    ),
    Measure(
        "last_deployment_timestamp_seconds", "When a deployment last succeeded (Unix time).",
        ("service", "environment"),
        "SELECT service, environment, epoch(max(finished_at)) AS value FROM deployments "
        "WHERE outcome = 'succeeded' GROUP BY ALL ORDER BY ALL",
    ),
    Measure(
        "open_incidents", "Incidents that are not resolved; none where there never was one.",
        ("service", "environment"),
        "SELECT service, environment, count(*) FILTER (resolved_at IS NULL) AS value "
        "FROM incidents GROUP BY ALL ORDER BY ALL",
    ),
    Measure(
        "trace_coverage_ratio", "Requests last seen end to end, of those that were counted.",
        ("service", "environment", "store"),
        "SELECT service, environment, store, ratio AS value FROM trace_coverage "
        "QUALIFY row_number() OVER (PARTITION BY service, environment, store "
        "ORDER BY window_end DESC, window_start DESC, materialization DESC) = 1 ORDER BY ALL",
    ),
)  # fmt: skip
"""Metrics that one query answers; a NULL is no sample."""

_DURATIONS = f"""
    SELECT
        platform, service, stage, step,
        count(*) AS runs,
        sum(epoch(finished_at - started_at)) AS seconds,
        {
    ", ".join(
        f"count(*) FILTER (epoch(finished_at - started_at) <= {bound}) AS le_{bound}"
        for bound in BUCKETS
    )
}
    FROM stage_runs GROUP BY ALL ORDER BY ALL
"""  # noqa: S608 - the bounds are constants of this module
_STEP_LABELS = ("platform", "service", "stage", "step")
_SLO_LABELS = ("service", "environment", "slo", "objective")


class PipelineCollector(Collector):
    """Answers each scrape from the history, as it is at that moment."""

    def __init__(self, history: HistoryReader) -> None:
        self._history = history

    def collect(self) -> Iterator[Metric]:
        """All metrics.

        Raises:
            HistoryError: the history cannot be read; a scrape without an answer is told from one
                without samples.
        """
        self._history.refresh(force=False)
        yield self._durations()
        for measure in MEASURES:
            yield _family(measure, self._history.query(measure.sql))
        yield from self._service_levels(datetime.now(UTC))

    def describe(self) -> Sequence[Metric]:
        """Nothing: so that registering asks nothing of the history."""
        return ()

    def _durations(self) -> Metric:
        name = f"{PREFIX}step_duration_seconds"
        family = HistogramMetricFamily(name, "How long steps took.", labels=_STEP_LABELS)
        for row in self._history.query(_DURATIONS):
            buckets = [(str(float(bound)), _number(row[f"le_{bound}"])) for bound in BUCKETS]
            buckets.append(("+Inf", _number(row["runs"])))
            family.add_metric(_labels(row, _STEP_LABELS), buckets, _number(row["seconds"]))
        return family

    def _service_levels(self, now: datetime) -> Iterator[Metric]:
        """What the SLO report says of its period, without the objectives that have no data."""
        ratio = _gauge("slo_ratio", "Good events of all, over the report's period.", _SLO_LABELS)
        left = _gauge(
            "error_budget_left_ratio",
            "Error budget that is left of the period's, 1 is all, below 0 is overspent.",
            _SLO_LABELS,
        )
        levels = self._history.records(ServiceLevel, "window_end >= ?", (now - PERIOD,))
        for one in objective_reports(levels, now):
            labels = (one.service, one.environment, one.slo, str(one.objective))
            if one.period.ratio is not None:
                ratio.add_metric(labels, float(one.period.ratio))
            if one.period.budget_left is not None:
                left.add_metric(labels, float(one.period.budget_left))
        yield ratio
        yield left


def _family(measure: Measure, rows: Sequence[Row]) -> Metric:
    name = f"{PREFIX}{measure.name}"
    kind = CounterMetricFamily if measure.counter else GaugeMetricFamily
    family = kind(name, measure.meaning, labels=measure.labels)
    for row in rows:
        if row["value"] is not None:
            family.add_metric(_labels(row, measure.labels), _number(row["value"]))
    return family


def _gauge(name: str, meaning: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=labels)


def _labels(row: Row, names: Sequence[str]) -> list[str]:
    return [str(row[name]) for name in names]


def _number(value: object) -> float:
    return float(str(value))
