"""Requests and answers of the metrics APIs, as their documentation shows them."""

from __future__ import annotations

import contextlib
import json
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.tools import (
    datadog_series,
    dynatrace_series,
    elasticsearch_series,
    loki_series,
    newrelic_series,
    prometheus_series,
)
from coffee_pipeline.tools.series_query import Credentials, Reading, SeriesQuery

QUERY = SeriesQuery("sum(x)", 1_700_000_040, 1_700_000_220, 60, {"index": "logs-*"})
STEPS = [1_700_000_040, 1_700_000_100, 1_700_000_160]
WHO = Credentials(token="secret", organisation="7", application_key="second")
APIS = [
    datadog_series,
    dynatrace_series,
    elasticsearch_series,
    loki_series,
    newrelic_series,
    prometheus_series,
]


def matrix(*series: list[list[object]]) -> dict[str, object]:
    return {
        "status": "success",
        "data": {
            "resultType": "matrix",
            "result": [{"metric": {"n": str(n)}, "values": one} for n, one in enumerate(series)],
        },
    }


def nerdgraph(*results: dict[str, object]) -> dict[str, object]:
    return {"data": {"actor": {"account": {"nrql": {"results": list(results)}}}}}


def bucket(begin: int, **numbers: object) -> dict[str, object]:
    return {"beginTimeSeconds": begin, "endTimeSeconds": begin + 60, **numbers}


def shards(failed: int = 0, total: int = 2, **rest: object) -> dict[str, object]:
    buckets = [{"key": at * 1000, "key_as_string": str(at), "doc_count": 4} for at in STEPS[:2]]
    return {
        "timed_out": False,
        "_shards": {"total": total, "successful": total - failed, "failed": failed},
        "aggregations": {"steps": {"buckets": buckets}},
        **rest,
    }


def points(values: list[object], *, at: int, **rest: object) -> dict[str, object]:
    times = [(one + at) * 1000 for one in STEPS[: len(values)]]
    data = [{"dimensions": [], "dimensionMap": {}, "timestamps": times, "values": values}]
    result = [{"metricId": "x", "data": data}]
    return {"totalCount": 1, "nextPageKey": None, "resolution": "1m", "result": result, **rest}


def pointlist(*values: object, interval: int = 60) -> dict[str, object]:
    pairs = [[at * 1000.0, value] for at, value in zip(STEPS, values, strict=False)]
    return {"status": "ok", "series": [{"interval": interval, "pointlist": pairs}]}


def read(api: ModuleType, answer: object, status: int = 200) -> Reading:
    return api.parse(QUERY, status, json.dumps(answer).encode())


@pytest.mark.parametrize(
    ("api", "answer", "events"),
    [
        (prometheus_series, matrix([[STEPS[0] + 60, "3"], [STEPS[1] + 60, "4.5"]]), [3, 4.5]),
        (prometheus_series, matrix([[STEPS[1], "1"]], [[STEPS[1], "2"]]), [3]),
        (prometheus_series, matrix([[STEPS[1], "NaN"], [STEPS[2], "+Inf"]]), []),
        (prometheus_series, matrix(), []),
        (loki_series, matrix([[STEPS[0] + 60, "3"]]), [3]),
        (datadog_series, pointlist(3.0, None, 5.0), [3, None, 5]),
        (newrelic_series, nerdgraph(*[bucket(at, count=2) for at in STEPS]), [2, 2, 2]),
        (dynatrace_series, points([3.0, None, 5], at=60), [3, None, 5]),
        (elasticsearch_series, shards(), [4, 4]),
    ],
    ids=lambda one: getattr(one, "NAME", None),
)
def test_events_of_each_step(api: ModuleType, answer: object, events: list[float | None]) -> None:
    expected = {at: one for at, one in zip(STEPS, events, strict=False) if one is not None}
    assert read(api, answer) == Reading(expected)


@pytest.mark.parametrize(
    ("api", "answer", "reason"),
    [
        (
            prometheus_series,
            {**matrix(), "warnings": ["store gone"]},
            "part of its data only: store",
        ),
        (prometheus_series, {**matrix(), "isPartial": True}, "part of its data only"),
        (loki_series, {**matrix(), "warnings": ["x"]}, "part of its data only"),
        (datadog_series, pointlist(1, interval=300), "rollup(sum, 60)"),
        (datadog_series, {"status": "error", "error": "Rule"}, "datadog answered 200: Rule"),
        (newrelic_series, {"errors": [{"message": "NRQL Syntax Error"}]}, "NRQL Syntax Error"),
        (newrelic_series, nerdgraph(bucket(1, a=1, b=2)), "must select one number"),
        (dynatrace_series, points([1], at=60, nextPageKey="p"), "part of its data only"),
        (dynatrace_series, points([1], at=60, resolution="5m"), "in steps of 5m"),
        (dynatrace_series, points([1], at=60, warnings=["lost"]), "part of its data only: lost"),
        (elasticsearch_series, shards(timed_out=True), "part of its data only: timed_out"),
        (elasticsearch_series, shards(failed=1), "1 of 2 shards failed"),
        (elasticsearch_series, shards(total=0), "no index of this name"),
    ],
)
def test_partial_and_refused_answers_are_no_data(
    api: ModuleType, answer: object, reason: str
) -> None:
    reading = read(api, answer)
    assert (reading.events, reading.transient) == ({}, False)
    assert reason in str(reading.reason)


def test_remarks_on_the_query_are_no_missing_data() -> None:
    answer = {**matrix([[STEPS[1], "1"]]), "warnings": ["PromQL warning: x"], "infos": ["y"]}
    assert read(prometheus_series, answer).events == {STEPS[0]: 1}


@pytest.mark.parametrize("api", APIS, ids=lambda one: one.NAME)
@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (401, False), (403, False), (404, False), (422, False), (429, True),
     (500, True), (502, True), (503, True), (504, True)],
)  # fmt: skip
def test_statuses_are_final_or_worth_a_retry(api: ModuleType, status: int, transient: bool) -> None:
    for body in (b"<html>down</html>", b"[]", b'{"status": "error", "error": "no"}'):
        try:
            reading = api.parse(QUERY, status, body)
        except ParseError:
            assert not transient
            continue
        assert reading.transient == transient
        assert str(status) in str(reading.reason)


def test_the_servers_own_words_are_kept() -> None:
    told = {"status": "error", "errorType": "execution", "error": "too many\nsamples"}
    reading = read(prometheus_series, told, 422)
    assert reading.reason == "prometheus answered 422: execution: too many samples"
    told = {"error": {"reason": "no such index"}, "status": 404}
    assert "no such index" in str(read(elasticsearch_series, told, 404).reason)
    told = {"error": {"code": 400, "message": "bad selector"}}
    assert "bad selector" in str(read(dynatrace_series, told, 400).reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["status", "data", "result", "resultType", "values", "series", "pointlist", "interval",
             "errors", "error", "actor", "account", "nrql", "results", "timestamps", "_shards",
             "total", "failed", "aggregations", "steps", "buckets", "warnings", "key"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("api", APIS, ids=lambda one: one.NAME)
@given(answer=json_values, status=st.sampled_from([200, 400, 503]))
def test_any_answer_is_a_reading_or_one_error(api: ModuleType, answer: object, status: int) -> None:
    with contextlib.suppress(ParseError):
        read(api, answer, status)


@pytest.mark.parametrize("api", APIS, ids=lambda one: one.NAME)
def test_broken_bytes_are_a_parse_error(api: ModuleType) -> None:
    for body in (b"", b"\xff", b"{", b"[" * 100_000):
        with pytest.raises(ParseError):
            api.parse(QUERY, 200, body)


def test_requests_are_as_documented() -> None:
    sent = prometheus_series.request(QUERY, WHO)
    assert (sent.method, sent.path) == ("POST", "/api/v1/query_range")
    assert sent.parameters == {
        "query": "sum(x)", "start": "1700000100", "end": "1700000220", "step": "60",
    }  # fmt: skip
    assert sent.headers == {"Authorization": "Bearer secret", "X-Scope-OrgID": "7"}
    sent = loki_series.request(QUERY, WHO)
    assert sent.parameters["start"] == "1700000100000000000"
    sent = datadog_series.request(QUERY, WHO)
    assert sent.headers == {"DD-API-KEY": "secret", "DD-APPLICATION-KEY": "second"}
    assert (sent.parameters["from"], sent.parameters["to"]) == ("1700000040", "1700000219")
    sent = newrelic_series.request(QUERY, WHO)
    assert sent.headers == {"API-Key": "secret"}
    assert sent.body is not None
    assert sent.body["variables"] == {
        "account": 7,
        "nrql": "sum(x) SINCE 1700000040000 UNTIL 1700000220000 TIMESERIES 60 seconds",
    }
    sent = dynatrace_series.request(QUERY, WHO)
    assert sent.headers == {"Authorization": "Api-Token secret"}
    assert sent.parameters["resolution"] == "1m"
    sent = elasticsearch_series.request(QUERY, WHO)
    assert (sent.path, sent.headers["Authorization"]) == ("/logs-*/_search", "ApiKey secret")


def test_an_index_cannot_leave_its_path() -> None:
    query = SeriesQuery("x", 0, 60, 60, {"index": "a/../_cluster?x"})
    assert elasticsearch_series.request(query, WHO).path == "/a%2F..%2F_cluster%3Fx/_search"


def test_new_relic_needs_an_account() -> None:
    with pytest.raises(ConfigurationError, match="accountId"):
        newrelic_series.request(QUERY, Credentials(token="secret"))


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(WHO)
    assert "second" not in repr(WHO)
