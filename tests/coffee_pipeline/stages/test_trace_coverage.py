"""What cannot be counted is never 100 %, nor 0 %."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from coffee_pipeline.cli.main import application
from coffee_pipeline.cli.traces import _print
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.trace import TraceCoverage
from coffee_pipeline.stages.trace_coverage import (
    GatewayCount,
    Window,
    counted_by_gateway,
    counted_by_prometheus,
    measure_coverage,
)
from coffee_pipeline.tools.traces.stores import trace_store

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
WINDOW = Window("menu", "production", START, START + timedelta(minutes=1))
LATER = START + timedelta(hours=1)


def traces(count: int) -> list[object]:
    at = int(START.timestamp() * 1e6)
    return [
        [{"traceId": f"{number:x}", "id": "1", "kind": "SERVER", "timestamp": at + number,
          "duration": 5, "localEndpoint": {"serviceName": "menu"}}]
        for number in range(1, count + 1)
    ]  # fmt: skip


def coverage(api, counted: GatewayCount, now: datetime = LATER) -> TraceCoverage:
    with api.client() as client:
        evidence: Evidence = measure_coverage(client, trace_store("zipkin"), WINDOW, counted, now)
    found = evidence.records[0]
    assert isinstance(found, TraceCoverage)
    assert (evidence.outcome, evidence.reason) == (found.outcome, found.reason)
    return found


def test_a_store_that_is_not_there_is_not_run(api, reply) -> None:
    api.on("/api/v2/traces", reply({"message": "gone"}, 403))
    found = coverage(api, GatewayCount(10, "given"))
    assert (found.outcome, found.ratio, found.complete, found.missing) == (
        "not_run", None, None, None,
    )  # fmt: skip
    assert found.requests == 10
    assert found.reason is not None
    assert "gone" in found.reason


def test_a_gateway_that_is_not_there_is_not_run(api, home: Home) -> None:
    found = coverage(api, counted_by_gateway(home, WINDOW))
    assert (found.outcome, found.ratio, found.requests) == ("not_run", None, None)
    assert found.reason is not None
    assert "no local environment" in found.reason
    assert api.asked == []


def test_no_request_is_no_full_coverage(api, reply) -> None:
    api.on("/api/v2/traces", reply([]))
    found = coverage(api, GatewayCount(0, "given"))
    assert (found.outcome, found.ratio) == ("not_run", None)


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        ([], 200, "completed"), ([[]], 200, "completed"), ({}, 200, "not_run"),
        ("<html>", 200, "not_run"), ([None], 200, "not_run"), ([[{}]], 200, "not_run"),
        ([], 204, "not_run"), ([], 302, "not_run"), ({"x": 1}, 500, "not_run"),
    ],
)  # fmt: skip
def test_a_store_that_is_empty_or_broken_covers_nothing(api, reply, body, status, outcome) -> None:
    api.on("/api/v2/traces", reply(body, status))
    found = coverage(api, GatewayCount(10, "given"))
    assert (found.outcome, found.ratio) == (outcome, 0.0 if outcome == "completed" else None)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "x", "0", "0.3"])
def test_a_count_that_is_none_is_no_full_coverage(api, reply, value: str) -> None:
    body = {"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {}, "value": [1, value]}]}}  # fmt: skip
    api.on("/api/v1/query", reply(body))
    api.on("/api/v2/traces", reply(traces(5)))
    found = coverage(api, counted_by_prometheus(api.url, "sum(rq)", WINDOW))
    assert (found.outcome, found.ratio) == ("not_run", None)


def test_more_traces_than_requests_are_no_ratio(api, reply) -> None:
    api.on("/api/v2/traces", reply(traces(5)))
    found = coverage(api, GatewayCount(4, "given"))
    assert (found.outcome, found.ratio, found.complete, found.missing) == ("partial", None, 5, None)
    assert found.reason is not None
    assert found.reason.startswith("5 requests were traced and 4 counted")


def test_a_window_that_just_ended_is_partial(api, reply) -> None:
    api.on("/api/v2/traces", reply(traces(4)))
    found = coverage(api, GatewayCount(5, "given"), WINDOW.end + timedelta(seconds=3))
    assert (found.outcome, found.ratio) == ("partial", 0.8)
    assert coverage(api, GatewayCount(5, "given")).outcome == "completed"


@pytest.mark.parametrize(
    ("status", "body", "requests"),
    [
        (200, {"status": "success", "data": {"resultType": "vector", "result": [
            {"metric": {}, "value": [1, "41.7"]}]}}, 42),
        (200, {"status": "success", "data": {"resultType": "vector", "result": []}}, None),
        (422, {"status": "error", "errorType": "execution", "error": "too much"}, None),
        (200, {"hello": 1}, None),
        (200, [], None),
    ],
)  # fmt: skip
def test_requests_are_counted_by_prometheus(api, reply, status, body, requests) -> None:
    api.on("/api/v1/query", lambda asked: reply(body, status))
    found = counted_by_prometheus(api.url, "sum(increase(rq[{window}]))", WINDOW)
    assert found.requests == requests
    assert (found.reason is None) == (requests is not None)


def test_one_missing_among_many_is_not_printed_as_all(api, reply, capsys) -> None:
    api.on("/api/v2/traces", reply(traces(5)))
    found = coverage(api, GatewayCount(5, "given"))
    for complete, words in ((99_999, "(99.99 %"), (100_000, "(100.00 %")):
        _print(replace(found, requests=100_000, complete=complete, ratio=complete / 100_000), [])
        assert words in capsys.readouterr().out


def test_the_command_stores_what_it_says(api, reply, home: Home) -> None:
    api.on("/api/v2/traces", reply(traces(96)))
    words = [
        "--data-dir", str(home.root), "traces", "coverage", "menu", "--store", "zipkin",
        "--url", api.url, "--from", "2026-03-01T09:00:00", "--until", "2026-03-01T09:01:00",
    ]  # fmt: skip
    run = CliRunner().invoke(application(["traces"]), [*words, "--requests", "100", "--json"])
    assert run.exit_code == 0, run.output
    said = json.loads(run.output)
    assert (said["ratio"], said["gaps"][0]["kind"]) == (0.96, "absent")
    run = CliRunner().invoke(application(["traces"]), [*words, "--requests", "102"])
    assert run.exit_code == 1
    assert "96 of 102 requests seen end to end (94.12 %, goal > 95 %)" in run.output
    for requests, percent in ((96, "100.00"), (97, "98.97")):
        run = CliRunner().invoke(application(["traces"]), [*words, "--requests", str(requests)])
        assert f"({percent} %" in run.output
    run = CliRunner().invoke(application(["traces"]), words)
    assert run.exit_code == 3
    assert "not_run" in run.output
