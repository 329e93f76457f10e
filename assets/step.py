"""How an asset does its step: run the library, store evidence, answer checks, tell Dagster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import dagster as dg

from assets import gates
from assets.presentation import describe
from coffee_pipeline.errors import PipelineError, TransientError
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.scanner import combined
from resources.delivery import DeliveryResource, Step

Made = Evidence | Sequence[Evidence]
"""What a stage function produced: one materialization, or one for each scanner."""
Work = Callable[[StageContext, Service], Made]
"""A stage function of the library: what it does for one service at one revision."""
RepositoryWork = Callable[[StageContext], Made]
"""What is done once for the whole repository at one revision."""
Version = Callable[[Evidence], str | None]


def perform(
    context: dg.AssetExecutionContext,
    delivery: DeliveryResource,
    stage: Stage,
    work: Work,
    data_version: Version = lambda _: None,
) -> dg.MaterializeResult:
    """Do ``work`` for the run's service and report it to the history and to Dagster."""
    step = delivery.step(context, stage)
    return _carry_out(step, lambda: work(step.context, step.service), data_version)


def perform_on_repository(
    context: dg.AssetExecutionContext,
    delivery: DeliveryResource,
    stage: Stage,
    work: RepositoryWork,
) -> dg.MaterializeResult:
    """Do ``work`` for the whole repository and report it to the history and to Dagster."""
    step = delivery.step(context, stage)
    return _carry_out(step, lambda: work(step.context), lambda _: None)


def _carry_out(step: Step, work: Callable[[], Made], data_version: Version) -> dg.MaterializeResult:
    try:
        made = work()
    except PipelineError as error:
        step.commit_failure(error)
        if isinstance(error, TransientError):
            raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from error
        raise dg.Failure(str(error), allow_retries=False) from error
    materializations = [made] if isinstance(made, Evidence) else list(made)
    whole = made if isinstance(made, Evidence) else combined(step.name, materializations)
    checks = gates.evaluate(step.name, whole, step.context.platform)
    step.commit(materializations, whole, [check.passed for check in checks])
    metadata = describe(whole)
    metadata["revision"] = dg.MetadataValue.text(step.context.revision)
    version = data_version(whole)
    return dg.MaterializeResult(
        metadata=metadata,
        check_results=checks,
        data_version=dg.DataVersion(version) if version else None,
    )
