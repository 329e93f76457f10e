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
    "dependency_scan": Stage.SCAN,
    "image_scan": Stage.SCAN,
    "policy_compliance": Stage.SCAN,
    "release_gate": Stage.ROLLOUT,
    "staging_deployment": Stage.ROLLOUT,
    "instrumentation": Stage.METRICS,
    "production_deployment": Stage.ROLLOUT,
    "release_levels": Stage.METRICS,
}
"""Every step of a service's delivery and the stage it belongs to, in the order they are done."""

LIBRARY_STAGES = (Stage.SOURCE, Stage.BUILD, Stage.TEST, Stage.SCAN)
"""Stages of a library module; it has no image and is not deployed."""

SERVICE_ONLY_STEPS = ("sbom", "image", "image_scan")
"""Steps that a library module does not have."""

REPOSITORY = "(repository)"
"""Stands for the whole repository where a service's name would stand; no service can have it."""

REPOSITORY_STEPS: Mapping[str, Stage] = {
    "code_scan": Stage.SCAN,
    "secret_scan": Stage.SCAN,
    "infrastructure_scan": Stage.SCAN,
    "triage": Stage.SCAN,
}
"""Steps that are done once for the whole repository, since what they look at has no one service."""

OPTIONAL_STEPS = frozenset({*REPOSITORY_STEPS, "image_scan", "policy_compliance"})
"""Steps whose tools a platform may do without: that they were not run is told, but no failure."""

STAGE_OF: Mapping[str, Stage] = {**STEPS, **REPOSITORY_STEPS}
"""Every step there is, and its stage."""


def steps_of(service: Service, stages: Sequence[Stage]) -> tuple[str, ...]:
    """The steps of ``service`` in ``stages``; the source step always comes first."""
    wanted = {*stages, Stage.SOURCE}
    if service.kind == "library":
        wanted &= set(LIBRARY_STAGES)
    return tuple(
        step
        for step, stage in STEPS.items()
        if stage in wanted and not (service.kind == "library" and step in SERVICE_ONLY_STEPS)
    )
