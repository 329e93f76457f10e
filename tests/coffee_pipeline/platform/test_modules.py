from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.modules import local_dependencies, parse_go_mod, parse_go_work

GO_MOD = b"""\
// Deprecated: nothing
module example.com/shop/orders // the orders

go 1.25.0

require (
\texample.com/shop/lib v0.0.0
\tgithub.com/stretchr/testify v1.9.0 // indirect
)
require example.com/shop/other v0.0.0

replace example.com/shop/lib => ../lib

replace (
\texample.com/shop/other v0.0.0 => "../other"
\tgolang.org/x/net => golang.org/x/net v0.30.0
\texample.com/unused => ../unused
)
"""


def test_a_go_mod_is_read() -> None:
    mod = parse_go_mod(GO_MOD)
    assert mod.module == "example.com/shop/orders"
    assert mod.go_version == "1.25.0"
    assert "github.com/stretchr/testify" in mod.requires
    assert mod.local_replaces == {
        "example.com/shop/lib": "../lib",
        "example.com/shop/other": "../other",
        "example.com/unused": "../unused",
    }
    assert mod.problem is None


def test_garbage_is_a_problem_not_an_exception() -> None:
    assert parse_go_mod(b"\x7fELF\xff").problem == "not UTF-8 text"
    assert parse_go_mod(b"<html>").problem == "no module directive"


@given(st.binary())
def test_no_bytes_break_the_parsers(content: bytes) -> None:
    parse_go_mod(content)
    parse_go_work(content)


def test_dependencies_follow_replacements_and_are_transitive() -> None:
    modules = {
        "services/orders": parse_go_mod(GO_MOD),
        "services/lib": parse_go_mod(
            b"module example.com/shop/lib\nrequire example.com/shop/base v0.0.0\n"
            b"replace example.com/shop/base => ../base\n"
        ),
        "services/other": parse_go_mod(b"module example.com/shop/other\n"),
        "services/base": parse_go_mod(b"module example.com/shop/base\n"),
        "services/unused": parse_go_mod(b"module example.com/unused\n"),
    }
    found = local_dependencies(modules, {})
    assert found["services/orders"] == {"services/lib", "services/other", "services/base"}
    assert found["services/base"] == frozenset()


def test_a_workspace_joins_its_modules() -> None:
    modules = {
        "a": parse_go_mod(b"module example.com/a\nrequire example.com/b v0.0.0\n"),
        "b": parse_go_mod(b"module example.com/b\n"),
        "c": parse_go_mod(b"module example.com/c\nrequire example.com/b v0.0.0\n"),
    }
    work = {".": b"go 1.25\nuse (\n\t./a\n\t./b\n)\n"}
    found = local_dependencies(modules, work)
    assert found == {"a": {"b"}, "b": frozenset(), "c": frozenset()}


def test_a_cycle_of_modules_ends() -> None:
    pair = {
        "a": parse_go_mod(b"module m/a\nrequire m/b v0\nreplace m/b => ../b\n"),
        "b": parse_go_mod(b"module m/b\nrequire m/a v0\nreplace m/a => ../a\n"),
    }
    assert local_dependencies(pair, {}) == {"a": {"b"}, "b": {"a"}}
