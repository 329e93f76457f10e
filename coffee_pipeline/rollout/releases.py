"""What runs in an environment, as values that travel between the owner and its clients."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from coffee_pipeline.platform.description import RunSettings
from coffee_pipeline.platform.fields import Name

Track = Literal["stable", "canary"]


class Value(BaseModel):
    """Base of the values: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Release(Value):
    """A service's binary at a revision and how it runs. ``digest`` is ``sha256:...`` of it.

    ``series`` are the metrics whose samples the owner keeps: those the service's SLOs need.
    """

    service: Name
    revision: str
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    binary: Path
    run: RunSettings = RunSettings()
    series: tuple[str, ...] = ()


class Running(Value):
    """One process of a service. ``address`` is host:port; ``problem`` says why it is down.

    Its output is in ``log``, from ``log_offset`` bytes on.
    """

    release: Release
    track: Track
    pid: int
    address: str
    started_at: datetime
    log: Path
    log_offset: int
    problem: str | None = None


class ServiceStatus(Value):
    """A service in an environment. ``url`` is the gateway's address of it.

    ``weight_percent`` of its traffic goes to the canary. ``previous`` are the releases that ran
    before, newest first. ``deployment`` is the one that holds the service now. ``problem``: why
    the last good release could not be started again.
    """

    environment: str
    service: str
    url: str
    stable: Running | None = None
    canary: Running | None = None
    weight_percent: int = 0
    previous: tuple[Release, ...] = ()
    deployment: str | None = None
    problem: str | None = None


class OwnerStatus(Value):
    """The owner of the local environments. ``prometheus_url`` None has a reason."""

    pid: int
    started_at: datetime
    services: tuple[ServiceStatus, ...]
    prometheus_url: str | None
    prometheus_reason: str | None
    traces_url: str


class Claim(Value):
    """A deployment that takes a service: what its record says of it if it never finishes."""

    deployment_id: str
    service: str
    environment: str
    revision: str
    artifact_digest: str
    strategy: str
    cause: str
    previous_revision: str | None
    started_at: datetime


class Abandoned(Value):
    """A deployment whose run went away; stable had all the traffic again at ``ended_at``."""

    claim: Claim
    ended_at: datetime
