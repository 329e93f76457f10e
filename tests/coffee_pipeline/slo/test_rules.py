"""Generated rules: what Prometheus makes of them, on series made for the purpose."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.rules import groups_of
from coffee_pipeline.slo.specifications import parse

EVENTS = """\
version: prometheus/v1
service: kettle
labels: {owner: tea}
slos:
  - name: boils
    objective: 99
    sli:
      events:
        error_query: sum(rate(boils_total{cold="yes"}[{{.window}}]))
        total_query: sum(rate(boils_total[{{.window}}]))
    alerting:
      name: KettleCold
      labels: {category: heat}
      page_alert: {labels: {severity: page}}
      ticket_alert: {labels: {severity: ticket}}
"""
OPEN = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils, labels: {app.kubernetes.io/name: kettle}}
spec:
  service: kettle
  indicator:
    spec:
      INDICATOR
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: METHOD
  objectives: [OBJECTIVE]
"""
GOOD = (
    "ratioMetric: {counter: true, "
    "good: {metricSource: {type: Prometheus, spec: {query: 'sum(boils_total{cold=\"no\"})'}}}, "
    "total: {metricSource: {type: Prometheus, spec: {query: sum(boils_total)}}}}"
)
Rules = Callable[[str], str]


def opened(indicator: str = GOOD, method: str = "Occurrences", objective: str = "") -> str:
    text = OPEN.replace("INDICATOR", indicator).replace("METHOD", method)
    return text.replace("OBJECTIVE", objective or "{target: 0.99}")


def expressions(text: str, **options: timedelta) -> dict[str, str]:
    made = groups_of(parse([("f", text)]), **options)
    return {
        str(rule.get("record") or dict(rule["labels"])["sloth_severity"]): str(rule["expr"])
        for group in made
        for rule in group.rules
    }


def test_sloths_names_groups_and_labels_are_kept() -> None:
    groups = groups_of(parse([("f", EVENTS)]), labels={"team": "tea"})
    assert [group.name for group in groups] == [
        "sloth-slo-sli-recordings-kettle-boils",
        "sloth-slo-meta-recordings-kettle-boils",
        "sloth-slo-alerts-kettle-boils",
    ]
    ratio = next(rule for rule in groups[0].rules if rule["record"] == "slo:sli_error:ratio_rate5m")
    assert ratio["expr"] == (
        '(sum(rate(boils_total{cold="yes"}[5m])))\n/\n(sum(rate(boils_total[5m])))\n'
    )
    assert ratio["labels"] == {
        "owner": "tea",
        "sloth_id": "kettle-boils",
        "sloth_service": "kettle",
        "sloth_slo": "boils",
        "sloth_window": "5m",
        "team": "tea",
    }
    page, ticket = groups[2].rules
    assert page["labels"] == {"category": "heat", "severity": "page", "sloth_severity": "page"}
    assert dict(ticket["annotations"])["title"].startswith("(ticket) {{$labels.sloth_service}}")


@pytest.mark.parametrize(
    ("period", "burn_rates"),
    [("30d", ["14.4", "6", "3", "1"]), ("28d", ["13.44", "5.6", "2.8", "14 / 15"])],
)
def test_burn_rates_follow_from_the_period(period: str, burn_rates: list[str]) -> None:
    made = expressions(EVENTS, period=timedelta(days=int(period[:-1])))
    limits = re.findall(r"> \((.*?) \* 0\.01\)", made["page"] + made["ticket"])
    assert limits[::2] == limits[1::2] == burn_rates


def test_numbers_are_exact() -> None:
    made = expressions(EVENTS.replace("objective: 99", "objective: 99.9"))
    assert made["slo:objective:ratio"] == "vector(0.999)"
    assert made["slo:error_budget:ratio"] == "vector(0.001)"


def test_disabled_alerts_are_not_made() -> None:
    off = EVENTS.replace("page_alert: {", "page_alert: {disable: true, ")
    assert {"page", "ticket"} & set(expressions(off)) == {"ticket"}
    both = off.replace("ticket_alert: {", "ticket_alert: {disable: true, ")
    assert [group.name for group in groups_of(parse([("f", both)]))] == [
        "sloth-slo-sli-recordings-kettle-boils",
        "sloth-slo-meta-recordings-kettle-boils",
    ]


def test_a_query_that_is_not_promql_is_an_error_with_its_line() -> None:
    broken = EVENTS.replace("sum(rate(boils_total[", "summ(rate(boils_total[")
    with pytest.raises(ConfigurationError, match=r"^f:5: not PromQL"):
        groups_of(parse([("f", broken)]))


@pytest.mark.parametrize("counter", ["true", "false"])
def test_a_fixed_range_is_refused_as_it_would_make_all_windows_alike(counter: str) -> None:
    fixed = opened(GOOD.replace("query: sum(boils_total)", "query: 'sum(rate(boils_total[5m]))'"))
    with pytest.raises(
        ConfigurationError, match=r"^f:1: a fixed range: write \[\{\{\.window\}\}\]"
    ):
        groups_of(parse([("f", fixed.replace("counter: true", f"counter: {counter}"))]))


@pytest.mark.parametrize("source", ["VictoriaMetrics", "Victoria Metrics", "Thanos", "mimir"])
def test_sources_compatible_with_prometheus_make_the_same_rules(source: str) -> None:
    other = opened(GOOD.replace("Prometheus", source))
    assert expressions(other) == expressions(opened())


def test_a_source_of_another_language_makes_no_rules() -> None:
    text = opened(GOOD.replace("Prometheus", "Datadog"))
    with pytest.raises(ConfigurationError, match=r"f:1: rules need one of mimir, .*not Datadog"):
        groups_of(parse([("f", text)]))


def test_a_bracket_in_a_matcher_is_no_range() -> None:
    text = opened(GOOD.replace("counter: true, ", "").replace('cold="no"', 'cold=~"[no]+"'))
    assert 'cold=~"[no]+"' in expressions(text)["slo:sli_error:ratio_rate1h"]


def test_metricsql_is_passed_on_unchecked() -> None:
    plugins = "slo_plugins: {chain: [{id: sloth.dev/contrib/validate_victoria_metrics/v1}]}\n"
    text = plugins + EVENTS.replace("sum(rate(boils_total[", "histogram_share(2, rate(boils[")
    assert "histogram_share(2, rate(boils[5m]))" in expressions(text)["slo:sli_error:ratio_rate5m"]


def alike(names: str) -> str:
    return "---\n".join(EVENTS.replace("service: kettle", f"service: {name}") for name in names)


@pytest.mark.parametrize(
    "text",
    [
        EVENTS,
        alike("ab"),
        opened(),
        opened(method="Timeslices",
               objective="{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 10m}"),
        opened(method="RatioTimeslices", objective="{target: 0.9, timeSliceWindow: 1m}"),
        opened(indicator="thresholdMetric: {metricSource: {type: Prometheus, "
               "spec: {query: max(boiling_seconds)}}}",
               objective="{target: 0.9, op: lte, value: 0.5}"),
        opened(objective="{target: 0.99}, {targetPercent: 99.9}"),
    ],
    ids=["events", "same alert twice", "good events", "time slices", "ratios", "threshold",
         "two objectives"],
)  # fmt: skip
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say(text: str, made_rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(made_rules(text))
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", "rules.yaml"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def counters(bad: Callable[[int], float], traffic: Callable[[int], int], steps: int) -> dict:
    """Counters of an open service: ``bad`` is the share of failures at a minute."""
    chance = random.Random(11)
    sums = {"yes": 0, "no": 0}
    points: dict[str, list[int]] = {"yes": [], "no": []}
    for minute in range(steps):
        failed = sum(chance.random() < bad(minute) for _ in range(traffic(minute)))
        sums["yes"] += failed
        sums["no"] += traffic(minute) - failed
        for cold, total in sums.items():
            points[cold].append(total)
    return {f'boils_total{{cold="{k}"}}': " ".join(map(str, v)) for k, v in points.items()}


def in_sloths_way(rules: str) -> str:
    """The same rules with the mean of ratios for the period, and floats as sloth has them."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        group["rules"] = [one for one in group["rules"] if "_events:" not in one.get("record", "")]
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace("* 0.01)", "* 0.010000000000000009)")
            if rule.get("record") == "slo:sli_error:ratio_rate30d":
                own = re.search(r"\{.*?\}", rule["expr"])
                assert own is not None
                series = f"slo:sli_error:ratio_rate5m{own[0]}[30d]"
                rule["expr"] = (
                    f"sum_over_time({series}) / ignoring (sloth_window) count_over_time({series})"
                )
    return yaml.safe_dump(document)


@pytest.mark.slow
def test_the_same_alerts_fire_as_by_the_plain_method(made_rules: Rules, evaluate) -> None:
    def bad(minute: int) -> float:
        return 0.5 if 200 < minute < 230 else 0.08 if 350 < minute < 600 else 0.002

    series = counters(bad, lambda minute: 0 if 100 < minute < 140 else 30, 700)
    minutes = range(10, 700, 10)
    ours = evaluate(made_rules(EVENTS), series, "ALERTS", minutes)
    theirs = evaluate(in_sloths_way(made_rules(EVENTS)), series, "ALERTS", minutes)
    assert ours == theirs
    fired = {label for one in ours for label in one}
    assert sum(map(bool, ours)) > 20
    assert any('sloth_severity="page"' in one for one in fired)
    assert any('sloth_severity="ticket"' in one for one in fired)
    assert all('sloth_id="kettle-boils"' in one and 'owner="tea"' in one for one in fired)


@pytest.mark.slow
def test_the_period_weighs_events_not_minutes(made_rules: Rules, evaluate) -> None:
    """100 requests a minute for an hour, half bad; then nine hours of one good request a minute."""
    series = counters(
        lambda minute: 0.5 if minute < 60 else 0.0, lambda minute: 100 if minute < 60 else 1, 600
    )
    query, minutes = "slo:sli_error:ratio_rate30d", [599]
    (ours,) = evaluate(made_rules(EVENTS), series, query, minutes)
    (theirs,) = evaluate(in_sloths_way(made_rules(EVENTS)), series, query, minutes)
    assert list(ours.values()) == pytest.approx([0.458], abs=0.02)  # 3,000 of 6,540 requests
    assert list(theirs.values()) == pytest.approx([0.055], abs=0.01)


def test_an_idle_time_does_not_spoil_the_period(made_rules: Rules, evaluate) -> None:
    series = counters(lambda minute: 0.1, lambda minute: 0 if 20 < minute < 40 else 30, 60)
    query, minutes = "slo:sli_error:ratio_rate30d", [59]
    (ours,) = evaluate(made_rules(EVENTS), series, query, minutes)
    (theirs,) = evaluate(in_sloths_way(made_rules(EVENTS)), series, query, minutes)
    assert list(ours.values()) == pytest.approx([0.1], abs=0.02)
    assert str(*theirs.values()) == "nan"


def test_no_data_raises_no_alert_and_has_no_ratio(made_rules: Rules, evaluate) -> None:
    assert evaluate(made_rules(EVENTS), {"up": "1x30"}, "ALERTS", [20]) == [{}]
    (found,) = evaluate(made_rules(EVENTS), {"up": "1x30"}, "slo:sli_error:ratio_rate5m", [20])
    assert found == {}


def test_no_good_series_is_an_outage(made_rules: Rules, evaluate) -> None:
    series = {'boils_total{cold="yes"}': "0+10x30"}
    (found,) = evaluate(made_rules(opened()), series, "slo:sli_error:ratio_rate5m", [20])
    assert list(found.values()) == [1.0]


def test_time_slices_count_slices(made_rules: Rules, evaluate) -> None:
    """Of every ten minutes two are half bad: by slices of two minutes 20 % are."""
    text = opened(
        method="Timeslices", objective="{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 2m}"
    )
    series = counters(lambda minute: 0.5 if minute % 10 in (5, 6) else 0, lambda _: 40, 121)
    (found,) = evaluate(made_rules(text), series, "slo:sli_error:ratio_rate1h", [120])
    (share,) = found.values()
    assert share == pytest.approx(0.2, abs=0.08)


def test_a_threshold_counts_minutes_beyond_it_and_leaves_nan_out(
    made_rules: Rules, evaluate
) -> None:
    text = opened(
        indicator="thresholdMetric: {metricSource: {type: Prometheus, "
        "spec: {query: max(boiling_seconds)}}}",
        objective="{target: 0.9, op: lte, value: 0.5}",
    )
    series = {"boiling_seconds": " ".join(["0.2", "0.9", "0.3", "NaN"] * 20)}
    (found,) = evaluate(made_rules(text), series, "slo:sli_error:ratio_rate1h", [79])
    assert list(found.values()) == pytest.approx([1 / 3], abs=0.01)


def test_a_query_nested_without_end_is_refused_before_it_is_parsed() -> None:
    deep = EVENTS.replace("sum(rate(boils_total[", "(" * 5000 + "sum(rate(boils_total[")
    with pytest.raises(ConfigurationError, match=r"longer than|more than"):
        groups_of(parse([("f", deep)]))
