"""Source: the revision under delivery and what it means for each service."""

import dagster as dg

from assets import partitions
from assets.step import perform
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.model.source import ServiceRevision
from coffee_pipeline.stages.source import source
from resources.delivery import DeliveryResource


@dg.asset(
    partitions_def=partitions.services,
    group_name=Stage.SOURCE.value,
    kinds={"git"},
    owners=["team:platform"],
    code_version="1",
)
def service_revision(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """The commit under delivery: author, times, changed files, and whether it affects the service.

    Its data version is the hash of the service's module and of the modules it depends on, so a
    commit that does not touch them leaves everything downstream as it is.
    """

    def digest(evidence: Evidence) -> str | None:
        mine = [
            record.input_digest
            for record in evidence.records
            if isinstance(record, ServiceRevision) and record.service == context.partition_key
        ]
        return mine[0] if mine else None

    return perform(
        context, delivery, Stage.SOURCE, lambda stage, _: source(stage), data_version=digest
    )
