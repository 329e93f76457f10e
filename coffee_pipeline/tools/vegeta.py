"""vegeta: open-loop load at a constant rate, so that a slow service cannot slow its own load.

``attack`` writes its results in vegeta's own format into a file, ``encode`` turns them into JSON
lines (vegeta 12: one object a request, latency in nanoseconds).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coffee_pipeline.errors import ParseError
from coffee_pipeline.process.command import Command

NAME = "vegeta"
GRACE_SECONDS = 30.0
"""Time for the last requests, beyond duration and time-out, before the attack is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A constant-rate attack. ``targets`` is a file of vegeta's JSON targets, taken in turn."""

    targets: Path
    results: Path
    rate_per_second: int
    duration_seconds: float
    timeout_seconds: float = 10.0
    maximum_workers: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSample:
    """One request. ``code`` is 0 when there was no answer; ``error`` then says why."""

    started_at: datetime
    latency_seconds: float
    code: int
    error: str | None
    method: str
    url: str

    @property
    def lost(self) -> bool:
        """Whether no HTTP answer came at all."""
        return self.code == 0


def attack_command(attack: Attack, executable: Path) -> Command:
    """Send the load; answers' bodies are not kept, redirects are not followed."""
    return Command(
        argv=(
            str(executable), "attack", "-format=json", f"-targets={attack.targets}",
            f"-output={attack.results}", f"-rate={attack.rate_per_second}/1s",
            f"-duration={math.ceil(attack.duration_seconds * 1000)}ms",
            f"-timeout={math.ceil(attack.timeout_seconds * 1000)}ms",
            f"-max-workers={attack.maximum_workers}", "-max-body=0", "-redirects=-1",
        ),
        timeout_seconds=attack.duration_seconds + attack.timeout_seconds + GRACE_SECONDS,
    )  # fmt: skip


def encode_command(results: Path, executable: Path) -> Command:
    """Turn the results of an attack into JSON lines on stdout."""
    return Command(
        argv=(str(executable), "encode", "-to=json", str(results)), timeout_seconds=120.0
    )


def parse(content: bytes, source: str = "vegeta output") -> Iterator[RequestSample]:
    """Samples in the order they were written.

    Raises:
        ParseError: a line is not a result, with its number.
    """
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield _sample(line, source, f"line {number}")


def _sample(line: bytes, source: str, position: str) -> RequestSample:
    try:
        item = json.loads(line)
        started_at = datetime.fromisoformat(item["timestamp"])
        latency, code = item["latency"], item["code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParseError(source, position, f"not a vegeta result ({error})") from error
    numbers = (latency, code)
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in numbers):
        raise ParseError(source, position, "latency and code must be counts")
    if started_at.tzinfo is None:
        raise ParseError(source, position, "the timestamp has no time zone")
    return RequestSample(
        started_at=started_at.astimezone(UTC),
        latency_seconds=latency / 1e9,
        code=code,
        error=str(item.get("error") or "") or None,
        method=str(item.get("method") or ""),
        url=str(item.get("url") or ""),
    )
