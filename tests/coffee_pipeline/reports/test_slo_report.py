"""The SLO report over kept samples: a regression burns the budget, and numbers open to rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.reports.page import Page, Table
from coffee_pipeline.reports.render import to_html, to_markdown
from coffee_pipeline.reports.slo import level_facts, slo_page
from coffee_pipeline.reports.slo_document import slo_document
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import of_rows
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.series_source import Fetched
from tests.coffee_pipeline.reports.conftest import NOW, REVISIONS, facts

TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: NAME}
spec:
  service: orders
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(all_total)}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: METHOD
  objectives: [{target: 0.999, timeSliceTarget: 0.95, timeSliceWindow: 5m}]
"""
FAULT = (NOW - timedelta(minutes=290), NOW - timedelta(minutes=283))
"""When the revision that was rolled back ran."""
GAP = (NOW - timedelta(days=10), NOW - timedelta(days=8))


class Made:
    """Sixty requests a minute; half of them bad while the faulty release ran; two days unknown."""

    name = "recorded"

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        times = np.arange(start, end, step)
        total = np.full(len(times), 60.0)
        faulty = (times >= FAULT[0].timestamp()) & (times < FAULT[1].timestamp())
        good = np.where(faulty, 30.0, 60.0)
        if slo.name == "orders-availability":
            # A single bad request a day besides.
            good = good - (times % 86_400 == 43_200)
        if slo.name == "orders-burst":
            total[times == int(FAULT[0].timestamp())] = 100_000.0
        unknown = (times >= GAP[0].timestamp()) & (times < GAP[1].timestamp())
        total[unknown] = np.nan
        return Fetched(of_rows(times, good, total, step), ())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> HistoryReader:
    home = Home(tmp_path_factory.mktemp("kept")).prepare()
    writer = HistoryWriter(home)
    writer.write(Evidence(materialization="story", outcome=Outcome.COMPLETED, records=facts()))
    days = [(NOW - timedelta(days=back)).date() for back in range(36)]
    methods = {
        "orders-availability": "Occurrences", "orders-burst": "Occurrences",
        "orders-speed": "Timeslices",
    }  # fmt: skip
    for name, method in methods.items():
        (slo,) = parse([("f", TEXT.replace("NAME", name).replace("METHOD", method))])
        owned = Owned("go-coffee", "orders", "@ordering", "production", slo)
        for evidence in measure_days(owned, days, Made(), NOW):
            writer.write(evidence)
    history = HistoryReader(home)
    history.refresh()
    return history


@pytest.fixture(scope="module")
def page(kept: HistoryReader) -> Page:
    return slo_page(kept, "go-coffee", NOW)


@pytest.fixture(scope="module")
def document(kept: HistoryReader) -> dict:
    return json.loads(json.dumps(slo_document(level_facts(kept, "go-coffee", NOW))))


def table(page: Page, title: str) -> Table:
    return next(one for section in page.sections for one in section.tables if one.title == title)


def objective(document: dict, name: str) -> dict:
    return next(one for one in document["objectives"] if one["slo"] == name)


def test_numbers_are_those_of_the_samples(document: dict) -> None:
    minutes = 26 * 1440
    found = objective(document, "orders-availability")
    # Noon of each of the 28 days but for two that are not known; the regression took 7 x 30.
    bad = 7 * 30 + 26
    assert (found["total"], found["good"]) == (minutes * 60, minutes * 60 - bad)
    assert found["covered"] == pytest.approx(26 / 28)
    assert found["budget_left"] == pytest.approx(1 - bad / (minutes * 60 * 0.001))
    speed = objective(document, "orders-speed")
    assert (speed["unit"], speed["total"] - speed["good"]) == ("slices", 2)
    assert (found["team"], speed["source"]) == ("@ordering", "recorded")
    assert {one["name"]: one["objectives"] for one in document["teams"]}["@ordering"] == 4


def test_the_regression_is_the_release_that_burnt_the_budget(document: dict) -> None:
    releases = [one for one in document["releases"] if one["slo"] == "orders-availability"]
    worst = releases[0]
    assert (worst["revision"], worst["outcome"]) == (REVISIONS[2], "rolled_back")
    assert (worst["bad"], worst["total"]) == (210, 420)
    assert worst["budget_share"] == pytest.approx(210 / (26 * 1440 * 60 * 0.001), abs=1e-9)
    # Everything bad ran under some release, known or not.
    assert sum(one["bad"] for one in releases) == 7 * 30 + 26
    hour = document["worst_hours"][0]
    assert hour["start"] == "2026-03-20T07:00:00Z"


def test_gaps_are_gaps(document: dict) -> None:
    days = objective(document, "orders-availability")["history"]["days"]
    assert len(days) == 30
    unknown = [one for one in days if one["ratio"] is None]
    assert [one["start"][:10] for one in unknown] == ["2026-03-11"]
    assert [one["covered"] for one in days if one["start"].startswith("2026-03-10")] == [0.5]


def test_methods_that_disagree_in_sign_are_remarked_on(page: Page) -> None:
    """A single minute with more traffic than a day: few slices, too many events."""
    found = {row[0].text: row for row in table(page, "By events and by slices").rows}
    burst = found.pop("orders-burst")
    assert burst[3].text.startswith("-")
    assert not burst[6].text.startswith("-")
    assert burst[7].text == "they disagree in sign"
    assert {row[7].text for row in found.values()} == {""}
    text = to_markdown(page)
    assert "They disagree in sign for orders-burst" in text


def test_every_number_opens_to_rows_that_add_up(kept: HistoryReader, page: Page) -> None:
    opened = [
        one
        for section in page.sections
        for each in section.tables
        for group in each.opened
        for one in group
    ]
    assert len(opened) > 20
    for one in opened:
        answer = kept.answer(one.sql)
        assert (answer.columns, len(answer.rows)) == (one.columns, one.total)
    for each in (table for section in page.sections for table in section.tables):
        assert len(each.opened) in (0, len(each.rows))
    document = json.loads(json.dumps(slo_document(level_facts(kept, "go-coffee", NOW))))
    found = objective(document, "orders-availability")
    rows = kept.query(found["sql"])
    assert sum(row["good"] for row in rows) == found["good"]
    assert sum(row["total"] for row in rows) == found["total"]
    rows = kept.query(objective(document, "orders-speed")["sql"])
    assert sum(row["slices"] - row["reached"] for row in rows) == 2


def test_teams_and_services_have_the_statements_of_their_objectives(
    kept: HistoryReader, document: dict
) -> None:
    for kind, name, total in (("teams", "@ordering", 4), ("services", "menu", 2)):
        (found,) = [one for one in document[kind] if one["name"] == name]
        rows = [row for sql in found["sql"] for row in kept.query(sql)]
        expected = {(one["service"], one["slo"]) for one in document["objectives"]
                    if name in (one["team"], one["service"])}  # fmt: skip
        assert {(row["service"], row["slo"]) for row in rows} == expected
        assert len(rows) == found["objectives"] == total


def test_one_service_is_reported_on_alone(kept: HistoryReader) -> None:
    everything = level_facts(kept, "go-coffee", NOW)
    facts = level_facts(kept, "go-coffee", NOW, service="orders")
    assert {one.service for one in (*facts.objectives, *facts.others)} == {"orders"}
    own = [one for one in everything.objectives if one.service == "orders"]
    assert [(one.slo, one.total) for one in facts.objectives] == [
        (one.slo, one.total) for one in own
    ]
    page = slo_page(kept, "go-coffee", NOW, service="orders")
    assert page.title == "Service level objectives of orders"
    assert page.numbers["objectives"] == len(own) > 1


class Few:
    """So many requests, all in the first minute of a day; everything else is idle or unknown."""

    name = "recorded"

    def __init__(self, requests: float, minutes: int) -> None:
        self.requests, self.minutes = requests, minutes

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        times = start + step * np.arange(self.minutes)
        total = np.where(times == start, self.requests, 0.0)
        return Fetched(of_rows(times, total, total, step), ())


@pytest.mark.parametrize(
    ("requests", "minutes", "events", "time"),
    [
        (29, 60, "a small number", "1 day, less than a day is known"),
        (999, 60, "a single bad event overdraws the budget", "1 day, less than a day is known"),
        (1000, 1440, "", "1 day"),
    ],
)
def test_little_is_said_to_be_little(
    home: Home, requests: int, minutes: int, events: str, time: str
) -> None:
    (slo,) = parse([("f", TEXT.replace("NAME", "rare").replace("METHOD", "Occurrences"))])
    owned = Owned("go-coffee", "orders", None, "production", slo)
    yesterday = (NOW - timedelta(days=1)).date()
    for evidence in measure_days(owned, [yesterday], Few(requests, minutes), NOW):
        HistoryWriter(home).write(evidence)
    history = HistoryReader(home)
    history.refresh()
    page = slo_page(history, "go-coffee", NOW)
    (row,) = table(page, "Attained over the period").rows
    assert (row[3].text, row[4].detail, row[6].detail) == ("100 %", events, time)
    small = requests < 30
    (days,) = table(page, "Days").rows
    assert days[1].detail == ("1 with a small number of events" if small else "")
    document = slo_document(level_facts(history, "go-coffee", NOW))
    found = objective(document, "rare")
    assert found["small_number"] is small
    burns = [(one["total"], one["small_number"]) for one in found["burn_rates"]]
    assert (requests, small) in burns  # over three days
    assert [one["small_number"] for one in found["history"]["days"] if one["total"]] == [small]
    (burning,) = table(page, "By window").rows
    assert any("a small number" in cell.detail for cell in burning) is small


def test_two_platforms_with_a_service_of_one_name_are_told_apart(home: Home) -> None:
    (slo,) = parse([("f", TEXT.replace("NAME", "rare").replace("METHOD", "Occurrences"))])
    day = (NOW - timedelta(days=1)).date()
    for platform, requests in (("tea", 5_000), ("pot", 7_000)):
        owned = Owned(platform, "orders", None, "production", slo)
        for evidence in measure_days(owned, [day], Few(requests, 1440), NOW):
            HistoryWriter(home).write(evidence)
    history = HistoryReader(home)
    history.refresh()
    for platform, requests in (("tea", 5_000), ("pot", 7_000)):
        (found,) = slo_document(level_facts(history, platform, NOW))["objectives"]
        assert found["total"] == requests
        assert sum(row["total"] for row in history.query(found["sql"])) == requests
        days = history.query(found["history"]["sql"])
        assert [row["total"] for row in days] == [requests]


def test_the_forecast_has_its_uncertainty_and_the_policy_its_step(page: Page) -> None:
    rows = table(page, "Exhaustion, forecast and policy").rows
    found = {row[0].text: row for row in rows}["orders-availability"]
    assert " to " in found[4].text
    assert "in 7 days, from 26 days" in found[3].detail
    assert found[6].text == "none due"


def test_a_report_of_the_past_knows_nothing_of_later(kept: HistoryReader) -> None:
    at = NOW - timedelta(days=1)
    found = level_facts(kept, "go-coffee", at).objectives
    availability = next(one for one in found if one.slo == "orders-availability")
    assert availability.total is not None
    assert availability.good is not None
    assert availability.total - availability.good == Fraction(28 - 2)
    assert all(one.now <= at for one in found)


def test_html_folds_the_rows_and_stays_narrow(page: Page, tmp_path: Path) -> None:
    html = to_html(page)
    assert html.count("<details>") > 20
    assert "FROM level_samples" in html
    assert 'content="width=device-width, initial-scale=1"' in html
    assert "SELECT date_trunc" in to_markdown(page)


def test_an_objective_no_day_of_which_is_known_has_no_numbers(home: Home) -> None:
    (slo,) = parse([("f", TEXT.replace("NAME", "orders-speed").replace("METHOD", "Timeslices"))])

    class Down:
        name = "api"

        def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
            empty = np.empty(0)
            return Fetched(of_rows(empty, empty, empty, step), ("prometheus answered 503",))

    owned = Owned("go-coffee", "orders", None, "production", slo)
    for evidence in measure_days(owned, [(NOW - timedelta(days=1)).date()], Down(), NOW):
        assert evidence.outcome is Outcome.NOT_RUN
        HistoryWriter(home).write(evidence)
    history = HistoryReader(home)
    history.refresh()
    found = slo_page(history, "go-coffee", NOW)
    assert found.numbers["orders-speed attained"] == "no data"
    assert found.numbers["objectives measured"] == 0
    text = to_markdown(found)
    assert "prometheus answered 503" in text
    assert "100 %" not in text.partition("## Overview")[2]


def test_a_statement_of_a_name_with_a_quote_is_still_one(home: Home) -> None:
    from coffee_pipeline.reports.opening import literal, opening

    history = HistoryReader(home)
    with opening(history) as opener:
        found = opener.open("x", f"SELECT {literal(chr(39) + '; DROP TABLE x')} AS name")
    assert found.rows == (("'; DROP TABLE x",),)
    assert literal(datetime(2026, 1, 2, tzinfo=UTC)) == "TIMESTAMP '2026-01-02 00:00:00'"
