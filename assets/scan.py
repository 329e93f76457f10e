"""Scan: what the scanners found in the service's module."""

import dagster as dg

from assets import gates, partitions
from assets.source import service_revision
from assets.step import perform
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.scan import scan_module
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision],
    check_specs=gates.specs("static_analysis"),
    kinds={"gosec"},
    owners=["team:security"],
    code_version="1",
)
def static_analysis(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Findings of gosec in the code of the service's module."""
    return perform(
        context,
        delivery,
        Stage.SCAN,
        lambda stage, service: scan_module(stage, service.module, "gosec").evidence,
    )


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision],
    check_specs=gates.specs("vulnerabilities"),
    kinds={"govulncheck"},
    owners=["team:security"],
    code_version="1",
)
def vulnerabilities(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Known vulnerabilities in the dependencies of the service's module, and which are called."""
    return perform(
        context,
        delivery,
        Stage.SCAN,
        lambda stage, service: scan_module(stage, service.module, "govulncheck").evidence,
    )
