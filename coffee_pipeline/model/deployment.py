"""Facts of the rollout stage: deployments, steps, analysis runs, measurements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The act of putting an artifact into an environment, with its outcome.

    ``strategy``: initial, direct, canary or rollback. ``cause``: delivery, operator.
    ``previous_revision`` is what ran before; after ``rolled_back`` it runs again.
    """

    deployment_id: str
    service: str
    environment: str
    revision: str
    artifact_digest: str
    strategy: str
    cause: str
    previous_revision: str | None
    started_at: datetime
    finished_at: datetime
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentVersion(Deployment):
    """What was known of an imported deployment since its materialization was written.

    ``deployments`` has what is known now; versions are added and never replaced, so that a report
    can be made as of an earlier time.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStep:
    """One step of a canary: ``weight_percent`` of the traffic went to the canary."""

    deployment_id: str
    service: str
    environment: str
    revision: str
    step: int
    weight_percent: int
    started_at: datetime
    finished_at: datetime
    phase: str
    reason: str
    requests: int
    lost_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRun:
    """The analysis of one step: canary against stable; ``phase`` as :class:`AnalysisPhase`."""

    analysis_id: str
    deployment_id: str
    service: str
    environment: str
    revision: str
    step: int
    phase: str
    reason: str
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One metric of an analysis run: success_rate, latency_p95, latency_p99, latency_shift.

    Latencies in seconds, success rate 0..1. ``p_value`` and ``effect_size`` where the metric is a
    statistical test. ``canary_samples`` and ``stable_samples`` are the numbers of requests.
    """

    analysis_id: str
    deployment_id: str
    metric: str
    phase: str
    canary: float | None
    stable: float | None
    threshold: float | None
    p_value: float | None
    effect_size: float | None
    canary_samples: int
    stable_samples: int
    reason: str
