"""Parts of ``platform.yaml`` about monitoring systems: the trace store, marks of deployments."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from coffee_pipeline.platform.fields import Description
from coffee_pipeline.platform.notifications import Address
from coffee_pipeline.platform.security import VariableName


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
