"""Requests to a metrics API: a deadline for each, retries, and a memory of a server that is down.

Time-outs, connections that break, 429 and 5xx are tried again, a few times and ever more slowly.
Where that did not help, the next request to the same URL is tried once, without waiting, until one
is answered: twenty SLOs must not wait twenty times for a server that is not there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import cast

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.tools.series_query import (
    Credentials,
    Reading,
    SeriesApi,
    SeriesQuery,
    SeriesRequest,
)

ATTEMPTS = 4
TIMEOUT_SECONDS = 60.0
"""Deadline of one whole request, from looking up the name to the answer's last byte."""
PROBE_SECONDS = 10.0
"""Deadline of a request to a server that did not answer the one before."""
MAXIMUM_BYTES = 64 << 20
"""Size limit of one answer."""


@dataclass
class SeriesConnection:
    """One URL, for as many SLOs as are asked for in a run."""

    url: str
    attempts: int = ATTEMPTS
    timeout_seconds: float = TIMEOUT_SECONDS
    wait: wait_base = field(default_factory=lambda: wait_exponential_jitter(multiplier=0.5, max=20))
    _failed: Reading | None = field(default=None, init=False)
    """What the last request came to, if the retries did not help."""

    def __post_init__(self) -> None:
        parsed = httpx.URL(self.url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ConfigurationError(f"{self.url}: must be an http or https URL")

    def read(self, api: SeriesApi, query: SeriesQuery, credentials: Credentials) -> Reading:
        """What the API answers; a reading without events but with the reason if it does not."""

        def last(state: RetryCallState) -> Reading:
            assert state.outcome is not None
            return cast("Reading", state.outcome.result())

        seconds = self.timeout_seconds
        if self._failed is not None and self._failed.unanswered:
            seconds = min(seconds, PROBE_SECONDS)
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts if self._failed is None else 1),
            wait=self.wait,
            retry=retry_if_result(lambda reading: reading.transient),
            retry_error_callback=last,
        )
        reading = retrying(self._try, api, query, api.request(query, credentials), seconds)
        self._failed = reading if reading.transient else None
        return reading

    def _try(
        self, api: SeriesApi, query: SeriesQuery, request: SeriesRequest, seconds: float
    ) -> Reading:
        try:
            status, body = asyncio.run(self._answer(request, seconds))
        except TimeoutError:
            reason = f"{api.NAME}: no answer within {seconds:g} s"
            return Reading(reason=reason, transient=True, unanswered=True)
        except httpx.HTTPError as error:
            reason = f"{api.NAME}: {type(error).__name__}"
            return Reading(reason=reason, transient=True, unanswered=True)
        if len(body) > MAXIMUM_BYTES:
            limit = f"{MAXIMUM_BYTES >> 20} MiB"
            return Reading(reason=f"{api.NAME}: an answer larger than {limit}")
        try:
            return api.parse(query, status, body)
        except ParseError as error:
            return Reading(reason=str(error))

    async def _answer(self, request: SeriesRequest, seconds: float) -> tuple[int, bytes]:
        """Status and body, up to a little more than the limit.

        Asynchronous for the deadline: httpx's own time limits are for every single read, so an
        answer whose headers or body drip in would never come to an end.
        """
        form = request.method == "POST" and request.body is None
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(trust_env=False, timeout=None, verify=_certificates()) as http,  # noqa: S113
            http.stream(
                request.method,
                self.url.rstrip("/") + request.path,
                params=None if form else dict(request.parameters),
                data=dict(request.parameters) if form else None,
                json=request.body,
                headers=dict(request.headers),
            ) as answer,
        ):
            body = bytearray()
            async for block in answer.aiter_bytes():
                body += block
                if len(body) > MAXIMUM_BYTES:
                    break
            return answer.status_code, bytes(body)


@dataclass
class SeriesSession:
    """The requests for one SLO: after one that nobody answered, the rest are not sent."""

    connection: SeriesConnection
    api: SeriesApi
    credentials: Credentials
    _unanswered: Reading | None = field(default=None, init=False)

    def read(self, query: SeriesQuery) -> Reading:
        """What the API answers, or why it does not."""
        if self._unanswered is not None:
            return self._unanswered
        reading = self.connection.read(self.api, query, self.credentials)
        if reading.unanswered:
            self._unanswered = reading
        return reading


@cache
def _certificates() -> SSLContext:
    """Loaded once: it takes longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)
