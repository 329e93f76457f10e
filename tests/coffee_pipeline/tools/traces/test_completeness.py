"""Which traces count as seen from end to end."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.tools.traces.completeness import Gap, gap_of, seen_requests, traced_addresses
from coffee_pipeline.tools.traces.span import Span


def span(identity: str, parent: str | None, service: str, kind: str, **more: object) -> Span:
    made = Span("t", identity, parent, service, "", kind, float(len(identity)), 0.1)
    return replace(made, **more)


WHOLE = (
    span("1", None, "storefront", "server"),
    span("12", "1", "storefront", "client", called="orders:80"),
    span("123", "12", "orders", "server"),
    span("1234", "123", "orders", "client", called="menu:80"),
    span("12345", "1234", "menu", "server"),
)
ALL = traced_addresses([WHOLE])


def without(*identities: str) -> list[Span]:
    return [one for one in WHOLE if one.span_id not in identities]


def test_a_whole_trace_has_no_gap() -> None:
    assert sorted(ALL) == ["menu:80", "orders:80"]
    assert gap_of(WHOLE, ALL) is None


def test_the_caller_of_the_whole_need_not_be_traced() -> None:
    called = [replace(WHOLE[0], parent_id="outside"), *WHOLE[1:]]
    assert gap_of(called, ALL) is None


def test_a_span_lost_in_the_middle_is_a_gap() -> None:
    assert gap_of(without("12"), ALL) == Gap(
        "parent_missing", "the parent of a span of orders is not there"
    )
    # even where the caller of the whole is outside as well
    called = [replace(one, parent_id="outside") if one.span_id == "1" else one for one in WHOLE]
    assert gap_of([one for one in called if one.span_id != "12"], ALL) is not None


def test_a_call_without_the_other_end_is_a_gap_where_that_end_is_traced() -> None:
    assert gap_of(without("12345"), ALL) == Gap(
        "call_unanswered", "orders called menu:80, which has no span"
    )
    assert gap_of(without("12345"), {"orders:80"}) is None  # a database, as far as anyone knows


def test_a_call_that_got_no_answer_owes_no_span() -> None:
    refused = [replace(WHOLE[3], answered=False) if one is WHOLE[3] else one for one in WHOLE[:4]]
    assert gap_of(refused, ALL) is None


def test_requests_are_server_spans_of_the_window() -> None:
    late = [replace(one, trace_id="late", started_at=one.started_at + 100) for one in WHOLE]
    broken = [replace(one, trace_id="broken") for one in without("12345")]
    seen = seen_requests({"t": WHOLE, "late": late, "broken": broken}, "Orders", 0, 100)
    assert (seen.complete, seen.partial, seen.requests) == (1, 1, 2)
    ((gap, count),) = seen.gaps.items()
    assert (gap.kind, count.requests, count.example) == ("call_unanswered", 1, "broken")


def test_a_span_that_was_sent_twice_is_one_request() -> None:
    seen = seen_requests({"t": [*WHOLE, *WHOLE]}, "menu", 0, 100)
    assert (seen.complete, seen.partial) == (1, 0)


@given(lost=st.sets(st.sampled_from([one.span_id for one in WHOLE])), order=st.randoms())
def test_a_lost_span_never_makes_more_complete(lost: set[str], order) -> None:
    left = without(*lost)
    order.shuffle(left)
    both = {"whole": WHOLE, "left": left}
    for service in ("storefront", "orders", "menu"):
        seen = seen_requests(both, service, 0, 100)
        expected = sum(one.service == service and one.kind == "server" for one in left)
        assert seen.requests == 1 + expected
        assert seen.complete >= 1
    inner = lost & {"12", "123", "1234"}
    if inner and "12345" not in lost and "1" not in lost:
        assert gap_of(left, ALL) is not None
