"""Events from metrics APIs, spoken to over HTTP: a local server answers what they document."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tenacity import wait_none

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.adjacent_windows import without_seams
from coffee_pipeline.slo.definition import PROMQL_SOURCES, Slo
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.recorded_levels import events_of, rows_of, save
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import APIS, SeriesSource, api_of
from coffee_pipeline.tools import event_rows, prometheus_series
from coffee_pipeline.tools.series_query import Credentials

START = 1_700_000_040
TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils}
spec:
  service: kettle
  indicator:
    spec:
      ratioMetric:
        counter: true
        KIND: {metricSource: {type: Prometheus, spec: {query: sum(numerator_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(boils_total)}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
Answer = tuple[int, object]


class Stub:
    """A server that answers by a function of (form or query parameters) and remembers requests."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, str]], Answer] = lambda _: (404, {})
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(urlsplit(self.path).query)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                self._reply(self.rfile.read(length).decode())

            def _reply(self, text: str) -> None:
                sent = {key: values[0] for key, values in parse_qs(text).items()} or {"body": text}
                stub.asked.append(sent)
                stub.headers.append(dict(self.headers))
                status, value = stub.answer(sent)
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def slo(kind: str = "good", **changes: str) -> Slo:
    text = TEXT.replace("KIND", kind)
    for old, new in changes.items():
        text = text.replace(old, new)
    return parse([("f", text)])[0]


SINGLE = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: boils}
spec:
  service: kettle
  indicator: {spec: {INDICATOR}}
  budgetingMethod: Occurrences
  objectives: [{target: 0.99, op: lte, value: 0.5}]
"""
METRIC = "{metricSource: {type: Prometheus, spec: {query: 'QUERY'}}}"


def threshold(query: str = "max(boiling_seconds)") -> Slo:
    indicator = f"thresholdMetric: {METRIC.replace('QUERY', query)}"
    return parse([("f", SINGLE.replace("INDICATOR", indicator))])[0]


def raw_ratio(kind: str, query: str) -> Slo:
    metric = METRIC.replace("QUERY", query)
    indicator = f"ratioMetric: {{rawType: {kind}, raw: {metric}}}"
    return parse([("f", SINGLE.replace("INDICATOR", indicator))])[0]


def source(url: str, credentials: Credentials | None = None, **settings: object) -> SeriesSource:
    connection = SeriesConnection(url, wait=wait_none(), **settings)
    return SeriesSource(connection, credentials or Credentials())


def series(value: Callable[[int], object]) -> Callable[[dict[str, str]], Answer]:
    """A Prometheus that has a value for every step; None leaves it out."""

    def answer(sent: dict[str, str]) -> Answer:
        start, end, step = (int(sent[name]) for name in ("start", "end", "step"))
        values = [[at, str(value(at))] for at in range(start, end + 1, step)
                  if value(at) is not None]  # fmt: skip
        result = [{"metric": {}, "values": values}] if values else []
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}

    return answer


def either(numerator: Callable, total: Callable) -> Callable[[dict[str, str]], Answer]:
    return lambda sent: (numerator if "numerator" in sent["query"] else total)(sent)


def totals(stub: Stub, one: Slo, minutes: int = 10, **settings: object):
    fetched = source(stub.url, **settings).events(one, START, START + 60 * minutes, 60)
    events = fetched.events
    return (*events.sums(slice(0, len(events))), fetched.reasons)


def test_sources_that_answer_promql_are_asked_as_prometheus_is() -> None:
    asked = {name for name in PROMQL_SOURCES if api_of(name).NAME == prometheus_series.NAME}
    assert asked == PROMQL_SOURCES
    others = {api_of(name).NAME for name in set(APIS) - PROMQL_SOURCES}
    assert others == set(APIS) - {prometheus_series.NAME}


def test_counters_are_asked_for_their_increase(stub: Stub) -> None:
    stub.answer = either(series(lambda _: 9), series(lambda _: 10))
    found = totals(stub, slo(), credentials=Credentials("s3cret", "tea"))
    assert found == (90, 100, 10, ())
    assert {one["query"] for one in stub.asked} == {
        without_seams("sum(increase(numerator_total[1m]))"),
        without_seams("sum(increase(boils_total[1m]))"),
    }
    assert stub.headers[0]["Authorization"] == "Bearer s3cret"
    assert stub.headers[0]["X-Scope-OrgID"] == "tea"


def test_long_times_are_asked_for_in_parts(stub: Stub) -> None:
    stub.answer = either(series(lambda _: 1), series(lambda _: 2))
    minutes = 8 * 1440
    assert totals(stub, slo(), minutes) == (minutes, 2 * minutes, minutes, ())
    assert len(stub.asked) == 4


def test_gaps_stay_gaps(stub: Stub) -> None:
    stub.answer = either(series(lambda _: 9), series(lambda at: 10 if at % 120 else None))
    assert totals(stub, slo())[:3] == (45, 50, 5)


def test_no_good_events_is_an_outage_and_no_bad_ones_is_not_known(stub: Stub) -> None:
    stub.answer = either(series(lambda _: None), series(lambda _: 10))
    assert totals(stub, slo("good")) == (0, 100, 10, ())
    good, total, known, reasons = totals(stub, slo("bad"))
    assert (good, total, known) == (0, 0, 0)
    assert "the query for bad events returned no data" in reasons[0]


def test_a_step_without_bad_events_is_good(stub: Stub) -> None:
    bad = series(lambda at: 1 if at % 120 else None)
    stub.answer = either(bad, series(lambda _: 10))
    assert totals(stub, slo("bad")) == (95, 100, 10, ())


def test_no_total_is_no_data(stub: Stub) -> None:
    stub.answer = series(lambda _: None)
    assert totals(stub, slo())[2:] == (0, ("the query for total events returned no data",))


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_a_server_that_recovers_is_asked_again(stub: Stub, status: int) -> None:
    calm = either(series(lambda _: 9), series(lambda _: 10))
    stub.answer = lambda sent: calm(sent) if len(stub.asked) > 2 else (status, b"busy")
    assert totals(stub, slo()) == (90, 100, 10, ())
    assert len(stub.asked) == 4


def test_a_server_that_stays_down_is_a_gap_with_its_reason(stub: Stub) -> None:
    stub.answer = lambda _: (503, b"busy")
    assert totals(stub, slo())[2:] == (0, ("prometheus answered 503",))
    assert len(stub.asked) == 4 + 1, "the second query is tried once, without waiting"


def test_a_refused_query_is_not_asked_again(stub: Stub) -> None:
    stub.answer = lambda _: (
        422, {"status": "error", "errorType": "execution", "error": "too many samples"},
    )  # fmt: skip
    reasons = ("prometheus answered 422: execution: too many samples",)
    assert totals(stub, slo())[2:] == (0, reasons)
    assert len(stub.asked) == 2


def test_a_failing_numerator_is_not_zero_good_events(stub: Stub) -> None:
    stub.answer = either(lambda _: (422, {"status": "error"}), series(lambda _: 10))
    assert totals(stub, slo())[2] == 0


def test_partial_answers_and_nonsense_are_gaps(stub: Stub) -> None:
    whole = series(lambda _: 10)
    stub.answer = lambda sent: (200, {**whole(sent)[1], "warnings": ["a store is gone"]})
    assert totals(stub, slo())[2] == 0
    stub.answer = lambda _: (200, b"<html>")
    assert "not JSON" in totals(stub, slo())[3][0]


def test_nobody_there_and_too_slow(stub: Stub) -> None:
    alone = source("http://127.0.0.1:9", attempts=2)
    assert alone.events(slo(), START, START + 600, 60).reasons == ("prometheus: ConnectError",)
    release = threading.Event()

    def never(_: dict[str, str]) -> Answer:
        release.wait(20)
        return 200, {}

    stub.answer = never
    try:
        found = totals(stub, slo(), attempts=1, timeout_seconds=0.05)
    finally:
        release.set()
    assert found[2:] == (0, ("prometheus: no answer within 0.05 s",))


def test_each_step_of_a_threshold_is_good_or_bad_as_a_whole(stub: Stub) -> None:
    values = [0.25, 0.5, 0.75, "NaN", None, "+Inf", 0.1, 0.1, 0.1, 0.1]
    stub.answer = series(lambda at: values[(at - START) // 60 - 1])
    assert totals(stub, threshold()) == (6, 7, 7, ())
    assert [one["query"] for one in stub.asked] == ["max(boiling_seconds)"]


def test_each_step_of_a_raw_ratio_is_as_good_as_it_says(stub: Stub) -> None:
    values = [0.125, 0.25, 1, 0, "NaN", None, 1.5, -1, 0.5, 0.5]
    stub.answer = series(lambda at: values[(at - START) // 60 - 1])
    failing = raw_ratio("failure", "cold:ratio_rate{{.window}}")
    reasons = ("2 values of the ratio are not between 0 and 1",)
    assert totals(stub, failing) == (6 - 2.375, 6, 6, reasons)
    assert [one["query"] for one in stub.asked] == ["cold:ratio_rate5m"]


def test_several_values_at_a_time_are_none(stub: Stub) -> None:
    def pods(sent: dict[str, str]) -> Answer:
        status, answer = series(lambda _: 0.1)(sent)
        answer["data"]["result"] *= 2
        return status, answer

    stub.answer = pods
    reasons = (
        "prometheus: several series where one value is needed: aggregate them, as max() does",
    )
    assert totals(stub, threshold())[1:] == (0, 0, reasons)


def test_a_value_that_is_nowhere_is_no_data(stub: Stub) -> None:
    stub.answer = series(lambda _: None)
    assert totals(stub, threshold())[1:] == (0, 0, ("the query returned no data",))
    stub.answer = lambda _: (422, {"status": "error", "errorType": "bad_data", "error": "no"})
    assert totals(stub, threshold())[1:] == (0, 0, ("prometheus answered 422: bad_data: no",))


def test_other_apis_are_chosen_by_the_documents_source(stub: Stub) -> None:
    pairs = [[(START + 60 * n) * 1000, 5] for n in range(10)]
    answer = {"status": "ok", "series": [{"interval": 60, "pointlist": pairs}]}
    stub.answer = lambda _: (200, answer)
    found = totals(
        stub, slo(Prometheus="Datadog"), credentials=Credentials("one", application_key="two")
    )
    assert found == (50, 50, 10, ())
    assert stub.headers[0]["DD-API-KEY"] == "one"


def test_what_cannot_be_asked_is_a_configuration_error(stub: Stub) -> None:
    with pytest.raises(ConfigurationError, match="must be one of"):
        totals(stub, slo(Prometheus="Abacus"))
    with pytest.raises(ConfigurationError, match="must be an http or https URL"):
        SeriesConnection("file:///etc/passwd")


def test_what_was_answered_can_be_kept_and_read_again(stub: Stub, tmp_path: Path) -> None:
    stub.answer = either(series(lambda _: 9.5), series(lambda at: 10 if at % 120 else None))
    fetched = source(stub.url).events(slo(), START, START + 600, 60).events
    save(tmp_path / "kept" / "series.parquet", {"kettle-boils": fetched})
    again = events_of(rows_of(slo(), event_rows.read(tmp_path / "kept" / "series.parquet")))
    span = (START, START + 600)
    assert again.sums(again.steps(*span)) == fetched.sums(fetched.steps(*span)) == (47.5, 50, 5)
