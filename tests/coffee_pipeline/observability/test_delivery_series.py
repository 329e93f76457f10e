from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision
from coffee_pipeline.observability.delivery_series import SERIES, exposition
from coffee_pipeline.observability.stack import DASHBOARDS, generate
from coffee_pipeline.observability.subject import Subject

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def deployment(number: int, days_ago: float, outcome: str) -> Deployment:
    end = NOW - timedelta(days=days_ago)
    return Deployment(
        deployment_id=str(number), service="menu", environment="production", revision=f"r{number}",
        artifact_digest="d", strategy="canary", cause="test", previous_revision=None,
        started_at=end - timedelta(minutes=5), finished_at=end, outcome=outcome, reason="",
    )  # fmt: skip


def revision(number: int, before: Deployment, hours: float) -> Revision:
    moment = before.finished_at - timedelta(hours=hours)
    return Revision(
        platform="go-coffee", revision=f"r{number}", parent=None, branch="main", author_name="Ada",
        author_email="ada@example.com", authored_at=moment, committed_at=moment, subject="change",
    )  # fmt: skip


def values(home: Home, *records: Record) -> dict[tuple[str, str], float]:
    if records:
        HistoryWriter(home).write(
            Evidence(materialization="all", outcome=Outcome.COMPLETED, records=records)
        )
    history = HistoryReader(home)
    history.refresh()
    return {
        (one.name, json.dumps(one.labels, sort_keys=True)): one.value
        for family in text_string_to_metric_families(exposition(history, NOW))
        for one in family.samples
    }


def test_an_empty_history_has_no_numbers(home: Home) -> None:
    assert values(home) == {}


def test_numbers_are_those_of_the_last_days(home: Home) -> None:
    good, bad, old = (
        deployment(1, 2, "succeeded"), deployment(2, 1, "rolled_back"),
        deployment(3, 40, "succeeded"),
    )  # fmt: skip
    incident = Incident(
        incident_id="i", service="menu", environment="production", revision=None,
        deployment_id=None, title="slow", severity="page", source="test",
        opened_at=NOW - timedelta(hours=3), resolved_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    found = values(home, good, bad, old, revision(1, good, 2), incident)
    own = {"environment": "production", "service": "menu"}

    def value(name: str, **labels: str) -> float:
        return found[(name, json.dumps({**own, **labels}, sort_keys=True))]

    assert value("coffee_deployments", outcome="succeeded") == 1
    assert value("coffee_deployments", outcome="rolled_back") == 1
    assert value("coffee_last_lead_time_seconds") == 7200
    assert value("coffee_last_recovery_seconds") == 3600
    assert value("coffee_incidents", severity="page", state="resolved") == 1
    assert value("coffee_last_deployment_timestamp_seconds") == bad.finished_at.timestamp()


def test_dashboards_ask_only_for_series_that_there_are(subject: Subject) -> None:
    files = generate(subject)
    asked = {
        name
        for board in ("pipeline", "dora")
        for name in re.findall(r"\bcoffee_\w+", files[f"{DASHBOARDS}/{board}.json"])
    }
    assert asked == set(SERIES)
