from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.tools.go_events import Event, read_events

EVENT = {"Time": "2026-01-05T10:00:00.827071665Z", "Action": "pass", "Package": "p", "Elapsed": 0.5}


def test_an_event_is_read() -> None:
    (event,) = read_events(json.dumps(EVENT).encode())
    assert isinstance(event, Event)
    assert (event.action, event.package, event.elapsed_seconds) == ("pass", "p", 0.5)
    assert event.time is not None
    assert event.time.microsecond == 827071


def test_text_glued_before_an_event_is_kept() -> None:
    line = "half a line" + json.dumps(EVENT, separators=(",", ":"))
    assert [type(item) for item in read_events(line.encode())] == [str, Event]


def test_half_an_event_is_text() -> None:
    half = json.dumps(EVENT)[:20]
    assert list(read_events(half.encode())) == [half]


def test_lone_surrogates_become_storable() -> None:
    line = '{"Action":"output","Package":"p","Output":"\\ud800"}'
    (event,) = read_events(line.encode())
    assert isinstance(event, Event)
    assert event.output == "?"


@given(st.binary())
def test_no_bytes_make_it_fail(content: bytes) -> None:
    for item in read_events(content):
        assert isinstance(item, Event | str)


@given(
    st.lists(
        st.one_of(
            st.text(alphabet=st.characters(exclude_characters="\n"), max_size=30),
            st.dictionaries(
                st.sampled_from(["Time", "Action", "Package", "Test", "Output", "Elapsed"]),
                st.one_of(st.text(max_size=10), st.floats(), st.none(), st.booleans()),
            ).map(json.dumps),
        )
    )
)
def test_every_line_gives_something_storable(lines: list[str]) -> None:
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    for item in read_events(content):
        texts = [item] if isinstance(item, str) else [item.output or "", item.test or ""]
        for text in texts:
            text.encode("utf-8")
        if isinstance(item, Event) and item.elapsed_seconds is not None:
            assert item.elapsed_seconds >= 0
