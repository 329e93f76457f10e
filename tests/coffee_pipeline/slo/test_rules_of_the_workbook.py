"""Generated rules against rules written by hand as The Site Reliability Workbook has them.

The hand-written ones (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts") share nothing with ours:
other names, one ratio for each window, burn rates as plain factors. Prometheus evaluates both over
the same series, and the same severities must fire at the same minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import yaml

SLOTH = """\
version: prometheus/v1
service: kettle
slos:
  - name: boils
    objective: 99
    sli:
      events:
        error_query: sum(rate(boils_total{cold="yes"}[{{.window}}]))
        total_query: sum(rate(boils_total[{{.window}}]))
    alerting:
      name: Cold
      page_alert: {labels: {severity: page}}
      ticket_alert: {labels: {severity: ticket}}
"""
OPEN = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: COUNTER
        KIND: {metricSource: {type: TYPE, spec: {query: 'NUMERATOR'}}}
        total: {metricSource: {type: TYPE, spec: {query: 'DENOMINATOR'}}}
  timeWindow: [{duration: PERIOD, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
PLAIN_BAD = 'sum(rate(boils_total{cold="yes"}[WINDOW])) / sum(rate(boils_total[WINDOW]))'
PLAIN_SLOW = (
    '1 - sum(rate(boiling_seconds_bucket{le="0.2"}[WINDOW]))'
    " / sum(rate(boiling_seconds_count[WINDOW]))"
)
OF_30_DAYS = (14.4, 6.0, 3.0, 1.0)
OF_28_DAYS = (13.44, 5.6, 2.8, 14 / 15)
FIRING = 'count by (severity) (ALERTS{alertstate="firing"})'
MINUTES = range(405, 720, 5)


def opened(kind: str, numerator: str, total: str, **changes: str) -> str:
    text = OPEN.replace("KIND", kind).replace("NUMERATOR", numerator).replace("DENOMINATOR", total)
    for name, value in {
        "COUNTER": "true",
        "TYPE": "Prometheus",
        "PERIOD": "30d",
        **changes,
    }.items():
        text = text.replace(name, value)
    return text


def by_hand(ratio: str, factors: Sequence[float]) -> str:
    """The rules of the workbook for an objective of 99 %."""
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
    records = [
        {"record": f"job:errors_per_request:ratio_rate{one}", "expr": ratio.replace("WINDOW", one)}
        for one in windows
    ]

    def burns(long: str, short: str, factor: float) -> str:
        limit = f"({factor!r} * 0.01)"
        return (
            f"(job:errors_per_request:ratio_rate{long} > {limit}"
            f" and job:errors_per_request:ratio_rate{short} > {limit})"
        )

    fast, slow, day, days = factors
    alerts = [
        {
            "alert": "ErrorBudgetBurn",
            "expr": f"{burns('1h', '5m', fast)} or {burns('6h', '30m', slow)}",
            "labels": {"severity": "page"},
        },
        {
            "alert": "ErrorBudgetBurn",
            "expr": f"{burns('1d', '2h', day)} or {burns('3d', '6h', days)}",
            "labels": {"severity": "ticket"},
        },
    ]
    return yaml.safe_dump({"groups": [{"name": "workbook", "rules": [*records, *alerts]}]})


def bad_of(minute: int) -> int:
    """Failures of 500 requests: each of the incidents is for one of the burn rates.

    Six minutes of outage make a ticket and no page, ten the page of an hour, an hour at 12 % the
    page of six hours; nothing else is worth more than 0.2 %.
    """
    if 420 <= minute < 426 or 500 <= minute < 510:
        return 500
    return 60 if 600 <= minute < 660 else 1


@pytest.fixture(scope="module")
def series() -> dict[str, str]:
    """The counters, as two metrics that tell the same: by outcome, and as a histogram."""
    bad = [0]
    for minute in range(720):
        bad.append(bad[-1] + bad_of(minute))
    good = [500 * minute - one for minute, one in enumerate(bad)]

    def text(values: Sequence[int]) -> str:
        return " ".join(map(str, values))

    return {
        'boils_total{cold="yes"}': text(bad),
        'boils_total{cold="no"}': text(good),
        'boiling_seconds_bucket{le="0.2"}': text(good),
        'boiling_seconds_bucket{le="+Inf"}': text(range(0, 500 * len(good), 500)),
        "boiling_seconds_count": text(range(0, 500 * len(good), 500)),
    }


@pytest.mark.parametrize(
    ("specification", "plain"),
    [
        (SLOTH, by_hand(PLAIN_BAD, OF_30_DAYS)),
        (
            opened("good", 'sum(boils_total{cold="no"})', "sum(boils_total)"),
            by_hand(PLAIN_BAD, OF_30_DAYS),
        ),
        (
            opened(
                "bad",
                'sum(rate(boils_total{cold="yes"}[{{.window}}]))',
                "sum(rate(boils_total[{{.window}}]))",
                COUNTER="false",
                TYPE="VictoriaMetrics",
            ),
            by_hand(PLAIN_BAD, OF_30_DAYS),
        ),
        (
            opened(
                "good",
                'sum(boiling_seconds_bucket{le="0.2"})',
                "sum(boiling_seconds_count)",
                PERIOD="28d",
            ),
            by_hand(PLAIN_SLOW, OF_28_DAYS),
        ),
    ],
    ids=["sloth", "OpenSLO counters", "OpenSLO windows", "OpenSLO latency of 28 days"],
)
def test_the_same_alerts_fire_as_by_rules_written_by_hand(
    specification: str, plain: str, series: dict[str, str], made_rules: Callable, evaluate: Callable
) -> None:
    ours = evaluate(made_rules(specification), series, FIRING, MINUTES)
    assert ours == evaluate(plain, series, FIRING, MINUTES)
    fired = [set(one) for one in ours]
    page, ticket = '{severity="page"}', '{severity="ticket"}'
    assert [each in fired for each in (set(), {ticket}, {page, ticket})] == [True] * 3


@pytest.mark.parametrize("factors", [(20.0, 6.0, 3.0, 1.0), (14.4, 8.0, 3.0, 1.0),
                                     (14.4, 6.0, 6.0, 2.5)])  # fmt: skip
def test_other_burn_rates_would_have_been_noticed(
    factors: Sequence[float], series: dict[str, str], made_rules: Callable, evaluate: Callable
) -> None:
    other = evaluate(by_hand(PLAIN_BAD, factors), series, FIRING, MINUTES)
    assert other != evaluate(made_rules(SLOTH), series, FIRING, MINUTES)
