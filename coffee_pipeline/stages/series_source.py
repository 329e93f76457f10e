"""Events of an SLO from a metrics API, week by week as it allows, with retries.

What the API does not answer is a gap with its reason. A query refused (400, 401, 422 ...), an
answer from a part of the data, and anything that is not the API's answer are not tried again;
time-outs, connections that break, 429 and 5xx are, a few times and ever more slowly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import cast

import httpx
import numpy as np
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from coffee_pipeline.errors import ConfigurationError, ParseError, UsageError
from coffee_pipeline.slo.adjacent_windows import without_seams
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.events import Events, Floats, of_rows
from coffee_pipeline.slo.promql import windowed
from coffee_pipeline.slo.query_kinds import events_of_rates
from coffee_pipeline.slo.query_windows import fill, has_window
from coffee_pipeline.tools import (
    datadog_series,
    dynatrace_series,
    elasticsearch_series,
    loki_series,
    newrelic_series,
    prometheus_series,
)
from coffee_pipeline.tools.series_query import (
    Credentials,
    Reading,
    SeriesApi,
    SeriesQuery,
    SeriesRequest,
)

ATTEMPTS = 4
TIMEOUT_SECONDS = 60.0
MAXIMUM_BYTES = 64 << 20
"""Size limit of one answer."""

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

_SPOKEN = {"victoriametrics": "prometheus", "thanos": "prometheus", "mimir": "prometheus"}


def api_of(source_type: str | None) -> SeriesApi:
    """The API that a metric source's type names.

    Raises:
        ConfigurationError: none is known by this name.
    """
    name = (source_type or "").lower().replace(" ", "").replace("-", "")
    found = APIS.get(_SPOKEN.get(name, name))
    if found is None:
        known = ", ".join(sorted({*APIS, *_SPOKEN}))
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

    url: str
    credentials: Credentials = field(default_factory=Credentials)
    attempts: int = ATTEMPTS
    timeout_seconds: float = TIMEOUT_SECONDS
    wait: wait_base = field(default_factory=lambda: wait_exponential_jitter(multiplier=0.5, max=20))

    def __post_init__(self) -> None:
        parsed = httpx.URL(self.url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ConfigurationError(f"{self.url}: must be an http or https URL")

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        """Good and total events of each step from ``start`` to ``end`` (seconds since 1970).

        With events in total, a step without good ones is an outage and one without bad ones is
        all good - unless the query for bad events answered nothing at all, in which case it may
        be mistyped, and there is no data.

        Raises:
            ConfigurationError: the SLO's source or queries cannot be asked for events.
        """
        api = api_of(slo.source_type)
        counted = slo.good if slo.good is not None else slo.bad
        if slo.total is None or counted is None:
            raise ConfigurationError(f"{slo.file}:{slo.line}: {slo.name}: no ratio of two queries")
        start, end = start // step * step, end // step * step
        with httpx.Client(trust_env=False, timeout=self.timeout_seconds) as http:
            total, why = self._series(http, api, slo, slo.total, (start, end, step))
            numbers, why_not = self._series(http, api, slo, counted, (start, end, step))
        reasons = tuple(dict.fromkeys((*why, *why_not)))
        if not total:
            reasons = reasons or ("the query for total events returned no data",)
        elif not numbers and slo.good is None:
            hint = "add 'or vector(0)' if that is good news"
            reasons = (*reasons, f"the query for bad events returned no data; {hint}")
            total = {}
        return Fetched(_events(slo, total, numbers, step), reasons)

    def _series(
        self, http: httpx.Client, api: SeriesApi, slo: Slo, text: str, span: tuple[int, int, int]
    ) -> tuple[dict[int, float], list[str]]:
        start, end, step = span
        query = _query(api, slo, text, step)
        found: dict[int, float] = {}
        reasons: list[str] = []
        for first, last in _chunks(start, end, step * api.MAXIMUM_STEPS):
            part = SeriesQuery(query, first, last, step, slo.source_options)
            reading = self._read(http, api, part)
            if reading.reason:
                reasons.append(reading.reason)
                found.update(dict.fromkeys(range(first, last, step), float("nan")))
            found.update(reading.events)
        return found, reasons

    def _read(self, http: httpx.Client, api: SeriesApi, query: SeriesQuery) -> Reading:
        request = api.request(query, self.credentials)

        def last(state: RetryCallState) -> Reading:
            assert state.outcome is not None
            return cast("Reading", state.outcome.result())

        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self.wait,
            retry=retry_if_result(lambda reading: reading.transient),
            retry_error_callback=last,
        )
        return retrying(self._ask, http, api, query, request)

    def _ask(
        self, http: httpx.Client, api: SeriesApi, query: SeriesQuery, request: SeriesRequest
    ) -> Reading:
        form = request.method == "POST" and request.body is None
        try:
            with http.stream(
                request.method,
                self.url.rstrip("/") + request.path,
                params=None if form else dict(request.parameters),
                data=dict(request.parameters) if form else None,
                json=request.body,
                headers=dict(request.headers),
            ) as answer:
                body = b""
                for block in answer.iter_bytes():
                    body += block
                    if len(body) > MAXIMUM_BYTES:
                        limit = f"{MAXIMUM_BYTES >> 20} MiB"
                        return Reading(reason=f"{api.NAME}: an answer larger than {limit}")
            return api.parse(query, answer.status_code, body)
        except httpx.TimeoutException:
            reason = f"{api.NAME}: no answer within {self.timeout_seconds:g} s"
            return Reading(reason=reason, transient=True)
        except httpx.HTTPError as error:
            return Reading(reason=f"{api.NAME}: {type(error).__name__}", transient=True)
        except ParseError as error:
            return Reading(reason=str(error))


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
