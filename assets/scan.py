"""Scan: what scanners found in a service and in the repository, and what policies say of it."""

import dagster as dg

from assets import gates, partitions
from assets.build import image
from assets.source import service_revision
from assets.step import perform, perform_on_repository
from assets.test import test_results
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages import scan
from coffee_pipeline.stages.compliance import policy_compliance as evaluate_policies
from coffee_pipeline.stages.repository_scan import repository_scan
from coffee_pipeline.stages.triage import triage as read_triage
from resources.delivery import DeliveryResource

_OWNERS = ["team:security"]


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision],
    check_specs=gates.specs("static_analysis"),
    kinds={"gosec", "staticcheck"},
    owners=_OWNERS,
    code_version="2",
)
def static_analysis(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Findings of gosec and staticcheck in the code of the service's module."""
    return perform(context, delivery, Stage.SCAN, scan.static_analysis)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision],
    check_specs=gates.specs("dependency_scan"),
    kinds={"govulncheck", "osv"},
    owners=_OWNERS,
    code_version="2",
)
def dependency_scan(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Known vulnerabilities in the dependencies of the service's module, and which are called."""
    return perform(context, delivery, Stage.SCAN, scan.dependency_scan)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[image],
    kinds={"trivy"},
    owners=_OWNERS,
    code_version="1",
)
def image_scan(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Secrets, misconfiguration, licences and vulnerabilities of the service's image."""
    return perform(context, delivery, Stage.SCAN, scan.image_scan)


@dg.asset(group_name=Stage.SCAN.value, kinds={"semgrep"}, owners=_OWNERS, code_version="1")
def code_scan(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Findings of the pipeline's own rules, and the platform's, in code and configuration."""
    return perform_on_repository(
        context, delivery, Stage.SCAN, lambda stage: repository_scan(stage, "code_scan")
    )


@dg.asset(group_name=Stage.SCAN.value, kinds={"gitleaks"}, owners=_OWNERS, code_version="1")
def secret_scan(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Keys, tokens and passwords in the repository's files."""
    return perform_on_repository(
        context, delivery, Stage.SCAN, lambda stage: repository_scan(stage, "secret_scan")
    )


@dg.asset(
    group_name=Stage.SCAN.value,
    kinds={"checkov", "kubernetes", "docker"},
    owners=_OWNERS,
    code_version="1",
)
def infrastructure_scan(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Problems in manifests, Dockerfiles, Terraform, charts and workflows."""
    return perform_on_repository(
        context, delivery, Stage.SCAN, lambda stage: repository_scan(stage, "infrastructure_scan")
    )


@dg.asset(group_name=Stage.SCAN.value, kinds={"openvex", "yaml"}, owners=_OWNERS, code_version="1")
def triage(context: dg.AssetExecutionContext, delivery: DeliveryResource) -> dg.MaterializeResult:
    """What the repository decided about findings, and the time that they may take."""
    return perform_on_repository(context, delivery, Stage.SCAN, read_triage)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SCAN.value,
    deps=[service_revision, image, test_results, static_analysis, dependency_scan],
    check_specs=gates.specs("policy_compliance"),
    kinds={"opa"},
    owners=_OWNERS,
    code_version="1",
)
def policy_compliance(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """What every policy says of the service's manifests and evidence, and of the platform."""
    return perform(context, delivery, Stage.SCAN, evaluate_policies)
