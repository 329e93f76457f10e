"""The nightly security sweep, and whom it tells what."""

import dagster as dg

from assets import gates
from assets.presentation import describe
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.reports.sweep_digest import sweep_digest
from coffee_pipeline.stages.sweep import sweep as carry_out
from resources.delivery import DeliveryResource
from resources.notifier import NotifierResource


@dg.asset(
    group_name=Stage.SCAN.value,
    check_specs=gates.specs("sweep"),
    kinds={"govulncheck", "gosec"},
    owners=["team:security"],
    code_version="1",
)
def sweep(
    context: dg.AssetExecutionContext, delivery: DeliveryResource, notifier: NotifierResource
) -> dg.MaterializeResult:
    """What runs in production and the repository's head against today's databases and rules.

    Its record says what was covered, with which versions, and what was not. Whatever is new or
    could not be checked is told to the channels of the platform description.
    """
    stage = delivery.stage_context(context)
    evidence = carry_out(stage, stage.delivery)
    for one in evidence:
        delivery.write(one)
    digest = sweep_digest(delivery.history, stage.platform.name, stage.delivery)
    if digest is not None:
        notifier.send(digest, context.log.info)
    whole = evidence[-1]
    return dg.MaterializeResult(
        metadata=describe(whole),
        check_results=gates.evaluate("sweep", whole, stage.platform),
    )
