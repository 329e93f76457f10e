"""The steps of a delivery: what is made in each stage, in order. Each step is one Dagster asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.platform.description import Service

STEPS: Mapping[str, Stage] = {
    "service_revision": Stage.SOURCE,
    "binary": Stage.BUILD,
    "sbom": Stage.BUILD,
    "image": Stage.BUILD,
    "test_results": Stage.TEST,
    "static_analysis": Stage.SCAN,
    "vulnerabilities": Stage.SCAN,
    "policy_compliance": Stage.SCAN,
    "release_gate": Stage.ROLLOUT,
    "staging_deployment": Stage.ROLLOUT,
    "instrumentation": Stage.METRICS,
    "production_deployment": Stage.ROLLOUT,
    "service_levels": Stage.METRICS,
}
"""Every step of a service's delivery and the stage it belongs to, in the order they are done."""

LIBRARY_STAGES = (Stage.SOURCE, Stage.BUILD, Stage.TEST, Stage.SCAN)
"""Stages of a library module; it has no image and is not deployed."""

_SERVICE_ONLY = ("sbom", "image")


def steps_of(service: Service, stages: Sequence[Stage]) -> tuple[str, ...]:
    """The steps of ``service`` in ``stages``; the source step always comes first."""
    wanted = {*stages, Stage.SOURCE}
    if service.kind == "library":
        wanted &= set(LIBRARY_STAGES)
    return tuple(
        step
        for step, stage in STEPS.items()
        if stage in wanted and not (service.kind == "library" and step in _SERVICE_ONLY)
    )
