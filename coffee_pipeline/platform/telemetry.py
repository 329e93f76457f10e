"""Parts of ``platform.yaml`` about monitoring systems: metrics, traces, marks of deployments."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from coffee_pipeline.platform.fields import Description, RepositoryPath
from coffee_pipeline.platform.notifications import Address
from coffee_pipeline.platform.security import VariableName

SourceType = Annotated[str, Field(pattern=r"^[a-z]+$")]
"""Type of a metric source: ``datadog``, ``newrelic``."""


class MetricsAccess(Description):
    """How a metrics API lets in: secrets by environment variable, ``organisation`` is the tenant
    or the account.
    """

    token_variable: str | None = None
    application_key_variable: str | None = None
    organisation: str | None = None


class MetricsApi(MetricsAccess):
    """A metrics API at ``url``."""

    url: str


class LevelSource(MetricsAccess):
    """Where the events of every SLO come from, day by day: metrics APIs, or a recorded file.

    ``series`` is a file (.csv, .jsonl, .parquet) beside platform.yaml. ``by_type`` has the API of
    the SLOs whose ``metricSource.type`` is its key, written small and in one word; ``url`` is for
    all others.
    """

    url: str | None = None
    series: RepositoryPath | None = None
    by_type: dict[SourceType, MetricsApi] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _file_or_apis(self) -> Self:
        if (self.url is None and not self.by_type) == (self.series is None):
            raise ValueError("name either series, or url or by_type or both of these")
        access = (self.token_variable, self.application_key_variable, self.organisation)
        if self.by_type and self.url is None and any(access):
            raise ValueError("tokens and organisation beside by_type are for url: name it, too")
        return self


class TraceStoreSettings(Description):
    """The trace store at ``url``; ``token_variable`` names a bearer token, if it wants one.

    ``goal`` is the share of requests, 0..1, that must be exceeded by those seen end to end.
    """

    store: Literal["jaeger", "tempo", "zipkin"]
    url: Address
    token_variable: VariableName | None = None
    goal: Annotated[float, Field(ge=0, lt=1)] = 0.95


class MarkerSettings(Description):
    """A monitoring system that is told of every deployment into production.

    ``at`` is what it calls the deployed thing: a dashboard's UID (Grafana), an entity's GUID (New
    Relic, required), a host (Datadog), an entity selector (Dynatrace). ``services`` limits the
    marks to some services; none named: all. ``token_variable`` names the variable with the token;
    default: COFFEE_GRAFANA_TOKEN, COFFEE_NEW_RELIC_API_KEY, COFFEE_DD_API_KEY or
    COFFEE_DYNATRACE_API_TOKEN.
    """

    to: Literal["grafana", "newrelic", "datadog", "dynatrace"]
    url: Address | None = None
    at: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    token_variable: VariableName | None = None
    services: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.url is None and self.to in ("grafana", "dynatrace"):
            raise ValueError(f"{self.to}: url is needed, everyone has their own")
        if self.at is None and self.to == "newrelic":
            raise ValueError("newrelic: at is needed: the GUID of the entity")
        return self
