"""Answers of the three stores, shaped as their documentation has them, give the same spans."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError, TransientError, UsageError
from coffee_pipeline.tools.http_message import Answer
from coffee_pipeline.tools.traces import jaeger, tempo, zipkin
from coffee_pipeline.tools.traces.span import Span
from coffee_pipeline.tools.traces.store import LIMIT, Search, traces_of
from coffee_pipeline.tools.traces.stores import TRACE_STORES, trace_store

TRACE, ROOT, CALL, ANSWERED = "0af7651916cd43dd8448eb211c80319c", "b" * 16, "c" * 16, "d" * 16
START = 1_772_355_600
MICROS = START * 1_000_000

ZIPKIN = [
    {"traceId": TRACE, "id": ROOT, "kind": "SERVER", "name": "get /", "timestamp": MICROS,
     "duration": 5000, "localEndpoint": {"serviceName": "storefront"}, "tags": {}},
    {"traceId": TRACE, "id": CALL, "parentId": ROOT, "kind": "CLIENT", "timestamp": MICROS + 1000,
     "duration": 3000, "localEndpoint": {"serviceName": "storefront"},
     "remoteEndpoint": {"ipv4": "10.0.0.7", "port": 8080},
     "tags": {"http.status_code": "200"}},
    {"traceId": TRACE, "id": ANSWERED, "parentId": CALL, "kind": "SERVER", "name": "get /drinks",
     "timestamp": MICROS + 2000, "duration": 1000, "localEndpoint": {"serviceName": "menu"}},
]  # fmt: skip


def _tag(key: str, value: object) -> dict[str, object]:
    return {"key": key, "type": "string", "value": value}


JAEGER = {
    "data": [{
        "traceID": TRACE,
        "spans": [
            {"traceID": TRACE, "spanID": ROOT, "operationName": "get /", "references": [],
             "startTime": MICROS, "duration": 5000, "processID": "p1",
             "tags": [_tag("span.kind", "server")]},
            {"traceID": TRACE, "spanID": CALL, "operationName": "",
             "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": ROOT}],
             "startTime": MICROS + 1000, "duration": 3000, "processID": "p1",
             "tags": [_tag("span.kind", "client"), _tag("server.address", "10.0.0.7:8080"),
                      _tag("http.response.status_code", 200)]},
            {"traceID": TRACE, "spanID": ANSWERED, "operationName": "get /drinks",
             "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": CALL}],
             "startTime": MICROS + 2000, "duration": 1000, "processID": "p2",
             "tags": [_tag("span.kind", "server")]},
        ],
        "processes": {"p1": {"serviceName": "storefront"}, "p2": {"serviceName": "menu"}},
    }],
    "total": 0, "limit": 0, "offset": 0, "errors": None,
}  # fmt: skip


def _bytes(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def _resource(service: str, *spans: dict[str, object]) -> dict[str, object]:
    name = {"key": "service.name", "value": {"stringValue": service}}
    return {"resource": {"attributes": [name]}, "scopeSpans": [{"spans": list(spans)}]}


def _otlp(identity: str, parent: str | None, kind: object, first: int, length: int, **more: object):
    begin = (MICROS + first) * 1000
    found = {"traceId": _bytes(TRACE), "spanId": _bytes(identity), "kind": kind,
             "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + length * 1000),
             **more}  # fmt: skip
    return {**found, "parentSpanId": _bytes(parent)} if parent else found


TEMPO = {
    "trace": {"resourceSpans": [
        _resource(
            "storefront",
            _otlp(ROOT, None, "SPAN_KIND_SERVER", 0, 5000, name="get /"),
            _otlp(CALL, ROOT, "SPAN_KIND_CLIENT", 1000, 3000, attributes=[
                {"key": "server.address", "value": {"stringValue": "10.0.0.7"}},
                {"key": "server.port", "value": {"intValue": "8080"}},
                {"key": "http.response.status_code", "value": {"intValue": "200"}},
            ]),
        ),
        _resource("menu", _otlp(ANSWERED, CALL, 2, 2000, 1000, name="get /drinks")),
    ]},
    "metrics": {},
}  # fmt: skip
SEARCHED = {"traces": [{"traceID": TRACE.lstrip("0"), "rootServiceName": "storefront"}],
            "metrics": {"inspectedTraces": 1}}  # fmt: skip


def answers(api: Any, reply: Any, name: str) -> None:
    if name == "zipkin":
        api.on("/api/v2/traces", reply([ZIPKIN]))
    elif name == "jaeger":
        api.on("/api/traces", reply(JAEGER))
    else:
        api.on("/api/search", reply(SEARCHED))
        api.on(f"/api/v2/traces/{TRACE}", reply(TEMPO))


def close(one: Span, other: Span) -> None:
    fields = ("trace_id", "span_id", "parent_id", "service", "name", "kind", "called", "answered")
    assert [getattr(one, f) for f in fields] == [getattr(other, f) for f in fields]
    assert one.started_at == pytest.approx(other.started_at, abs=1e-6)
    assert one.duration_seconds == pytest.approx(other.duration_seconds, abs=1e-6)


EXPECTED = [
    Span(TRACE, ROOT, None, "storefront", "get /", "server", START, 0.005),
    Span(TRACE, CALL, ROOT, "storefront", "", "client", START + 0.001, 0.003, "10.0.0.7:8080"),
    Span(TRACE, ANSWERED, CALL, "menu", "get /drinks", "server", START + 0.002, 0.001),
]


@pytest.mark.parametrize("name", sorted(TRACE_STORES))
def test_all_stores_give_the_same_spans(api, reply, name: str) -> None:
    answers(api, reply, name)
    store = trace_store(name)
    with api.client(store.CREDENTIAL) as client:
        found = traces_of(client, store, "storefront", START - 60, START + 60)
    assert (list(found.spans), found.reasons) == ([TRACE], [])
    for one, other in zip(found.spans[TRACE], EXPECTED, strict=True):
        close(one, other)
    assert api.asked[0].headers["authorization"].startswith("Bearer ")


def test_what_each_is_asked() -> None:
    def asked(name: str) -> dict[str, str]:
        return dict(trace_store(name).search(Search('a"b', 100, 160)).parameters)

    assert asked("zipkin") == {
        "serviceName": 'a"b', "endTs": "160000", "lookback": "60000", "limit": str(LIMIT),
    }  # fmt: skip
    assert asked("jaeger")["start"] == "100000000"
    assert asked("tempo")["q"] == '{ resource.service.name = "a\\"b" }'
    with pytest.raises(UsageError, match="jaeger, tempo, zipkin"):
        trace_store("stackdriver")


def test_a_full_answer_is_asked_for_again_in_halves(api, reply) -> None:
    def traces(asked: Any) -> Any:
        end = int(asked.query["endTs"]) // 1000
        seconds = range(end - int(asked.query["lookback"]) // 1000, end)
        # 200 traces a second: more than one answer has from three seconds on
        numbers = [second * 1000 + one for second in seconds for one in range(200)]
        spans = [[{**ZIPKIN[0], "traceId": f"{number:032x}"}] for number in numbers]
        return reply(spans[:LIMIT])

    api.on("/api/v2/traces", traces)
    with api.client() as client:
        found = traces_of(client, zipkin, "storefront", START, START + 16)
    assert (len(found.spans), found.reasons) == (16 * 200, [])


def test_what_cannot_be_halved_is_said_to_be_cut_off(api, reply) -> None:
    spans = [[{**ZIPKIN[0], "traceId": f"{number:032x}"}] for number in range(1, LIMIT + 1)]
    api.on("/api/v2/traces", reply(spans))
    with api.client() as client:
        found = traces_of(client, zipkin, "storefront", START, START + 2)
    assert len(found.spans) == LIMIT
    assert "cut a search off" in found.reasons[0]


def test_parts_are_said_to_be_parts(api, reply) -> None:
    api.on("/api/traces", reply({**JAEGER, "errors": [{"code": 500, "msg": "shard 3 is down"}]}))
    api.on("/api/search", reply(SEARCHED))
    api.on(f"/api/v2/traces/{TRACE}", reply({**TEMPO, "status": "PARTIAL", "message": "too big"}))
    with api.client() as client:
        found = traces_of(client, jaeger, "storefront", START, START + 60)
        assert "shard 3 is down" in found.reasons[0]
        found = traces_of(client, tempo, "storefront", START, START + 60)
        assert found.reasons == ["tempo gave a part of a trace: too big"]
        api.on(f"/api/v2/traces/{TRACE}", reply({}, 404))
        found = traces_of(client, tempo, "storefront", START, START + 60)
        assert found.reasons == ["tempo found traces that it does not have"]


def test_no_traces_are_no_error(api, reply) -> None:
    api.on("/api/v2/traces", reply([]))
    api.on("/api/traces", reply({"data": None, "errors": None}))
    api.on("/api/search", reply({"metrics": {}}))
    with api.client() as client:
        for store in TRACE_STORES.values():
            assert traces_of(client, store, "storefront", START, START + 60).spans == {}


def test_a_store_that_is_down_is_an_error(api, reply) -> None:
    api.on("/api/v2/traces", reply({"message": "busy"}, 503))
    with api.client() as client, pytest.raises(TransientError, match="busy"):
        traces_of(client, zipkin, "storefront", START, START + 60)


def test_a_span_id_that_both_sides_share_is_two_spans() -> None:
    shared = [
        {"traceId": "f", "id": CALL, "kind": "CLIENT", "timestamp": 1},
        {"traceId": "f", "id": CALL, "kind": "SERVER", "shared": True, "timestamp": 2},
    ]
    client, server = zipkin.read_trace(answer(shared))[0]
    assert (client.trace_id, client.span_id) == ("f".zfill(32), CALL)
    assert server.parent_id == client.span_id != server.span_id


def answer(value: object) -> Answer:
    return Answer(200, {"content-type": "application/json"}, json.dumps(value).encode(), "store")


READERS: tuple[tuple[Callable[[Answer], object], object], ...] = (
    (zipkin.read_search, [ZIPKIN]),
    (jaeger.read_search, JAEGER),
    (tempo.read_search, SEARCHED),
    (tempo.read_trace, TEMPO),
)
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.just([]), st.just({}),
    st.lists(st.integers(), max_size=2), st.just(-1), st.just(1e400), st.just("9" * 400),
)  # fmt: skip


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip # noqa: E501
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("number", range(len(READERS)))
@given(data=st.data(), new=_VALUES)
def test_any_other_answer_is_read_or_refused(number: int, data: st.DataObject, new: object) -> None:
    read, whole = READERS[number]
    place = data.draw(st.sampled_from(places(whole)))
    with suppress(ParseError):
        read(answer(changed(whole, place, new)))
