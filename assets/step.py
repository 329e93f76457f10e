"""How an asset does its step: run the library, store evidence, answer checks, tell Dagster."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets import gates
from assets.presentation import describe
from coffee_pipeline.errors import PipelineError, TransientError
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
    data_version: Callable[[Evidence], str | None] = lambda _: None,
) -> dg.MaterializeResult:
    """Do ``work`` for the run's service and report it to the history and to Dagster."""
    step = delivery.step(context, stage)
    try:
        evidence = work(step.context, step.service)
    except PipelineError as error:
        step.commit_failure(error)
        if isinstance(error, TransientError):
            raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from error
        raise dg.Failure(str(error), allow_retries=False) from error
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
