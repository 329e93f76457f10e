"""Views of what is seen: panels and alerts, scrapes and gaps, answers to alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.model.observability import ObservabilityCheck


def test_the_revision_looked_at_last_counts(record, at, write, query) -> None:
    def look(minute: int, subject: str, passed: bool | None, reason: str | None) -> object:
        return record(
            ObservabilityCheck, service="menu", kind="objective_alert", subject=subject,
            passed=passed, reason=reason, observed_at=at(minute), revision=f"r{minute}",
        )  # fmt: skip

    write("first", look(0, "menu/a", False, "no alert on it"))
    write("second", look(5, "menu/a", True, None), look(5, "menu/b", False, "no alert on it"),
          look(5, "menu/c", None, "cannot be read"))  # fmt: skip
    (row,) = query("SELECT * FROM observability_coverage")
    assert (row["revision"], row["checked"], row["present"], row["unknown"]) == ("r5", 2, 1, 1)
    assert row["covered"] is False
    assert row["missing"] == "menu/b: no alert on it; menu/c: cannot be read"


def test_what_is_not_known_is_not_covered(record, write, query) -> None:
    write("only", record(ObservabilityCheck, service="menu", passed=None, reason="no folder"))
    (row,) = query("SELECT covered, checked FROM observability_coverage")
    assert row == {"covered": False, "checked": 0}


@pytest.mark.parametrize(
    ("severity", "acknowledged", "resolved", "in_time", "reason"),
    [
        ("page", 4, 30, True, None),
        ("Critical", 5, None, True, None),
        ("critical", 6, 30, False, None),
        ("critical", None, 3, None, "its source does not say"),
        ("page", None, None, None, "nobody is known"),
        ("ticket", 400, None, None, None),
    ],
)
def test_pages_are_to_be_taken_on_within_five_minutes(
    record, at, write, query, severity, acknowledged, resolved, in_time, reason
) -> None:
    when = lambda minute: None if minute is None else at(minute)  # noqa: E731
    write("incident", record(
        Incident, severity=severity, opened_at=at(0), acknowledged_at=when(acknowledged),
        resolved_at=when(resolved),
    ))  # fmt: skip
    (row,) = query("SELECT in_time, reason, response_seconds, recovery_seconds FROM alert_response")
    assert row["in_time"] is in_time
    assert (reason is None) == (row["reason"] is None)
    assert reason is None or reason in str(row["reason"])
    assert row["response_seconds"] == (None if acknowledged is None else 60 * acknowledged)
    assert row["recovery_seconds"] == (None if resolved is None else 60 * resolved)


@pytest.mark.parametrize(
    ("source", "severity", "acknowledged", "resolved", "in_time"),
    [
        ("pagerduty", "high", 4, 30, True),  # no priority: who is paged is by urgency
        ("pagerduty", "low", 4, 30, None),
        ("pagerduty", "P1", None, 30, False),
        ("pagerduty", "P1", None, None, False),
        ("opsgenie", "P1", None, 30, False),
        ("pagerduty", "P1", None, 3, None),  # over before anybody was late
        ("alertmanager", "page", None, 30, None),
    ],
)
def test_nobody_is_late_where_the_source_tells_who_took_it_on(
    record, at, write, query, source, severity, acknowledged, resolved, in_time
) -> None:
    when = lambda minute: None if minute is None else at(minute)  # noqa: E731
    write("incident", record(
        Incident, source=source, severity=severity, opened_at=at(0),
        acknowledged_at=when(acknowledged), resolved_at=when(resolved),
    ))  # fmt: skip
    (row,) = query("SELECT critical, in_time, reason FROM alert_response")
    assert row["in_time"] is in_time
    assert (row["reason"] is None) == (not row["critical"] or acknowledged is not None)


def scraped(record, at, seconds: list[int], instance: str = "a:1", **fields: object) -> list:
    return [
        record(
            Sample, service="menu", environment="production", revision="r", name=name,
            labels=f'{{"instance": "{instance}"}}', observed_at=at(0) + timedelta(seconds=second),
            **fields,
        )
        for second in seconds
        for name in ("requests_total", "errors_total")
    ]  # fmt: skip


def test_time_without_scrapes_is_a_gap(record, at, write, query) -> None:
    seconds = [*range(50), *range(90, 141)]  # 41 s without one, 40 s longer than usual
    write("samples", *scraped(record, at, seconds))
    (row,) = query("SELECT * FROM monitoring_uptime")
    assert (row["scrapes"], row["gaps"], row["instances"]) == (101, 1, 1)
    assert (row["usual_pause_seconds"], row["longest_pause_seconds"]) == (1, 41)
    assert row["seen_ratio"] == pytest.approx(100 / 140)


def test_instances_do_not_hide_each_others_gaps(record, at, write, query) -> None:
    write("samples", *scraped(record, at, [*range(10), *range(30, 40)]),
          *scraped(record, at, list(range(40)), "b:1"))  # fmt: skip
    (row,) = query("SELECT instances, gaps, seen_ratio FROM monitoring_uptime")
    assert (row["instances"], row["gaps"]) == (2, 1)
    assert row["seen_ratio"] == pytest.approx(1 - 20 / 78)


@pytest.mark.parametrize("seconds", [[0], [0, 3600]])
def test_one_pause_tells_nothing_of_uptime(record, at, write, query, seconds) -> None:
    write("samples", *scraped(record, at, seconds))
    (row,) = query("SELECT scrapes, seen_ratio FROM monitoring_uptime")
    assert row == {"scrapes": len(seconds), "seen_ratio": None}


def test_gaps_as_many_as_pauses_are_gaps(record, at, write, query) -> None:
    write("samples", *scraped(record, at, [0, 15, 3615]))
    (row,) = query("SELECT gaps, seen_ratio FROM monitoring_uptime")
    assert row["gaps"] == 1
    assert row["seen_ratio"] == pytest.approx(30 / 3615)


def up(record, at, answers: dict[int, float]) -> list:
    return [
        record(
            Sample, service="menu", environment="production", revision="r", name="up",
            labels='{"instance": "a:1"}', value=value,
            observed_at=at(0) + timedelta(seconds=second),
        )
        for second, value in answers.items()
    ]  # fmt: skip


def test_every_other_scrape_that_fails_is_half_of_the_time(record, at, write, query) -> None:
    write("samples", *up(record, at, {second: float(second % 2 == 0) for second in range(41)}))
    (row,) = query("SELECT scrapes, unanswered, gaps, seen_ratio FROM monitoring_uptime")
    assert row == {"scrapes": 21, "unanswered": 20, "gaps": 0, "seen_ratio": 0.5}


def test_a_target_that_is_down_was_not_scraped(record, at, write, query) -> None:
    write("samples", *up(record, at, dict.fromkeys(range(5), 0.0)))
    (row,) = query("SELECT scrapes, unanswered, first_scrape, seen_ratio FROM monitoring_uptime")
    assert row == {"scrapes": 0, "unanswered": 5, "first_scrape": None, "seen_ratio": 0}
