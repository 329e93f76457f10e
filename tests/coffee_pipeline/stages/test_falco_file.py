from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.home import Home
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.stages import falco_file
from coffee_pipeline.stages.falco_file import follow

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Tail:
    """A followed file and what of it came into the inbox."""

    def __init__(self, home: Home, file: Path) -> None:
        self.home = home
        self.file = file
        self.inbox = Inbox(home).prepare()

    def append(self, text: str) -> None:
        with self.file.open("a") as stream:
            stream.write(text)

    def new(self) -> str:
        problem = follow(self.home, self.file, self.inbox, NOW)
        names = self.inbox.waiting()
        found = b"".join(self.inbox.read(name).body for name in names)
        self.inbox.finish(names)
        return problem or found.decode()


@pytest.fixture
def tail(home: Home, tmp_path: Path) -> Tail:
    return Tail(home, tmp_path / "falco.jsonl")


def test_whole_lines_come_once(tail: Tail) -> None:
    assert tail.new().endswith("falco.jsonl: is not there (yet)")
    tail.append("")
    assert tail.new() == ""
    tail.append("one")
    assert tail.new() == ""
    tail.append("\ntwo\nthr")
    assert tail.new() == "one\ntwo\n"
    assert tail.new() == ""
    tail.append("ee\n")
    assert tail.new() == "three\n"


def test_a_rotated_file_is_read_to_its_end_first(tail: Tail) -> None:
    tail.append("one\n")
    assert tail.new() == "one\n"
    tail.append("two\nlast without an end")
    tail.file.rename(tail.file.with_name("falco.jsonl.1"))
    tail.append("three\n")
    assert tail.new() == "two\nlast without an endthree\n"
    assert tail.new() == ""


def test_a_file_that_was_cut_begins_anew(tail: Tail) -> None:
    tail.append("first one\nsecond\n")
    tail.new()
    tail.file.write_text("third\n")
    assert tail.new() == "third\n"
    tail.file.write_text("other third, and longer than it was before\n")
    assert tail.new() == "other third, and longer than it was before\n"


def test_a_crash_between_two_steps_doubles_nothing(
    tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail.append("one\n")
    kept = falco_file.KeptState.write
    writes = []

    def crash_at_the_second(self: object, name: str, value: object) -> None:
        writes.append(value)
        if len(writes) == 2:
            raise KeyboardInterrupt
        kept(self, name, value)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(falco_file.KeptState, "write", crash_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            follow(tail.home, tail.file, tail.inbox, NOW)
    tail.append("two\n")
    assert tail.new() == "one\ntwo\n"


def test_a_line_longer_than_a_piece_goes_on(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(falco_file, "PIECE_BYTES", 8)
    text = "a" * 30 + "\nb\n"
    tail.append(text)
    assert tail.new() == text


def test_what_cannot_be_read_is_said(tail: Tail) -> None:
    tail.file.mkdir()
    assert "cannot be read: Is a directory" in tail.new()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(st.lists(st.text("ab\n", max_size=12), max_size=8), st.integers(1, 20))
def test_however_it_is_written_every_line_comes_once(
    tmp_path_factory: pytest.TempPathFactory, writes: list[str], piece: int
) -> None:
    folder = tmp_path_factory.mktemp("tail")
    tail = Tail(Home(folder / "home").prepare(), folder / "log")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(falco_file, "PIECE_BYTES", piece)
        seen = ""
        for text in writes:
            tail.append(text)
            seen += tail.new()
        tail.append("\n")
        seen += tail.new()
    # Pieces of nothing but line ends make no message.
    assert seen.replace("\n", "") == "".join(writes).replace("\n", "")
