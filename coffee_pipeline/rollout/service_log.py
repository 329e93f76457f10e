"""What a service logs: whether lines are structured, and whether they can be joined with traces.

A line is structured if a program can take it apart without knowing the service: a JSON object, or
logfmt (``key=value`` pairs), with a message and a level or a time under one of their usual names.
Nothing of what is logged is kept, only counts: logs may hold anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT = 4 << 20
"""Bytes of a log that are looked at: its last."""

_PAIR = re.compile(r'([A-Za-z_@][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
_SEPARATOR = re.compile(r"[._-]")
_MESSAGE = frozenset({"msg", "message", "event", "body"})
_LEVEL = frozenset({"level", "lvl", "severity", "loglevel", "levelname", "severitytext"})
_TIME = frozenset({"time", "ts", "timestamp", "@timestamp", "t", "eventtime"})
_TRACE = frozenset({"traceid", "trace", "ddtraceid", "traceparent", "oteltraceid",
                    "logginggoogleapiscom/trace"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogCount:
    """Lines of a log: all, structured ones, those of them with a trace id.

    ``traced`` says whether a line holds the trace id that was looked for. ``cut``: only the end of
    the log was looked at.
    """

    lines: int
    structured: int
    with_trace_id: int
    traced: bool
    cut: bool


def count_lines(log: Path, offset: int, trace_id: str | None = None) -> LogCount:
    """Count the whole lines of ``log`` from ``offset`` bytes on; empty ones do not count.

    Args:
        log: the file that the service's output goes to.
        offset: where this run of the service begins in it.
        trace_id: an id of 32 hex digits to look for.

    Raises:
        OSError: it cannot be read.
    """
    with log.open("rb") as stream:
        end = stream.seek(0, 2)
        begin = max(offset if offset <= end else 0, end - LIMIT)
        cut = begin > offset
        stream.seek(begin)
        content = stream.read(LIMIT)
    whole = content[: content.rfind(b"\n") + 1]
    if cut:
        whole = whole[whole.find(b"\n") + 1 :]
    decoded = (line.decode("utf-8", "replace").strip() for line in whole.split(b"\n"))
    lines = [line for line in decoded if line]
    found = [fields for line in lines if (fields := structured(line)) is not None]
    return LogCount(
        lines=len(lines),
        structured=len(found),
        with_trace_id=sum(has_trace_id(one) for one in found),
        traced=trace_id is not None and any(trace_id in line for line in lines),
        cut=cut,
    )


def structured(line: str) -> Mapping[str, object] | None:
    """The fields of a structured line, by plain names (``trace_id``: traceid); None for another."""
    found = _json(line) if line.startswith("{") else _logfmt(line)
    if found is None:
        return None
    fields = {_SEPARATOR.sub("", name.lower()): value for name, value in found.items()}
    names = fields.keys()
    return fields if names & _MESSAGE and (names & _LEVEL or names & _TIME) else None


def has_trace_id(fields: Mapping[str, object]) -> bool:
    """Whether one of the fields of :func:`structured` is a trace's id, and not empty."""
    return any(
        name in _TRACE and str(value or "").strip('0- "') != "" for name, value in fields.items()
    )


def _json(line: str) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _logfmt(line: str) -> dict[str, object] | None:
    fields: dict[str, object] = {}
    at = 0
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None:
            return None
        fields[pair[1]] = pair[2]
        at = pair.end()
    return fields
