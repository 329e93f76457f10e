"""Sloth's ``prometheus/v1`` specification and its Kubernetes form, as frozen models.

Source: https://sloth.dev/specs/default/ and https://sloth.dev/specs/kubernetes/. The two differ in
the spelling of the fields only: ``error_query``, validated by name, and ``errorQuery``, validated
by alias. Unknown fields are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

_Text = Annotated[str, Field(min_length=1)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=255)]
_Labels = dict[Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")], str]


class Part(BaseModel):
    """Base of all parts; null sections count as left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, value: object) -> object:
        if isinstance(value, Mapping):
            return {key: one for key, one in value.items() if one is not None}
        return value


class Events(Part):
    """Two queries: bad events and all events."""

    error_query: _Text
    total_query: _Text


class Raw(Part):
    """One query: the ratio of bad events."""

    error_ratio_query: _Text


class Plugin(Part):
    """A plugin that sloth would run; nothing is run here."""

    id: _Text
    options: dict[str, Any] = Field(default_factory=dict)


class Sli(Part):
    """Exactly one kind of indicator."""

    events: Events | None = None
    raw: Raw | None = None
    plugin: Plugin | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.events, self.raw, self.plugin)) != 1:
            raise ValueError("exactly one of events, raw and plugin must be given")
        return self


class AlertPart(Part):
    """The page or the ticket alert."""

    disable: bool = False
    labels: _Labels = Field(default_factory=dict)
    annotations: _Labels = Field(default_factory=dict)


class AlertingPart(Part):
    """Both alerts; a name is needed unless both are disabled."""

    name: str = ""
    labels: _Labels = Field(default_factory=dict)
    annotations: _Labels = Field(default_factory=dict)
    page_alert: AlertPart = AlertPart()
    ticket_alert: AlertPart = AlertPart()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name and not (self.page_alert.disable and self.ticket_alert.disable):
            raise ValueError("name is missing; or disable page_alert and ticket_alert")
        return self


class PluginChain(Part):
    """The plugins that make the rules; the chain of the core plugins is what is done here."""

    chain: tuple[dict[str, Any], ...] = ()
    overridePrevious: bool = False  # noqa: N815 - spelled like this in both forms


class SloPart(Part):
    """One SLO; ``objective`` in percent, exactly as written."""

    name: _Name
    description: str = ""
    objective: Annotated[Decimal, Field(gt=0, lt=100)]
    labels: _Labels = Field(default_factory=dict)
    sli: Sli
    alerting: AlertingPart
    plugins: PluginChain = PluginChain()


class SpecificationPart(Part):
    """``version: prometheus/v1``, or the ``spec`` of the Kubernetes resource."""

    version: str = ""
    service: _Name
    labels: _Labels = Field(default_factory=dict)
    slo_plugins: PluginChain = PluginChain()
    slos: Annotated[tuple[SloPart, ...], Field(min_length=1)]


class ResourceMetadata(BaseModel):
    """Kubernetes' own fields are its business; name and labels are used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: _Text
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
