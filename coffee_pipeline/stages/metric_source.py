"""Where SLIs come from: a Prometheus queried by PromQL, or the pipeline's own scrapes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

import httpx

from coffee_pipeline.errors import (
    ConfigurationError,
    EnvironmentFailedError,
    ParseError,
    ToolMissingError,
)
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.rollout.releases import Release
from coffee_pipeline.rollout.telemetry import UP
from coffee_pipeline.rollout.waiting import until
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.indicator import Measured, measured
from coffee_pipeline.slo.promql import (
    UnsupportedQueryError,
    Window,
    evaluate,
    windowed,
)
from coffee_pipeline.slo.query_kinds import counts_rates, events_of_rates
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.tools import prometheus

FRESH_SECONDS = 10.0
"""How long to wait for Prometheus to scrape what happened before the window's end."""


class MetricSource(Protocol):
    """Answers what an SLO's indicator was over a window."""

    @property
    def name(self) -> str:
        """Either prometheus or scrape."""
        ...

    def measure(
        self, slo: Slo, environment: str, service: str, start: datetime, end: datetime
    ) -> Measured:
        """Good and total events; a reason instead of numbers where there is no data."""
        ...

    def wait_for(self, environment: str, service: str, revision: str) -> bool:
        """Wait until the source has seen the release once; False when it did not in time.

        Requests sent before the first scrape would be missing from the increase.
        """
        ...


def open_source(context: StageContext, client: EnvironmentClient) -> MetricSource:
    """The source the platform asks for; ``auto`` takes Prometheus where it is to be had.

    Raises:
        ToolMissingError: ``prometheus`` is asked for and not to be had.
    """
    settings = context.platform.metrics
    status = client.status()
    url = settings.prometheus_url or status.prometheus_url
    if settings.source == "scrape" or (settings.source == "auto" and url is None):
        return ScrapeSource(client)
    if url is None:
        raise ToolMissingError(f"metrics.source is prometheus, but {status.prometheus_reason}")
    return PrometheusSource(url)


def await_first_scrape(
    context: StageContext, client: EnvironmentClient, environment: str, release: Release
) -> None:
    """Wait until a release that has metrics was scraped once, before it gets requests.

    One that is not scraped in time is measured all the same: its service levels will say so.
    """
    if release.run.metrics is not None:
        source = open_source(context, client)
        source.wait_for(environment, release.service, release.revision)


class ScrapeSource:
    """The samples that the owner of the environments scraped."""

    name = "scrape"

    def __init__(self, client: EnvironmentClient) -> None:
        self._client = client

    def measure(
        self, slo: Slo, environment: str, service: str, start: datetime, end: datetime
    ) -> Measured:
        """Evaluate the SLO's queries on the scraped samples."""
        # One more scrape is taken now: what happened just before the end is in it.
        samples = self._client.samples(
            environment, service, start, datetime.max.replace(tzinfo=UTC)
        )
        last = max((sample.observed_at for sample in samples), default=end)
        window = Window(start, max(end, last))

        def answer(query: str) -> tuple[float | None, str | None]:
            expression = windowed(
                query, window.length, counter=slo.counter, matchers={"environment": environment}
            )
            return evaluate(expression, samples, window), None

        return _measured(slo, answer)

    def wait_for(self, environment: str, service: str, revision: str) -> bool:
        """Scrape once now."""
        now = datetime.now(UTC)
        found = self._client.samples(environment, service, now, datetime.max.replace(tzinfo=UTC))
        return any(sample.revision == revision and sample.name != UP for sample in found)


class PrometheusSource:
    """A server with the Prometheus HTTP API."""

    name = "prometheus"

    def __init__(self, url: str) -> None:
        self._url = url

    def measure(
        self, slo: Slo, environment: str, service: str, start: datetime, end: datetime
    ) -> Measured:
        """Query the SLO's increase over the window, once the server has seen its end."""
        at = max(end, self._scraped_after(environment, service, end))
        window = Window(start, at)

        def answer(query: str) -> tuple[float | None, str | None]:
            expression = windowed(
                query, window.length, counter=slo.counter, matchers={"environment": environment}
            )
            told = self._query(expression, at)
            return told.value, told.reason

        return _measured(slo, answer)

    def wait_for(self, environment: str, service: str, revision: str) -> bool:
        """Wait for a successful scrape of the release."""
        where = f'environment="{environment}",service="{service}",revision="{revision}"'
        query = f"count(up{{{where}}} == 1)"

        def seen() -> bool:
            return self._query(query, datetime.now(UTC)).value is not None

        return until(seen, FRESH_SECONDS, every=0.1) is not None

    def _scraped_after(self, environment: str, service: str, end: datetime) -> datetime:
        """When the service was scraped after ``end``; ``end`` when it was not in time."""
        query = f'max(timestamp(up{{environment="{environment}",service="{service}"}}))'

        def scraped() -> float | None:
            told = self._query(query, datetime.now(UTC))
            return told.value if told.value is not None and told.value >= end.timestamp() else None

        found = until(scraped, FRESH_SECONDS, every=0.2)
        return datetime.fromtimestamp(found, UTC) if found else end

    def _query(self, expression: str, at: datetime) -> prometheus.Answer:
        try:
            answer = httpx.get(
                self._url + prometheus.QUERY_PATH,
                params=prometheus.request(expression, at),
                trust_env=False,
                timeout=30.0,
            )
            return prometheus.parse(answer.status_code, answer.content)
        except (httpx.HTTPError, ParseError) as error:
            return prometheus.Answer(None, f"Prometheus: {error}")


def _measured(slo: Slo, answer: Callable[[str], tuple[float | None, str | None]]) -> Measured:
    if slo.unsupported is not None:
        return Measured(None, None, None, slo.unsupported)
    kind: Literal["good", "bad"] = "good" if slo.good is not None else "bad"
    numerator = slo.good if slo.good is not None else slo.bad
    if numerator is None or slo.total is None:
        return Measured(None, None, None, f"{slo.name}: no ratio of queries")
    try:
        counted, why = answer(_events(slo, numerator))
        total, why_not = answer(_events(slo, slo.total))
    except (UnsupportedQueryError, ConfigurationError, EnvironmentFailedError) as error:
        return Measured(None, None, None, str(error))
    if counted is None and why not in (None, prometheus.NO_SERIES):
        # A query that failed has not counted zero good events: that would be a false outage.
        return Measured(None, None, None, why)
    if total is None and why_not:
        return Measured(None, None, None, why_not)
    return measured(counted, kind, total)


def _events(slo: Slo, query: str) -> str:
    """The query of events in the window; sloth's are of events per second, OpenSLO's may be."""
    if slo.specification == "openslo/v1" and not counts_rates(query):
        return query
    return events_of_rates(query)
