"""Build: the binary, its bill of materials, its image."""

import dagster as dg

from assets import gates, partitions
from assets.source import service_revision
from assets.step import perform
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.build import build_binary, make_image, make_sbom
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.BUILD.value,
    deps=[service_revision],
    check_specs=gates.specs("binary"),
    kinds={"go"},
    owners=["team:platform"],
    code_version="1",
)
def binary(context: dg.AssetExecutionContext, delivery: DeliveryResource) -> dg.MaterializeResult:
    """The service's static binary: ``go build`` with trimmed paths and stamped version.

    The same revision always gives the same digest.
    """
    return perform(context, delivery, Stage.BUILD, build_binary)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.BUILD.value,
    deps=[binary],
    kinds={"cyclonedx"},
    owners=["team:platform"],
    code_version="1",
)
def sbom(context: dg.AssetExecutionContext, delivery: DeliveryResource) -> dg.MaterializeResult:
    """The CycloneDX bill of materials: every module linked into the binary."""
    return perform(context, delivery, Stage.BUILD, make_sbom)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.BUILD.value,
    deps=[binary],
    kinds={"oci"},
    owners=["team:platform"],
    code_version="1",
)
def image(context: dg.AssetExecutionContext, delivery: DeliveryResource) -> dg.MaterializeResult:
    """The OCI image layout of the binary on an empty base, made without a container engine."""
    return perform(context, delivery, Stage.BUILD, make_image)
