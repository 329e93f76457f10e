from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools import prometheus

VECTOR = b"""{"status":"success","data":{"resultType":"vector","result":[
  {"metric":{"code":"200"},"value":[1767600000.0,"3.5"]},
  {"metric":{"code":"500"},"value":[1767600000.0,"1"]}]}}"""


@pytest.mark.parametrize(
    ("status", "body", "value", "reason"),
    [
        (200, VECTOR, 4.5, None),
        (200, b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', 2.0, None),
        (
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[]}}',
            None,
            "no series",
        ),
        (200, VECTOR.replace(b'"1"', b'"NaN"'), None, "nan"),
        (200, VECTOR.replace(b'"1"', b'"+Inf"'), None, "inf"),
        (200, VECTOR.replace(b'"success",', b'"success","isPartial":true,'), None, "part of"),
        (
            200,
            VECTOR.replace(b'"success",', b'"success","warnings":["No StoreAPIs matched"],'),
            None,
            "No StoreAPIs",
        ),
        (200, VECTOR.replace(b'"success",', b'"success","warnings":"store down",'), None, "down"),
        (
            200,
            VECTOR.replace(b'"success",', b'"success","warnings":["PromQL info: no counter"],'),
            4.5,
            None,
        ),
        (422, b'{"status":"error","errorType":"execution","error":"boom"}', None, "boom (422)"),
    ],
)
def test_an_answer_is_a_number_or_a_reason(
    status: int, body: bytes, value: float | None, reason: str | None
) -> None:
    answer = prometheus.parse(status, body)
    assert answer.value == value
    assert (answer.reason is None) == (reason is None)
    assert reason is None or reason in (answer.reason or "")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"status":"success"}'])
def test_what_is_no_answer_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        prometheus.parse(503, body)


@given(st.binary())
def test_no_bytes_are_read_as_a_number_by_accident(body: bytes) -> None:
    with pytest.raises(ParseError):
        prometheus.parse(200, body)


def test_a_query_is_asked_for_an_instant() -> None:
    at = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    assert prometheus.request("up", at) == {"query": "up", "time": "1767600000.000"}
