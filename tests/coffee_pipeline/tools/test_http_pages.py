from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError, TransientError
from coffee_pipeline.tools.http_message import Answer, AnswerError, Request
from coffee_pipeline.tools.http_pages import Page, by_link, collect, next_link

FIRST = Request(path="list", parameters={"page": "1"})


class Pages:
    """A server of numbered pages that fails at one of them; stands in for the network."""

    def __init__(self, sizes: list[int], broken: int | None = None, error=None) -> None:
        self.sizes = sizes
        self.broken = broken
        self.error = error

    def ask(self, request: Request) -> Answer:
        number = int(request.parameters["page"])
        if number == self.broken:
            raise self.error
        start = sum(self.sizes[: number - 1])
        body = {"entries": [*range(start, start + self.sizes[number - 1])]}
        return Answer(
            200, {}, json.dumps({**body, "last": number == len(self.sizes)}).encode(), "s"
        )


def numbered(answer: Answer, request: Request) -> Page:
    value = answer.json_object()
    following = {"page": str(int(request.parameters["page"]) + 1)}
    more = None if value["last"] else Request(path="list", parameters=following)
    return Page(value["entries"], more)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_every_entry_once_and_in_order(sizes: list[int]) -> None:
    found = collect(Pages(sizes), FIRST, numbered)  # type: ignore[arg-type]
    assert found.entries == [*range(sum(sizes))]
    assert (found.pages, found.reason) == (len(sizes), None)


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=8),
    st.data(),
    st.sampled_from(
        [TransientError("gone"), AnswerError("no", 404), ParseError("s", "line 1", "not JSON")]
    ),
)
@settings(max_examples=50, deadline=None)
def test_pages_before_a_fault_are_kept_and_it_is_said(sizes, data, error) -> None:
    broken = data.draw(st.integers(2, len(sizes)))
    found = collect(Pages(sizes, broken, error), FIRST, numbered)  # type: ignore[arg-type]
    assert found.entries == [*range(sum(sizes[: broken - 1]))]
    assert found.reason == f"page {broken}: {error}"


def test_without_the_first_page_there_is_nothing() -> None:
    with pytest.raises(TransientError):
        collect(Pages([1], 1, TransientError("gone")), FIRST, numbered)  # type: ignore[arg-type]


@given(st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_pages_without_end_are_left_at_the_limit(limit: int) -> None:
    endless = Pages([1] * 100)
    found = collect(endless, FIRST, numbered, page_limit=limit)  # type: ignore[arg-type]
    assert (found.pages, len(found.entries)) == (limit, limit)
    assert found.reason == f"there are more than {limit} pages"


def test_a_server_that_gives_the_same_page_again_is_left() -> None:
    def same(answer: Answer, request: Request) -> Page:
        return Page([1], FIRST)

    found = collect(Pages([1]), FIRST, same)  # type: ignore[arg-type]
    assert (found.entries, found.reason) == ([1], "page 2 would be one read before")


def test_fewer_entries_than_the_server_counts_are_a_gap() -> None:
    def counted(answer: Answer, request: Request) -> Page:
        return Page([1, 2], None, total=5)

    found = collect(Pages([1]), FIRST, counted)  # type: ignore[arg-type]
    assert found.reason == "2 of 5 entries were given"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('<https://a.example/x?page=2>; rel="next", <https://a.example/x?page=9>; rel="last"',
         "https://a.example/x?page=2"),
        ('<https://a.example/1>; rel="prev", <https://a.example/3>; title="a; b"; rel="last next"',
         "https://a.example/3"),
        ("<https://a.example/3>; rel=next", "https://a.example/3"),
        ('<https://a.example/a,b;c>; REL="NEXT"', "https://a.example/a,b;c"),
        ('<https://a.example/1>; rel="last"', None),
        ("nonsense", None),
        ("", None),
    ],
)  # fmt: skip
def test_link_headers(link: str, address: str | None) -> None:
    assert next_link({"link": link}) == address


@given(st.text(alphabet='<>;,=" relnxt?a1', max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_link_header_breaks_it(link: str) -> None:
    next_link({"link": link})


def test_pages_by_link(api, reply) -> None:
    api.on(
        "/list",
        lambda asked: reply(
            [{"n": asked.query["page"]}], 200,
            {"Link": f'<{api.url}/list?page={int(asked.query["page"]) + 1}>; rel="next"'}
            if asked.query["page"] != "3" else {},
        ),
    )  # fmt: skip
    with api.client() as client:
        found = collect(client, FIRST, by_link)
    assert [entry["n"] for entry in found.entries] == ["1", "2", "3"]
    api.on("/list", reply([{}], 200, {"Link": '<https://elsewhere.example/2>; rel="next"'}))
    with api.client() as client:
        assert "another host" in str(collect(client, FIRST, by_link).reason)
    api.on("/list", reply([1]))
    with api.client() as client, pytest.raises(ParseError, match="list of JSON objects"):
        collect(client, FIRST, by_link)
