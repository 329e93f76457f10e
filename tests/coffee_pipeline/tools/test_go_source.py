from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.tools.go_source import Extent, function_extents


def test_extents_run_from_func_to_the_closing_brace() -> None:
    source = b"package a\n\nfunc f() {\n\tg()\n}\nvar x = func() {}\nfunc (t T) g() { h() }\n"
    assert function_extents(source) == [Extent((3, 1), (5, 2)), Extent((7, 1), (7, 23))]


def test_declarations_without_a_body_and_types_are_none() -> None:
    source = b"package a\nfunc asm(a int) int\ntype F func() int\nvar v func()\n"
    assert function_extents(source) == []


def test_braces_in_results_do_not_end_a_function() -> None:
    source = b"package a\nfunc f() interface{} {\n\treturn 1\n}\n"
    assert function_extents(source) == [Extent((2, 1), (4, 2))]


@given(st.binary(max_size=300))
def test_nonsense_gives_no_error(source: bytes) -> None:
    for extent in function_extents(source):
        assert extent.start < extent.end
