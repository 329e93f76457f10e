"""Rolling back from the Dagster UI.

A job and no asset: "materialize all" in the asset graph must never take a release back.
"""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from assets.presentation import describe
from coffee_pipeline.errors import PipelineError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.stages.deployment_marks import marked
from coffee_pipeline.stages.rollback import roll_back
from resources.delivery import DeliveryResource


class Rollback(dg.Config):
    """What is taken back, where, and why."""

    service: str = Field(description="The service to take back to the release before.")
    environment: str = Field(default="production", description="The environment it runs in.")
    reason: str = Field(default="", description="Why: recorded with the rollback's incident.")


@dg.op
def previous_release(
    context: dg.OpExecutionContext, config: Rollback, delivery: DeliveryResource
) -> None:
    """Put the release that ran before back, and record it as a rollback with an incident."""
    platform, place = delivery.platform, config.environment
    try:
        made = roll_back(delivery.home, config.service, place, config.reason, datetime.now(UTC))
        made = marked(platform, made, context.log.info)
        delivery.write(made)
    except PipelineError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if (asset := _asset_of(place, platform.rollout.environments)) is not None:
        context.log_event(
            dg.AssetMaterialization(asset, partition=config.service, metadata=describe(made))
        )
    (deployment,) = [record for record in made.records if isinstance(record, Deployment)]
    if deployment.outcome != DeploymentOutcome.SUCCEEDED:
        raise dg.Failure(str(deployment.reason), allow_retries=False)


def _asset_of(environment: str, environments: tuple[str, ...]) -> str | None:
    """The asset that shows what runs in an environment, where there is one."""
    shown = {environments[0]: "staging_deployment", environments[-1]: "production_deployment"}
    return shown.get(environment)


@dg.job(name="roll_back", tags={"coffee/kind": "rollback"})
def roll_back_job() -> None:
    """One service back to the release before: say which one, and why, in the Launchpad."""
    previous_release()
