"""What version a program is, asked from the program itself or from Go's build information."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.pin import Pin

_NUMBER = re.compile(r"(?<![\w.])(?:go|v|[0-9a-f]{40}/)?(\d+\.\d+(?:\.\d+)?)")
_BUILD_INFORMATION = re.compile(r"^\tmod\t(?P<module>\S+)\t(?P<version>\S+)", re.MULTILINE)
_BUILT_WITH = re.compile(r": go(?P<version>\d+\.\d+(?:\.\d+)?)")
PROBE_SECONDS = 60.0
"""A program that does not print its version within this time is not usable."""


def number(version: str) -> tuple[int, ...]:
    """``v1.9.0`` as (1, 9, 0), to compare; letters after the numbers are left out."""
    parts = re.match(r"\D*(\d+(?:\.\d+)*)", version)
    found = [int(part) for part in parts[1].split(".")] if parts else []
    return tuple([*found, 0, 0, 0][:3])


def satisfies(version: str, minimum: str) -> bool:
    """Whether ``version`` has the same major version as ``minimum`` and is not older."""
    return number(version) >= number(minimum) and number(version)[0] == number(minimum)[0]


def printed_version(pin: Pin, program: Path) -> str | None:
    """The version that ``program`` prints of itself; None when it prints none."""
    output = _probe((str(program), *pin.version_arguments), _stamp(program))
    if not output.answered:
        return None
    text = (output.stdout + b"\n" + output.stderr).decode("utf-8", "replace")
    found = _NUMBER.search(text)
    return found[1] if found else None


def built_version(pin: Pin, program: Path, go: Path) -> tuple[str, str] | None:
    """(module version, Go version it was built with) of a Go build of ``pin``'s module.

    None when ``program`` is no Go program or one of another module.
    """
    output = _probe((str(go), "version", "-m", str(program)), _stamp(program))
    text = output.stdout.decode("utf-8", "replace")
    module, built_with = _BUILD_INFORMATION.search(text), _BUILT_WITH.search(text)
    if not output.answered or not module or not built_with or module["module"] != pin.module:
        return None
    return module["version"], built_with["version"]


def _stamp(program: Path) -> tuple[int, int]:
    """Changes when the program is replaced, so that a remembered version is not believed."""
    state = program.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=256)
def _probe(argv: tuple[str, ...], stamp: tuple[int, int]) -> Output:
    del stamp  # part of the cache key only
    # GOTOOLCHAIN=local: the program's own version, not that of a tool chain it would switch to
    environment = {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    return run(
        Command(
            argv=argv,
            cwd=Path("/"),
            environment=environment,
            timeout_seconds=PROBE_SECONDS,
            output_limit_bytes=1 << 20,
        )
    )
