"""Metrics: what the running service exposes, and the service levels its users got."""

import dagster as dg

from assets import gates, partitions
from assets.step import perform
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.metrics import measure
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.METRICS.value,
    deps=["staging_deployment"],
    check_specs=gates.specs("instrumentation"),
    kinds={"prometheus", "opentelemetry"},
    owners=["team:platform"],
    code_version="1",
)
def instrumentation(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """What the release in staging exposes: health, readiness, metrics, traces, version."""
    return perform(
        context,
        delivery,
        Stage.METRICS,
        lambda stage, service: measure(stage, service, stage.platform.rollout.environments[0]),
    )


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.METRICS.value,
    deps=["production_deployment"],
    check_specs=gates.specs("release_levels"),
    kinds={"prometheus", "openslo"},
    owners=["team:platform"],
    code_version="1",
)
def release_levels(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Every SLI of the service's OpenSLO files over the release's window in production."""
    return perform(
        context,
        delivery,
        Stage.METRICS,
        lambda stage, service: measure(stage, service, stage.platform.rollout.environments[-1]),
    )
