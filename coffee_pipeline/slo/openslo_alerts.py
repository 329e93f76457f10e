"""OpenSLO v1's alert policies, conditions and notification targets, as frozen models.

They are checked, and the names they refer to; rules are generated the same way for every SLO.
Source: https://github.com/OpenSLO/OpenSLO#alertpolicy and the sections after it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from coffee_pipeline.slo.openslo_parts import Metadata, Part, shorthand

_Name = Annotated[str, Field(min_length=1)]
_Description = Annotated[str | None, Field(max_length=1050)]
_Version = Annotated[Literal["openslo/v1"] | None, Field(alias="apiVersion")]


class BurnRateCondition(Part):
    """Burn rate above ``threshold`` over ``lookbackWindow``, for as long as ``alertAfter``."""

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    threshold: Decimal
    lookback_window: Annotated[timedelta, Field(alias="lookbackWindow")]
    alert_after: Annotated[timedelta, Field(alias="alertAfter")] = timedelta(0)

    @field_validator("lookback_window", mode="before")
    @classmethod
    def _length(cls, value: object) -> timedelta:
        return shorthand(value)

    @field_validator("alert_after", mode="before")
    @classmethod
    def _patience(cls, value: object) -> timedelta:
        return timedelta(0) if value == "0m" else shorthand(value)


class ConditionSpec(Part):
    """The ``spec`` of an AlertCondition."""

    description: _Description = None
    severity: _Name
    condition: BurnRateCondition


class TargetSpec(Part):
    """The ``spec`` of an AlertNotificationTarget."""

    description: _Description = None
    target: _Name


class ConditionPart(Part):
    """A condition of a policy: written inline, or the name of one."""

    condition_ref: Annotated[_Name | None, Field(alias="conditionRef")] = None
    api_version: _Version = None
    kind: Literal["AlertCondition"] | None = None
    metadata: Metadata | None = None
    spec: ConditionSpec | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.condition_ref is None) == (self.spec is None):
            raise ValueError("exactly one of conditionRef and spec must be given")
        return self


class TargetPart(Part):
    """A target of a policy: written inline, or the name of one."""

    target_ref: Annotated[_Name | None, Field(alias="targetRef")] = None
    api_version: _Version = None
    kind: Literal["AlertNotificationTarget"] | None = None
    metadata: Metadata | None = None
    spec: TargetSpec | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.target_ref is None) == (self.spec is None):
            raise ValueError("exactly one of targetRef and spec must be given")
        return self


class PolicySpec(Part):
    """The ``spec`` of an AlertPolicy; OpenSLO allows one condition only."""

    description: _Description = None
    alert_when_no_data: Annotated[bool, Field(alias="alertWhenNoData")] = False
    alert_when_resolved: Annotated[bool, Field(alias="alertWhenResolved")] = False
    alert_when_breaching: Annotated[bool, Field(alias="alertWhenBreaching")] = False
    conditions: Annotated[tuple[ConditionPart, ...], Field(min_length=1, max_length=1)]
    notification_targets: Annotated[
        tuple[TargetPart, ...], Field(alias="notificationTargets", min_length=1)
    ]


class PolicyPart(Part):
    """A policy of an SLO: written inline, or the name of one."""

    alert_policy_ref: Annotated[_Name | None, Field(alias="alertPolicyRef")] = None
    api_version: _Version = None
    kind: Literal["AlertPolicy"] | None = None
    metadata: Metadata | None = None
    spec: PolicySpec | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.alert_policy_ref is None) == (self.spec is None):
            raise ValueError("exactly one of alertPolicyRef and spec must be given")
        return self


class PolicyDocument(Part):
    """``kind: AlertPolicy``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["AlertPolicy"]
    metadata: Metadata
    spec: PolicySpec


class ConditionDocument(Part):
    """``kind: AlertCondition``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: ConditionSpec


class TargetDocument(Part):
    """``kind: AlertNotificationTarget``."""

    api_version: Annotated[Literal["openslo/v1"], Field(alias="apiVersion")]
    kind: Literal["AlertNotificationTarget"]
    metadata: Metadata
    spec: TargetSpec
