from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.versions import number, printed_version, satisfies


def program(folder: Path, prints: str, exit_code: int = 0) -> Path:
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [("v1.9.0", (1, 9, 0)), ("1.26", (1, 26, 0)), ("go1.27rc1", (1, 27, 0)), ("devel", (0, 0, 0))],
)
def test_numbers_compare_versions(text: str, expected: tuple[int, ...]) -> None:
    assert number(text) == expected


def test_a_newer_version_of_the_same_major_satisfies() -> None:
    assert satisfies("v2.31.0", "v2.30.0")
    assert satisfies("v2.30.0", "v2.30.0")
    assert not satisfies("v2.29.9", "v2.30.0")
    assert not satisfies("v3.0.0", "v2.30.0")


@pytest.mark.parametrize(
    ("prints", "expected"),
    [
        ("go version go1.26.8 linux/amd64", "1.26.8"),
        ("git version 2.39.5", "2.39.5"),
        ("envoy  version: 0123456789012345678901234567890123456789/1.40.0/Clean/REL", "1.40.0"),
        ("prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5)", "2.42.0"),
        ("no number at all", None),
    ],
)
def test_versions_are_read_from_what_programs_print(
    tmp_path: Path, prints: str, expected: str | None
) -> None:
    pin = Pin(name="tool", costs="nothing", obtain="nowhere")
    assert printed_version(pin, program(tmp_path, prints)) == expected


def test_a_program_that_fails_has_no_version(tmp_path: Path) -> None:
    pin = Pin(name="tool", costs="nothing", obtain="nowhere")
    assert printed_version(pin, program(tmp_path, "version 1.2.3", exit_code=1)) is None


def test_a_replaced_program_is_asked_again(tmp_path: Path) -> None:
    pin = Pin(name="tool", costs="nothing", obtain="nowhere")
    assert printed_version(pin, program(tmp_path, "1.2.3")) == "1.2.3"
    assert printed_version(pin, program(tmp_path, "version 10.20.30")) == "10.20.30"
