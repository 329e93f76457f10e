"""Rollout: the release gate, then staging, then the canary in production."""

import dagster as dg

from assets import gates, partitions
from assets.build import image, sbom
from assets.scan import dependency_scan, static_analysis
from assets.step import perform
from assets.test import test_results
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.deployment_marks import marked
from coffee_pipeline.stages.gate import release_gate as decide_release
from coffee_pipeline.stages.rollout import deploy
from coffee_pipeline.stages.triage import decisions_if_sound
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.ROLLOUT.value,
    deps=[image, sbom, test_results, static_analysis, dependency_scan],
    check_specs=gates.specs("release_gate"),
    kinds={"policy"},
    owners=["team:platform"],
    code_version="1",
)
def release_gate(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """The decision whether this revision of the service may be released, rule by rule.

    What the repository decided about findings counts as it stands now.
    """

    def decide(stage: StageContext, service: Service) -> Evidence:
        if (decisions := decisions_if_sound(stage)) is not None:
            delivery.write(decisions)
        return decide_release(stage, service)

    return perform(context, delivery, Stage.ROLLOUT, decide)


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.ROLLOUT.value,
    deps=[release_gate],
    check_specs=gates.specs("staging_deployment"),
    kinds={"envoy"},
    owners=["team:platform"],
    code_version="1",
)
def staging_deployment(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """The release in staging: started, ready, and answering through the gateway."""
    return perform(
        context,
        delivery,
        Stage.ROLLOUT,
        lambda stage, service: deploy(stage, service, stage.platform.rollout.environments[0]),
    )


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.ROLLOUT.value,
    deps=["instrumentation"],
    check_specs=gates.specs("production_deployment"),
    kinds={"envoy"},
    owners=["team:platform"],
    code_version="1",
)
def production_deployment(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """The release in production: a canary takes traffic step by step while it is measured.

    Where it does worse than the stable version the traffic goes back and an incident is recorded.
    Monitoring systems that the description names are told of it.
    """

    def deploy_and_mark(stage: StageContext, service: Service) -> Evidence:
        made = deploy(stage, service, stage.platform.rollout.environments[-1])
        return marked(stage.platform, made, stage.report)

    return perform(context, delivery, Stage.ROLLOUT, deploy_and_mark)
