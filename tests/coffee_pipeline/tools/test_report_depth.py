from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.document import DEPTH_LIMIT, Document

WORDS = st.text(alphabet='[]{}"\\a', max_size=6)
TREES = st.recursive(
    WORDS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=30,
)


@given(tree=TREES, above=st.integers(0, 3), indent=st.sampled_from([None, 1]))
def test_depth_is_that_of_the_values_whatever_their_strings_hold(
    tree: Any, above: int, indent: int | None
) -> None:
    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0) if isinstance(value, dict | list) else 0

    fill = DEPTH_LIMIT - depth(tree) - 1 + above
    value = tree
    for level in range(fill):
        value = [value] if level % 2 else {"[": value}
    document = Document(json.dumps(value, indent=indent).encode(), "deep.json")
    if depth(value) <= DEPTH_LIMIT:
        assert document.json == value
    else:
        with pytest.raises(ParseError, match="nested deeper"):
            document.json  # noqa: B018


def test_brackets_in_strings_are_no_levels() -> None:
    value = ["[" * 5000, {"{" * 5000: '"]'}]
    assert Document(json.dumps(value).encode(), "x").json == value
    assert Document(json.dumps(value).encode("utf-16"), "x").json == value
