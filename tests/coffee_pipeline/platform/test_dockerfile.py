from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.dockerfile import final_user, instructions

BASE = "FROM golang:1.26 AS build\nUSER builder\nRUN make\n"


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("", None),
        ("FROM scratch\nCOPY a /a\n", None),
        ("FROM scratch\nUSER 65532:65532\nUSER app\n", "app"),
        (f"{BASE}FROM scratch\nCOPY --from=build /a /a\n", None),
        (f"{BASE}FROM Build\n", "builder"),
        (f"{BASE}FROM --platform=linux/amd64 build AS final\nUSER 0\n", "0"),
        ("from scratch\nuser\tnonroot\n", "nonroot"),
        ("FROM scratch\n# USER app\n", None),
        ("FROM scratch\nRUN echo \\\n  # a comment\n\n  USER app\n", None),
        ("# escape=`\nFROM scratch\nRUN a `\n USER b\nUSER c\n", "c"),
        ("FROM scratch\nRUN <<EOF\nUSER app\nEOF\n", None),
        ("FROM scratch\nCOPY <<-'A' <<B /x/\nUSER one\nA\nUSER two\nB\nUSER three\n", "three"),
        ("FROM scratch\nUSER app \\", "app"),
    ],
)
def test_who_the_last_stage_runs_as(text: str, user: str | None) -> None:
    assert final_user(text) == user


@given(st.text(alphabet="FROMUSERasab01 \\\n#<EOF:$\t\"'"))
def test_no_text_breaks_it(text: str) -> None:
    list(instructions(text))
    assert final_user(text) != ""
