"""How an asset does its step: run the library, store the evidence, answer the checks, tell Dagster."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets import gates
from assets.presentation import describe
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.context import StageContext
from resources.delivery import DeliveryResource

Work = Callable[[StageContext, Service], Evidence]
"""A stage function of the library: what it does for one service at one revision."""


def perform(
    context: dg.AssetExecutionContext,
    delivery: DeliveryResource,
    stage: Stage,
    work: Work,
    data_version: Callable[[Evidence], str | None] = lambda evidence: None,
) -> dg.MaterializeResult:
    """Do ``work`` for the run's service and report it to the history and to Dagster."""
    step = delivery.step(context, stage)
    evidence = work(step.context, step.service)
    checks = gates.evaluate(step.name, evidence, step.context.platform)
    step.commit(evidence, [check.passed for check in checks])
    metadata = describe(evidence)
    metadata["revision"] = dg.MetadataValue.text(step.context.revision)
    version = data_version(evidence)
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=checks,
        data_version=dg.DataVersion(version) if version else None,
    )
