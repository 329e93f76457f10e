"""Test: the test cases and the coverage of the service's module."""

import dagster as dg

from assets import gates, partitions
from assets.source import service_revision
from assets.step import perform
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.test import test_module
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.TEST.value,
    deps=[service_revision],
    check_specs=gates.specs("test_results"),
    kinds={"go"},
    owners=["team:platform"],
    code_version="1",
)
def test_results(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Every test case of the service's module with its outcome, and statement coverage.

    Services of one module share one ``go test`` per delivery.
    """
    return perform(
        context,
        delivery,
        Stage.TEST,
        lambda stage, service: test_module(stage, service.module).evidence,
    )
