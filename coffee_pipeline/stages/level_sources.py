"""What service levels are measured from day by day, as platform.yaml says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.platform.description import MetricsSettings
from coffee_pipeline.platform.telemetry import MetricsAccess
from coffee_pipeline.slo.definition import Slo, source_name
from coffee_pipeline.slo.events import Events
from coffee_pipeline.stages.recorded_levels import events_of, rows_of
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import Fetched, SeriesSource, api_of
from coffee_pipeline.tools import event_rows
from coffee_pipeline.tools.event_rows import EventRows
from coffee_pipeline.tools.series_query import Credentials

NO_SOURCE = "platform.yaml names no source of events (metrics.levels)"
NO_API = "platform.yaml names no API (metrics.levels: by_type or url) of the metric source"


class EventSource(Protocol):
    """Answers with the events of an SLO."""

    @property
    def name(self) -> str:
        """What is asked, as it is stored."""
        ...

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        """The events of each step, and why some are missing."""
        ...


@dataclass
class ApiSource:
    """Metrics APIs; which one, each SLO's ``metricSource.type`` says.

    ``by_type`` are those of single types, ``api`` is at the URL for all others, if there is one.
    """

    api: SeriesSource | None
    name: str = "api"
    by_type: Mapping[str, SeriesSource] = field(default_factory=dict)

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:
        """Ask the API of the SLO's type."""
        api = self.by_type.get(source_name(slo.source_type), self.api)
        if api is None:
            return Fetched(_nothing(step), (f"{NO_API} {slo.source_type}",))
        return api.events(slo, start, end, step)


@dataclass
class RecordedSource:
    """A recorded file, read once."""

    path: Path
    name: str = "recorded"

    @cached_property
    def _rows(self) -> dict[str, EventRows] | str:
        try:
            return event_rows.read(self.path)
        except (ConfigurationError, ParseError) as error:
            return str(error)

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:  # noqa: ARG002
        """The rows of the SLO; a file that cannot be read is a gap with its reason."""
        rows = self._rows
        if isinstance(rows, str):
            return Fetched(_nothing(step), (rows,))
        found = rows_of(slo, rows)
        if found is None:
            return Fetched(_nothing(step), (f"{self.path.name} has no rows of {slo.name}",))
        return Fetched(events_of(found, step), ())


@dataclass
class NoSource:
    """Nothing to ask."""

    name: str = "none"

    def events(self, slo: Slo, start: int, end: int, step: int) -> Fetched:  # noqa: ARG002
        """Nothing, and why."""
        return Fetched(_nothing(step), (NO_SOURCE,))


def event_source(settings: MetricsSettings, base: Path) -> EventSource:
    """The source of events; ``base`` is the folder of the description.

    Raises:
        ConfigurationError: an environment variable is named and not set, a URL is none, or a type
            of metric sources is not known.
    """
    chosen = settings.levels
    if chosen is None:
        url = settings.prometheus_url
        return NoSource() if url is None else ApiSource(SeriesSource(SeriesConnection(url)))
    if chosen.series is not None:
        return RecordedSource(base / chosen.series)
    for source_type in chosen.by_type:
        api_of(source_type)  # or else a mistyped one would never be asked
    by_type = {name: _api(one.url, one) for name, one in chosen.by_type.items()}
    others = None if chosen.url is None else _api(chosen.url, chosen)
    return ApiSource(others, by_type=by_type)


def _api(url: str, access: MetricsAccess) -> SeriesSource:
    credentials = Credentials(
        token=_secret(access.token_variable),
        organisation=access.organisation,
        application_key=_secret(access.application_key_variable),
    )
    return SeriesSource(SeriesConnection(url), credentials)


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(f"the environment variable {variable} is not set")
    return value


def _nothing(step: int) -> Events:
    return Events(0, step, np.empty(0), np.empty(0))
