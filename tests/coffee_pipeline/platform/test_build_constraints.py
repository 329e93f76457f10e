from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.build_constraints import builds

PACKAGE = b"\npackage main\n"


@pytest.mark.parametrize(
    ("name", "built"),
    [
        ("main.go", True),
        ("linux.go", True),
        ("windows.go", True),  # only the word: no constraint
        ("main_linux.go", True),
        ("main_windows.go", False),
        ("main_arm64.go", False),
        ("main_linux_amd64.go", True),
        ("main_linux_arm64.go", False),
        ("main_darwin_amd64.go", False),
        ("main_windows_test.go", False),
        ("_main.go", False),
        (".main.go", False),
    ],
)
def test_the_name_says_for_which_system(name: str, built: bool) -> None:
    assert builds(name, PACKAGE) is built


@pytest.mark.parametrize(
    ("line", "built"),
    [
        (b"//go:build linux", True),
        (b"//go:build windows", False),
        (b"//go:build !windows", True),
        (b"//go:build ignore", False),
        (b"//go:build integration", False),
        (b"//go:build linux && (amd64 || arm64) && !cgo", True),
        (b"//go:build (linux && arm64) || darwin", False),
        (b"//go:build go1.18", True),
        (b"//go:build unix && !js\r", True),
        (b"//go:build tools || ignore", False),
        (b"// +build ignore", False),
        (b"// a comment about //go:build ignore", True),
        (b"//go:build linux &&", True),  # broken: the compiler will say so
        (b"//go:build (linux", True),
        (b"//go:build lin\xfcx", True),
    ],
)
def test_the_line_before_the_package_clause_counts(line: bytes, built: bool) -> None:
    assert builds("main.go", b"// licence\n\n" + line + b"\n" + PACKAGE) is built


def test_a_line_behind_the_package_clause_is_a_comment() -> None:
    assert builds("main.go", b"package main\n\n//go:build ignore\n")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_source_has_an_answer(source: bytes, name: str) -> None:
    assert builds(name, b"//go:build " + source) in (True, False)
