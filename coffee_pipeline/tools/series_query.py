"""What all metrics APIs have in common: a query of events per step, and what came of it.

An API is one module with the names of :class:`SeriesApi`. It sends nothing: ``request`` says what
to send, ``parse`` reads the answer. A query yields the number of events in each step; steps that
the answer leaves out are no data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from coffee_pipeline.errors import ParseError
from coffee_pipeline.redaction import excerpt

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be gone on the next try."""


@dataclass(frozen=True)
class SeriesQuery:
    """Events of each step of ``step`` seconds from ``start`` to ``end`` (seconds since 1970).

    ``options`` is what the SLO document says besides the query, such as an index. ``single`` asks
    for the value of each step, so several series at once are refused; events of several add up.
    """

    text: str
    start: int
    end: int
    step: int
    options: Mapping[str, str] = field(default_factory=dict)
    single: bool = False


@dataclass(frozen=True)
class Credentials:
    """Who asks: a token, the organisation (tenant, account), and Datadog's second key."""

    token: str | None = field(default=None, repr=False)
    organisation: str | None = None
    application_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SeriesRequest:
    """An HTTP request below the API's URL; ``body`` is sent as JSON."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Reading:
    """Events by the begin of their step; ``reason`` says why there are none.

    ``transient`` reasons may be gone on the next try. ``unanswered`` are those where no server
    answered: there was no connection, it broke, or time ran out.
    """

    events: Mapping[int, float] = field(default_factory=dict)
    reason: str | None = None
    transient: bool = False
    unanswered: bool = False


class SeriesApi(Protocol):
    """One metrics API."""

    NAME: str
    MAXIMUM_STEPS: int
    """Most steps that one request may ask for."""

    def request(self, query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
        """What to send."""
        ...

    def parse(self, query: SeriesQuery, status: int, body: bytes) -> Reading:
        """What the answer says.

        Raises:
            ParseError: it is no answer of this API.
        """
        ...


def document(api: str, status: int, body: bytes) -> dict[str, Any] | Reading:
    """The answer's JSON object; a reading where the status says that there is none.

    Raises:
        ParseError: the answer should be a JSON object and is not.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        if status >= 400:
            return refused(api, status, None)
        raise ParseError(api, "", f"status {status}, not JSON") from error
    if not isinstance(found, dict):
        if status >= 400:
            return refused(api, status, None)
        raise ParseError(api, "", f"status {status}, not a JSON object")
    return found


def refused(api: str, status: int, message: object) -> Reading:
    """The reading of an error status."""
    text = f": {excerpt(' '.join(str(message).split()), 300)}" if message else ""
    return Reading(reason=f"{api} answered {status}{text}", transient=status in TRANSIENT)


def partial(api: str, why: object) -> Reading:
    """The reading of an answer from some of the data only: that is no answer."""
    text = excerpt(" ".join(str(why).split()), 300)
    return Reading(reason=f"{api} answered from a part of its data only: {text}")


def added(query: SeriesQuery, points: Iterable[tuple[float, object]]) -> Reading:
    """The reading of (begin in seconds, value) pairs; those of one step are added up.

    Null, NaN and infinite values are no data. Points outside of the query are left out.
    """
    events: dict[int, float] = {}
    for at, value in points:
        number = _finite(value)
        begin = _finite(at)
        if number is None or begin is None:
            continue
        step = math.floor(begin / query.step) * query.step
        if query.start <= step < query.end:
            events[step] = events.get(step, 0.0) + number
    return Reading(events)


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
