"""The OpenSLO v1 documents that are read, field by field, as frozen models.

Source: the OpenSLO specification, apiVersion ``openslo/v1``
(https://github.com/OpenSLO/OpenSLO#specification). Unknown fields are refused: a mistyped
``targetPercent`` must not pass in silence.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)

from coffee_pipeline.slo.openslo_alerts import PolicyPart
from coffee_pipeline.slo.openslo_parts import Metadata, Part, shorthand
from coffee_pipeline.slo.periods import Calendar, zone

_OPTIONS = {"accountId", "index", "timeField"}


class MetricSource(Part):
    """Where a metric comes from: a type (``Prometheus``) and its own ``spec``."""

    type: str | None = None
    metric_source_ref: Annotated[str | None, Field(alias="metricSourceRef")] = None
    spec: dict[str, Any]

    @property
    def query(self) -> str | None:
        """The query text, None where the source has none."""
        query = self.spec.get("query")
        return query if isinstance(query, str) and query.strip() else None

    @property
    def options(self) -> dict[str, str]:
        """What an API needs besides the query, by name.

        Nothing else is kept: OpenSLO lets a source hold access keys, too, and what is kept is
        written into the history.
        """
        return {
            key: str(value)
            for key, value in self.spec.items()
            if key in _OPTIONS and isinstance(value, str | int) and not isinstance(value, bool)
        }


class Metric(Part):
    """One metric of an indicator."""

    metric_source: Annotated[MetricSource, Field(alias="metricSource")]


class RatioMetric(Part):
    """Good or bad events over total events, or a raw ratio."""

    counter: bool = False
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw_type: Annotated[Literal["success", "failure"] | None, Field(alias="rawType")] = None
    raw: Metric | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.raw is not None:
            if self.good or self.bad or self.total:
                raise ValueError("raw cannot be used together with good, bad or total")
            if self.raw_type is None:
                raise ValueError("raw needs rawType: success or failure")
            return self
        if self.total is None:
            raise ValueError("total is missing")
        if (self.good is None) == (self.bad is None):
            raise ValueError("exactly one of good and bad must be given")
        return self


class IndicatorSpec(Part):
    """Exactly one of a ratio metric and a threshold metric."""

    description: Annotated[str | None, Field(max_length=1050)] = None
    ratio_metric: Annotated[RatioMetric | None, Field(alias="ratioMetric")] = None
    threshold_metric: Annotated[Metric | None, Field(alias="thresholdMetric")] = None

    @model_validator(mode="after")
    def _one_metric(self) -> Self:
        if (self.ratio_metric is None) == (self.threshold_metric is None):
            raise ValueError("exactly one of ratioMetric and thresholdMetric must be given")
        return self


class Indicator(Part):
    """An indicator inside an SLO; its metadata is optional there."""

    metadata: Metadata | None = None
    spec: IndicatorSpec


class CalendarWindow(Part):
    """Where a calendar-aligned window once began, and whose clock it follows."""

    start_time: Annotated[datetime, Field(alias="startTime")]
    time_zone: Annotated[str, Field(alias="timeZone")]

    @field_validator("start_time", mode="before")
    @classmethod
    def _local_time(cls, value: object) -> datetime:
        if isinstance(value, datetime) and value.tzinfo is None:
            return value
        if isinstance(value, str):
            try:
                found = datetime.strptime(value, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - local time
            except ValueError:
                pass
            else:
                return found
        raise ValueError("must be a local time such as 2026-01-01 00:00:00")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        return zone(value).key


class TimeWindow(Part):
    """The period of the SLO: rolling, or aligned to the calendar."""

    duration: str
    is_rolling: Annotated[bool, Field(alias="isRolling")] = False
    calendar: CalendarWindow | None = None

    @field_validator("duration", mode="before")
    @classmethod
    def _shorthand(cls, value: object) -> object:
        shorthand(value)
        return value

    @property
    def length(self) -> timedelta:
        """The nominal length; calendar months and years differ from it."""
        return shorthand(self.duration)

    @property
    def period(self) -> Calendar | None:
        """The calendar periods that it repeats in, None for a rolling window."""
        if self.is_rolling or self.calendar is None:
            return None
        begin, key = self.calendar.start_time, self.calendar.time_zone
        return Calendar(int(self.duration[:-1]), self.duration[-1], begin, key)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.is_rolling and self.calendar is not None:
            raise ValueError("a rolling window has no calendar")
        if not self.is_rolling and self.calendar is None:
            raise ValueError("a window that is not rolling needs calendar: startTime and timeZone")
        return self


class Objective(Part):
    """One target of an SLO, exact: ``targetPercent: 99.9`` is ``Decimal("0.999")``."""

    display_name: Annotated[str | None, Field(alias="displayName")] = None
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: Decimal | None = None
    target: Annotated[Decimal | None, Field(ge=0, lt=1)] = None
    target_percent: Annotated[Decimal | None, Field(alias="targetPercent", ge=0, lt=100)] = None
    time_slice_target: Annotated[Decimal | None, Field(alias="timeSliceTarget", ge=0, le=1)] = None
    time_slice_window: Annotated[
        timedelta | None, Field(alias="timeSliceWindow", exclude_if=lambda given: given is None)
    ] = None

    @field_serializer("time_slice_window", when_used="json-unless-none")
    def _written(self, window: timedelta) -> str:
        # As it is read: a definition that was stored must come back the same.
        return f"{window // timedelta(minutes=1)}m"

    @field_validator("time_slice_window", mode="before")
    @classmethod
    def _slice(cls, value: object) -> timedelta:
        # A bare number is minutes, as the specification's example says.
        return shorthand(f"{value}m" if type(value) is int else value)

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.target is None) == (self.target_percent is None):
            raise ValueError("exactly one of target and targetPercent must be given")
        return self

    @property
    def ratio(self) -> Decimal:
        """The target as a ratio 0..1."""
        if self.target is not None:
            return self.target
        assert self.target_percent is not None
        return self.target_percent / 100


class SloSpec(Part):
    """The ``spec`` of an SLO."""

    description: Annotated[str | None, Field(max_length=1050)] = None
    service: Annotated[str, Field(min_length=1)]
    indicator: Indicator | None = None
    indicator_ref: Annotated[str | None, Field(alias="indicatorRef")] = None
    time_window: Annotated[
        tuple[TimeWindow, ...], Field(alias="timeWindow", min_length=1, max_length=1)
    ] = ()
    budgeting_method: Annotated[
        Literal["Occurrences", "Timeslices", "RatioTimeslices"], Field(alias="budgetingMethod")
    ]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    alert_policies: Annotated[tuple[PolicyPart, ...], Field(alias="alertPolicies")] = ()

    @model_validator(mode="after")
    def _one_indicator(self) -> Self:
        if (self.indicator is None) == (self.indicator_ref is None):
            raise ValueError("exactly one of indicator and indicatorRef must be given")
        return self


class SloDocument(Part):
    """``kind: SLO``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SloSpec


class SliDocument(Part):
    """``kind: SLI``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["SLI"]
    metadata: Metadata
    spec: IndicatorSpec


class ServiceSpec(Part):
    """The ``spec`` of a Service."""

    description: Annotated[str | None, Field(max_length=1050)] = None


class ServiceDocument(Part):
    """``kind: Service``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


class DataSourceSpec(BaseModel):
    """Only the type: connection details may hold secrets and are not kept."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str


class DataSourceDocument(Part):
    """``kind: DataSource``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: DataSourceSpec
