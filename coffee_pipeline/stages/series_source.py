"""Events of an SLO from a metrics API, week by week as it allows.

What the API does not answer is a gap with its reason. A query refused (400, 401, 422 ...), an
answer from a part of the data, and anything that is not the API's answer are not tried again; what
may be gone on the next try is (:mod:`coffee_pipeline.stages.series_connection`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import cast

import numpy as np

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.slo.adjacent_windows import without_seams
from coffee_pipeline.slo.definition import PROMQL_SOURCES, Slo, source_name
from coffee_pipeline.slo.events import Events, Floats, of_rows
from coffee_pipeline.slo.judged_steps import good_shares, value_query
from coffee_pipeline.slo.promql import windowed
from coffee_pipeline.slo.query_kinds import events_of_rates
from coffee_pipeline.slo.query_windows import fill, has_window
from coffee_pipeline.stages.series_connection import SeriesConnection, SeriesSession
from coffee_pipeline.tools import (
    datadog_series,
    dynatrace_series,
    elasticsearch_series,
    loki_series,
    newrelic_series,
    prometheus_series,
)
from coffee_pipeline.tools.series_query import Credentials, SeriesApi, SeriesQuery

_MODULES: tuple[ModuleType, ...] = (
    datadog_series,
    dynatrace_series,
    elasticsearch_series,
    loki_series,
    newrelic_series,
    prometheus_series,
)
APIS: Mapping[str, SeriesApi] = {one.NAME: cast("SeriesApi", one) for one in _MODULES}
"""By name; OpenSLO's ``metricSource.type`` names one in any case, with or without a blank."""


def api_of(source_type: str | None) -> SeriesApi:
    """The API that a metric source's type names.

    Raises:
        ConfigurationError: none is known by this name.
    """
    name = source_name(source_type)
    found = APIS.get(prometheus_series.NAME if name in PROMQL_SOURCES else name)
    if found is None:
        known = ", ".join(sorted({*APIS, *PROMQL_SOURCES}))
        raise ConfigurationError(f"metric source {source_type}: must be one of {known}")
    return found


@dataclass(frozen=True)
class Fetched:
    """The events, and why some stretches of time have none."""

    events: Events
    reasons: tuple[str, ...]


@dataclass
class SeriesSource:
    """One API at one URL."""

    connection: SeriesConnection
    credentials: Credentials = field(default_factory=Credentials)

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        """Good and total events of each step from ``start`` to ``end`` (seconds since 1970).

        With events in total, a step without good ones is an outage and one without bad ones is
        all good - unless the query for bad events answered nothing at all, in which case it may
        be mistyped, and there is no data. Of a threshold or a raw ratio each step is one event.

        Raises:
            ConfigurationError: the SLO's source or queries cannot be asked for events.
        """
        api = api_of(slo.source_type)
        session = SeriesSession(self.connection, api, self.credentials)
        start, end = start // step * step, end // step * step
        counted = slo.good if slo.good is not None else slo.bad
        if slo.total is None or counted is None:
            return _judged(session, slo, (start, end, step))
        total, why = _series(session, slo, _query(api, slo, slo.total, step), (start, end, step))
        query = _query(api, slo, counted, step)
        numbers, why_not = _series(session, slo, query, (start, end, step))
        reasons = tuple(dict.fromkeys((*why, *why_not)))
        if not total:
            reasons = reasons or ("the query for total events returned no data",)
        elif not numbers and slo.good is None:
            hint = "add 'or vector(0)' if that is good news"
            reasons = (*reasons, f"the query for bad events returned no data; {hint}")
            total = {}
        return Fetched(_events(slo, total, numbers, step), reasons)


def _series(
    session: SeriesSession,
    slo: Slo,
    query: str,
    span: tuple[int, int, int],
    *,
    single: bool = False,
) -> tuple[dict[int, float], list[str]]:
    start, end, step = span
    found: dict[int, float] = {}
    reasons: list[str] = []
    for first, last in _chunks(start, end, step * session.api.MAXIMUM_STEPS):
        part = SeriesQuery(query, first, last, step, slo.source_options, single)
        reading = session.read(part)
        if reading.reason:
            reasons.append(reading.reason)
            found.update(dict.fromkeys(range(first, last, step), float("nan")))
        found.update(reading.events)
    return found, reasons


def _judged(session: SeriesSession, slo: Slo, span: tuple[int, int, int]) -> Fetched:
    """The steps of a threshold or a raw ratio, each with a value being one event.

    Raises:
        ConfigurationError: the SLO is neither, or cannot be measured.
    """
    try:
        query = value_query(slo)
    except UsageError as error:
        raise ConfigurationError(f"{slo.file}:{slo.line}: {slo.name}: {error}") from error
    found, why = _series(session, slo, query, span, single=True)
    reasons = tuple(dict.fromkeys(why))
    if not found:
        return Fetched(_events(slo, {}, {}, span[2]), reasons or ("the query returned no data",))
    times = np.array(sorted(found), dtype=np.int64)
    good = good_shares(slo, np.array([found[int(at)] for at in times]))
    odd = int(np.isnan(good).sum()) - sum(math.isnan(value) for value in found.values())
    if odd:
        reasons = (*reasons, f"{odd} values of the ratio are not between 0 and 1")
    return Fetched(of_rows(times, good, np.ones(len(times)), span[2]), reasons)


def _chunks(start: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    for first in range(start, end, length):
        yield first, min(first + length, end)


def _query(api: SeriesApi, slo: Slo, text: str, step: int) -> str:
    """The query of the events in a step.

    Raises:
        ConfigurationError: the query counts no events.
    """
    window = timedelta(seconds=step)
    if api.NAME != prometheus_series.NAME:
        return fill(text, f"{step}s")
    try:
        if slo.specification != "openslo/v1":
            return without_seams(fill(events_of_rates(text), f"{step}s"))
        if has_window(text) and slo.dialect == "PromQL" and "rate" in text:
            text = events_of_rates(text)
        return without_seams(windowed(text, window, counter=slo.counter))
    except UsageError as error:
        raise ConfigurationError(f"{slo.file}:{slo.line}: {slo.name}: {error}") from error


def _events(
    slo: Slo,
    total: Mapping[int, float],
    numbers: Mapping[int, float],
    step: int,
) -> Events:
    if not total:
        return Events(0, step, np.empty(0), np.empty(0))
    times = np.array(sorted(total), dtype=np.int64)
    every: Floats = np.array([total[int(at)] for at in times])
    counted: Floats = np.array([numbers.get(int(at), 0.0) for at in times])
    good = counted if slo.good is not None else every - counted
    return of_rows(times, good, every, step)
