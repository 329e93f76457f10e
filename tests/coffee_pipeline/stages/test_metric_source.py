"""Events of an SLO in a window, from samples that the pipeline scraped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.metric_source import ScrapeSource

START = datetime(2026, 3, 20, 10, tzinfo=UTC)
TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: COUNTER
        bad: {metricSource: {type: Prometheus, spec: {query: 'sum(cold_total)'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(boils_total)'}}}
  budgetingMethod: Occurrences
  objectives: [{target: 0.9}]
"""


class Scraped:
    """Ten minutes of two counters: 60 boils a minute, 6 of them cold."""

    def samples(self, *_: object) -> list[Sample]:
        return [
            Sample(
                environment="production", service="kettle", revision="a", track="stable",
                name=name, labels="{}", observed_at=START + timedelta(minutes=minute),
                value=float(each * minute),
            )
            for name, each in (("boils_total", 60), ("cold_total", 6))
            for minute in range(11)
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("counter", "query"),
    [
        ("true", "sum(NAME)"),
        ("false", "sum(increase(NAME[{{.window}}]))"),
        ("false", "sum(rate(NAME[{{.window}}]))"),
        ("true", "sum(rate(NAME[{{.window}}]))"),
    ],
)
def test_events_are_counted_however_the_query_asks_for_them(counter: str, query: str) -> None:
    text = TEXT.replace("COUNTER", counter)
    for name in ("cold_total", "boils_total"):
        text = text.replace(f"sum({name})", query.replace("NAME", name))
    (slo,) = parse([("f", text)])
    end = START + timedelta(minutes=10)
    found = ScrapeSource(Scraped()).measure(slo, "production", "kettle", START, end)
    assert (found.good, found.total) == pytest.approx((540, 600))


def test_a_fixed_range_is_not_measured() -> None:
    text = TEXT.replace("COUNTER", "true").replace("sum(boils_total)", "sum(rate(boils_total[5m]))")
    (slo,) = parse([("f", text)])
    end = START + timedelta(minutes=10)
    found = ScrapeSource(Scraped()).measure(slo, "production", "kettle", START, end)
    assert (found.ratio, found.total) == (None, None)
    assert found.reason is not None
    assert found.reason.startswith("a fixed range: write [{{.window}}] instead")
