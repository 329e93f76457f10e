"""Scan: what the scanners found in the service's module, and what policies say of it all."""

import dagster as dg

from assets import gates, partitions
from assets.build import image
from assets.source import service_revision
from assets.step import perform
from assets.test import test_results
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.compliance import policy_compliance as evaluate_policies
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


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision, image, test_results, static_analysis, vulnerabilities],
    check_specs=gates.specs("policy_compliance"),
    kinds={"opa"},
    owners=["team:security"],
    code_version="1",
)
def policy_compliance(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """What every policy says of the service's manifests and evidence, and of the platform."""
    return perform(context, delivery, Stage.SCAN, evaluate_policies)
