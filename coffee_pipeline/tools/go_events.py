"""The event stream of ``go test -json``: JSON lines, with anything else in between.

Format: ``go doc test2json`` (events of tests) and ``go help buildjson`` (``build-output`` and
``build-fail``, Go 1.24 and later).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_STARTS = ('{"Time":"', '{"ImportPath":"', '{"Action":"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; fields that it does not have are None."""

    action: str
    package: str | None = None
    test: str | None = None
    output: str | None = None
    time: datetime | None = None
    elapsed_seconds: float | None = None
    import_path: str | None = None
    failed_build: str | None = None


def read_events(stream: bytes) -> Iterator[Event | str]:
    """Events in order; what is no event comes as text, so that nothing is lost.

    Never fails: a killed process leaves half a line, a test binary may write to the same pipe.
    """
    for line in stream.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        event = _event(line)
        if event is not None:
            yield event
            continue
        yield from _glued(line)


def _glued(line: str) -> Iterator[Event | str]:
    """A line that is no event, or text with an event glued to its end."""
    starts = [start for prefix in _STARTS if (start := line.find(prefix)) > 0]
    for start in sorted(starts):
        event = _event(line[start:])
        if event is not None:
            yield clean(line[:start])
            yield event
            return
    yield clean(line)


def _event(line: str) -> Event | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(item, dict) or not isinstance(item.get("Action"), str):
        return None
    return Event(
        action=item["Action"],
        package=_text(item, "Package"),
        test=_text(item, "Test"),
        output=_text(item, "Output"),
        time=_time(item.get("Time")),
        elapsed_seconds=_seconds(item.get("Elapsed")),
        import_path=_text(item, "ImportPath"),
        failed_build=_text(item, "FailedBuild"),
    )


def clean(text: str) -> str:
    """``text`` with lone surrogates (JSON escapes may hold them) replaced: it can be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    return clean(value) if isinstance(value, str) and value else None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = float(value)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None
