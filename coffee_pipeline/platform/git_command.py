"""One call of the git program: hardened, without prompts, hooks, network or the user's settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run

_HARDENED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_SETTINGS = (
    "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false",
    "-c", "core.fsmonitor=false", "-c", "core.autocrlf=false", "-c", "log.showSignature=false",
    "-c", "protocol.allow=never", "-c", "gc.auto=0",
)  # fmt: skip
"""What a repository's own settings could use to start programs, or to give other answers."""

TIMEOUT_SECONDS = 300


def ask(
    folder: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> Output:
    """Run git in ``folder``; the caller looks at how it ended."""
    return run(
        Command(
            argv=("git", *_SETTINGS, "-C", str(folder), *arguments),
            environment={**_HARDENED, **(environment or {})},
            stdin=stdin,
            timeout_seconds=TIMEOUT_SECONDS,
        )
    )


def git(
    folder: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in ``folder`` and return what it printed.

    Raises:
        RepositoryError: git refused, or did not end in time.
    """
    output = ask(folder, *arguments, stdin=stdin, environment=environment)
    if output.timed_out:
        raise RepositoryError(f"{folder}: git {arguments[0]} took over {TIMEOUT_SECONDS} s")
    if not output.answered:
        raise RepositoryError(f"{folder}: git {arguments[0]}: {output.tail(1)}")
    return output.stdout


@lru_cache(maxsize=64)
def lasting(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """The same as :func:`git`, asked once in the life of this process.

    For questions whose answer cannot change, since they name objects by their full hash. A
    delivery asks them again in every step of every service.

    Raises:
        RepositoryError: git refused; that is not kept.
    """
    return git(folder, *arguments, stdin=stdin)


def exact(raw: bytes) -> str:
    """Git's bytes as text that turns back into the same bytes, whatever their encoding."""
    return raw.decode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    r"""Text of :func:`exact` that can be stored and printed: odd bytes become ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
