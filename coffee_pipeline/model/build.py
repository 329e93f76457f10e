"""Facts of the build stage: builds, artifacts, components of the SBOM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One ``go build``: of a service's main package, or of all packages of a library module.

    ``outcome`` is a :class:`~coffee_pipeline.model.outcome.BuildOutcome` value, ``detail`` the
    compiler's words when it failed, ``digest`` is ``sha256:...`` of the binary.
    """

    service: str
    module: str
    package: str
    revision: str
    outcome: str
    detail: str | None
    digest: str | None
    size_bytes: int | None
    go_version: str | None
    started_at: datetime
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Something a build made: ``kind`` is binary, sbom or image; ``digest`` its content."""

    service: str
    revision: str
    kind: str
    digest: str
    media_type: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One module linked into a service's binary, as the SBOM lists it."""

    service: str
    revision: str
    name: str
    version: str
    purl: str
    checksum: str | None
