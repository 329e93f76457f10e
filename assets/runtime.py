"""What runs: events, incidents and deployments that others told of."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.presentation import describe_consumption
from coffee_pipeline.errors import PipelineError, TransientError
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.stages.deployed import deployed
from coffee_pipeline.stages.inbox import consume
from resources.delivery import DeliveryResource


@dg.asset(
    group_name=Stage.SCAN.value,
    kinds={"falco"},
    owners=["team:security"],
    code_version="1",
)
def runtime_events(delivery: DeliveryResource) -> dg.MaterializeResult:
    """Messages of the inbox as evidence: events of Falco as findings, alerts as incidents."""
    base = Path(delivery.platform_path).parent
    try:
        running = deployed(delivery.history)
        made = consume(
            delivery.home, delivery.platform, base, delivery.write, running, datetime.now(UTC)
        )
    except TransientError as error:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from error
    except PipelineError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(metadata=describe_consumption(made))
