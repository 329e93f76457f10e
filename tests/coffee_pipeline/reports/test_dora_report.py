"""The delivery report on records like those of the bundled story, opened to its rows."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from coffee_pipeline.dora.metrics import DeliveryPerformance
from coffee_pipeline.dora.trend import Step
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.incident import Incident, IncidentVersion
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.calendar import WEEKDAYS, CalendarSettings
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.dora_document import performance_document
from coffee_pipeline.reports.dora_facts import recorded_performance, told_later
from coffee_pipeline.reports.page import Page
from coffee_pipeline.reports.wording import moment
from tests.coffee_pipeline.reports.conftest import NOW, REVISIONS, at, deployment, revision, state

TEAMS = {"orders": "ordering", "menu": "menus"}


def run(step: str, stage: str, index: int, ended: float) -> StageRun:
    return StageRun(
        delivery=f"delivery-{index}", platform="go-coffee", service="orders",
        revision=REVISIONS[index], stage=stage, step=step, outcome="completed", verdict="passed",
        reason=None, started_at=at(ended + 1), finished_at=at(ended),
    )  # fmt: skip


def story() -> list[Record]:
    """A first release, a feature, a regression that its canary shows, and the fix of it."""
    ran = {"previous_revision": REVISIONS[1]}
    return [
        revision(0, 2000, "Lay out the platform"),
        revision(1, 300, "orders: price with tax"),
        revision(2, 200, "orders: reserve beans"),
        revision(3, 150, "orders: release the reservation"),
        *(state(index, "orders", f"o{index}") for index in range(4)),
        deployment("d1", "orders", 0, 1990, 1980, "succeeded", strategy="initial",
                   previous_revision=None),
        deployment("d2", "orders", 1, 270, 260, "succeeded"),
        deployment("d3", "orders", 2, 170, 160, "rolled_back", reason="success_rate 0.9", **ran),
        deployment("d4", "orders", 3, 130, 120, "succeeded", **ran),
        Incident(
            incident_id="INC-1", service="orders", environment="production", revision=REVISIONS[2],
            deployment_id="d3", title="orders: canary answers 500", severity="high",
            source="rollout", opened_at=at(164), resolved_at=at(160),
        ),
        run("binary", "build", 3, 148), run("image", "build", 3, 146),
        run("test_results", "test", 3, 147), run("static_analysis", "scan", 3, 140),
        run("staging_deployment", "rollout", 3, 133),
    ]  # fmt: skip


def write(home: Home, name: str, *records: Record) -> HistoryReader:
    HistoryWriter(home).write(
        Evidence(materialization=name, outcome=Outcome.COMPLETED, records=records)
    )
    reader = HistoryReader(home)
    reader.refresh()
    return reader


@pytest.fixture
def told(home: Home) -> HistoryReader:
    return write(home, "told", *story())


def test_a_calendar_adds_the_working_time_to_lead_time_and_frequency(told: HistoryReader) -> None:
    # All of the story but its first release happens on the day of the report: nobody works on it.
    calendar = WorkingCalendar(CalendarSettings(working_days=WEEKDAYS, holidays=[NOW.date()]))
    page = dora_page(told, "go-coffee", NOW, calendar=calendar)
    lead, frequency = page.sections[0].tables[0].rows[0], page.sections[0].tables[0].rows[1]
    assert (lead[1].detail, frequency[1].detail) == (
        "in working time 0.0 s",
        "in working time 1.0 a day",
    )
    assert any(
        "without the platform's own holidays (UTC)" in one for one in page.sections[-1].notes
    )
    bare = dora_page(told, "go-coffee", NOW)
    assert bare.sections[0].tables[0].rows[0][1].text == lead[1].text
    assert "working time" not in str(bare)


@pytest.fixture
def found(told: HistoryReader) -> DeliveryPerformance:
    return recorded_performance(told, "go-coffee", NOW, teams=TEAMS)


def section(page: Page, title: str):
    return next(one for one in page.sections if one.title == title)


def test_the_story_is_four_deployments_one_failed_its_recovery_and_the_rework(
    told: HistoryReader, found: DeliveryPerformance
) -> None:
    document = performance_document(found, "go-coffee")
    metrics = document["metrics"]
    assert document["deployments"]["count"] == 4
    assert (metrics["change_fail_rate"]["events"], metrics["change_fail_rate"]["count"]) == (1, 4)
    assert metrics["failed_deployment_recovery_time"]["value"] == 4 * 60
    assert (metrics["rework_rate"]["events"], metrics["rework_rate"]["value"]) == (1, 0.25)
    # d2 brought commit 1 in 40 minutes; d4 the stopped commit 2 in 80, and its own in 30.
    assert metrics["change_lead_time"]["value"] == 40 * 60
    (failure,) = document["failures"]
    assert (failure["deployment"], failure["evidence"], failure["confidence"]) == (
        "d3", "recorded", 1.0,
    )  # fmt: skip
    assert failure["incidents"] == ["INC-1"]


def test_every_number_opens_to_its_rows(told: HistoryReader, found: DeliveryPerformance) -> None:
    document = performance_document(found, "go-coffee")
    for metrics in (document["metrics"], *document["services"].values()):
        for name, metric in metrics.items():
            assert len(told.query(metric["sql"])) == metric["count"], name
    leads = told.query(document["metrics"]["change_lead_time"]["sql"])
    assert sorted(row["lead_seconds"] for row in leads) == [30 * 60, 40 * 60, 80 * 60]
    page = dora_page(told, "go-coffee", NOW, teams=TEAMS)
    (table,) = section(page, "The five metrics").tables
    assert [opened.total for (opened,) in table.opened] == [3, 3, 1, 4, 4]
    (failed,) = section(page, "Failed deployments").opened
    assert [row[0] for row in failed.rows] == ["d3"]


def test_the_lead_time_is_told_by_phase(found: DeliveryPerformance) -> None:
    # Commits 2 and 3 came with d4, whose stages are recorded; of d2's nothing is.
    medians = {one.name: one.spread and one.spread.median / 60 for one in found.phases}
    assert medians == {
        "commit to built": pytest.approx((54 + 4) / 2),
        "built to tested": 0,
        "tested to scanned": 6,
        "scanned to staged": 7,
        "staged to production": 13,
    }
    assert {(one.spread and one.spread.count, one.changes) for one in found.phases} == {(2, 3)}


def test_teams_are_compared_over_their_services(found: DeliveryPerformance) -> None:
    assert [(one.kind, one.service, sorted(one.members)) for one in found.teams] == [
        ("team", "ordering", ["orders"])
    ]
    assert found.teams[0].change_fail_rate.value == 0.25


def test_every_team_and_service_has_its_own_trend(home: Home) -> None:
    both = [deployment(f"d{name}", name, 0, 100, 90, "succeeded") for name in ("orders", "menu")]
    known = [revision(0, 200, "first"), state(0, "orders", "o"), state(0, "menu", "m")]
    history = write(home, "told", *known, *both, deployment("d3", "menu", 0, 80, 70, "rolled_back"))
    found = recorded_performance(history, "go-coffee", NOW, teams=TEAMS)
    document = performance_document(found, "go-coffee", Step.DAY)

    def last(points: list[dict[str, object]]) -> tuple[object, ...]:
        return points[-1]["attempted"], points[-1]["failed"]

    assert last(document["trend"]) == (3, 1)
    assert {name: last(points) for name, points in document["trends"]["services"].items()} == {
        "menu": (2, 1), "orders": (1, 0),
    }  # fmt: skip
    assert {name: last(points) for name, points in document["trends"]["teams"].items()} == {
        "menus": (2, 1), "ordering": (1, 0),
    }  # fmt: skip


def test_without_runs_of_stages_no_phase_has_a_length(history: HistoryReader) -> None:
    found = recorded_performance(history, "go-coffee", NOW)
    assert [one.spread for one in found.phases] == [None] * 5
    page = dora_page(history, "go-coffee", NOW)
    (table,) = section(page, "Lead time by phase").tables
    assert (table.rows, "no run" in table.empty) == ((), True)


def test_without_deployments_nothing_is_divided(told: HistoryReader) -> None:
    long_ago = recorded_performance(told, "go-coffee", NOW - timedelta(days=300))
    assert [one.value for one in long_ago.platform.metrics] == [None] * 5
    assert all(one.reason for one in long_ago.platform.metrics)


def test_unknown_revisions_and_forced_pushes_are_counted_and_said(home: Home) -> None:
    reader = write(
        home, "pushed", *story(),
        Deployment(
            deployment_id="d5", service="orders", environment="production", revision="f" * 40,
            artifact_digest="", strategy="direct", cause="delivery",
            previous_revision=REVISIONS[3], started_at=at(60), finished_at=at(50),
            outcome="succeeded", reason="",
        ),
    )  # fmt: skip
    found = recorded_performance(reader, "go-coffee", NOW)
    assert found.platform.lead_time.count == 3
    assert any("gap in recorded commits" in one for one in found.notes)


def test_one_commit_deployed_in_two_services_is_a_change_of_each(home: Home) -> None:
    records = [
        *story(),
        *(state(index, "menu", f"m{index // 3}") for index in range(4)),
        deployment("m1", "menu", 0, 1990, 1980, "succeeded", strategy="initial",
                   previous_revision=None),
        deployment("m2", "menu", 3, 130, 110, "succeeded"),
    ]  # fmt: skip
    found = recorded_performance(write(home, "two", *records), "go-coffee", NOW)
    delivered = [one.service for one in found.changes if one.revision == REVISIONS[3]]
    assert sorted(delivered) == ["menu", "orders"]


def test_a_report_as_of_an_earlier_time_knows_what_was_known_then(home: Home) -> None:
    *others, incident = (one for one in story() if not isinstance(one, StageRun))
    assert isinstance(incident, Incident)
    still_open = replace(incident, resolved_at=None)
    write(home, "story", *others)
    write(home, "opened", IncidentVersion(**asdict(still_open)))
    before_it_closed = datetime.now(UTC)
    write(home, "closed", IncidentVersion(**asdict(incident)))
    reader = write(home, "now", incident)

    before = recorded_performance(reader, "go-coffee", NOW, as_of=before_it_closed)
    after = recorded_performance(reader, "go-coffee", NOW)
    assert (before.platform.recovery_time.count, after.platform.recovery_time.count) == (0, 1)
    (late,) = told_later(reader, after)
    assert late.changed == (("resolved_at", None, incident.resolved_at),)

    page = dora_page(reader, "go-coffee", NOW, as_of=before_it_closed)
    assert "As it was known at" in page.subtitle
    (row,) = section(page, "Told later").tables[0].rows
    assert [cell.text for cell in row[1:]] == [
        "INC-1",
        f"resolved_at: nothing -> {moment(incident.resolved_at)} UTC",
    ]
    document = performance_document(after, "go-coffee", late=[late])
    assert document["told_later"][0]["changed"] == {
        "resolved_at": [None, incident.resolved_at.isoformat()]
    }
