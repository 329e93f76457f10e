"""Metrics of the pipeline itself, in Prometheus' terms, computed from the history.

The gauges that dashboards are generated for stand in ``observability/delivery_series.py``.

Every number is a query over recorded facts at the time of the scrape. What the history does not
know has no sample: no scan is not zero findings, and no data is no full error budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client.core import (
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.observability.delivery_series import gauges
from coffee_pipeline.reports.slo_standing import Standing, recorded_standings
from coffee_pipeline.reports.slo_status import decimal

PREFIX = "coffee_"
BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds of the durations of steps, in seconds."""

KEPT = timedelta(minutes=1)
"""How long what the objectives attained is kept: it takes longer to work out than all the rest."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: the query's column ``value``, by the columns ``labels``."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    sql: str


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
        "gate_verdict", "1 for what a gate last said of a service, 0 for what it did not say.",
        ("gate", "service", "verdict"), _VERDICTS,
    ),
    Measure(
        "last_scan_timestamp_seconds", "When a tool last gave a whole answer (Unix time).",
        ("tool", "scope"),
        "SELECT tool, scope, epoch(max(finished_at)) AS value FROM scans "
        "WHERE outcome = 'completed' GROUP BY ALL ORDER BY ALL",
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

    def __init__(self, history: HistoryReader, clock: Callable[[], datetime]) -> None:
        self._history = history
        self._clock = clock
        self._stood: tuple[datetime, Sequence[Standing]] | None = None

    def collect(self) -> Iterator[Metric]:
        """All metrics.

        Raises:
            HistoryError: the history cannot be read; a scrape without an answer is told from one
                without samples.
        """
        now = self._clock()
        self._history.refresh(force=False)
        yield from gauges(self._history, now)
        yield self._durations()
        for measure in MEASURES:
            yield _family(measure, self._history.query(measure.sql))
        yield from self._service_levels(now)

    def describe(self) -> Sequence[Metric]:
        """Nothing: so that registering asks nothing of the history."""
        return ()

    def _durations(self) -> Metric:
        name = f"{PREFIX}step_seconds"
        family = HistogramMetricFamily(name, "Times that steps took.", labels=_STEP_LABELS)
        for row in self._history.query(_DURATIONS):
            buckets = [(str(float(bound)), _number(row[f"le_{bound}"])) for bound in BUCKETS]
            buckets.append(("+Inf", _number(row["runs"])))
            family.add_metric(_labels(row, _STEP_LABELS), buckets, _number(row["seconds"]))
        return family

    def _service_levels(self, now: datetime) -> Iterator[Metric]:
        """What the SLO report says, without the objectives that have no data."""
        ratio = _gauge(
            "slo_ratio", "Good events, or slices, of all, over the objective's period.", _SLO_LABELS
        )
        left = _gauge(
            "error_budget_left_ratio",
            "Error budget that is left of the period's, 1 is all, below 0 is overspent.",
            _SLO_LABELS,
        )
        named: set[tuple[str, ...]] = set()
        for one in self._standings(now):
            labels = (one.service, one.environment, one.slo, str(decimal(one.objective)))
            if labels in named:  # of two platforms; a scrape with a series twice is refused whole
                continue
            named.add(labels)
            if one.ratio is not None:
                ratio.add_metric(labels, float(one.ratio))
            if one.budget_left is not None:
                left.add_metric(labels, float(one.budget_left))
        yield ratio
        yield left

    def _standings(self, now: datetime) -> Sequence[Standing]:
        """Made again once in :data:`KEPT`: weeks of minutes are read for them."""
        if self._stood is None or not timedelta(0) <= now - self._stood[0] < KEPT:
            self._stood = (now, recorded_standings(self._history, now))
        return self._stood[1]


def _family(measure: Measure, rows: Sequence[Row]) -> Metric:
    family = _gauge(measure.name, measure.meaning, measure.labels)
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
