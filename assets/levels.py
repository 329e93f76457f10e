"""Service levels of every SLO on every day, and the review of every week."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from coffee_pipeline.errors import PipelineError
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.reports.slo import slo_page
from coffee_pipeline.stages.level_run import measure, summary, without_data, worth_keeping
from coffee_pipeline.stages.level_sources import event_source
from coffee_pipeline.stages.platform_slos import platform_slos
from resources.delivery import DeliveryResource
from resources.publishing import publish

FIRST_DAY = "2025-01-01"
SHOWN = 10
"""Problems that a check's description names; its metadata has them all."""
slos = dg.DynamicPartitionsDefinition(name="slos")
days = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
slo_days = dg.MultiPartitionsDefinition({"slo": slos, "day": days})
weeks = dg.WeeklyPartitionsDefinition(start_date=FIRST_DAY, day_offset=1)
"""Days are UTC's, as the slices of SLOs are; today is one of them. Weeks begin on Mondays."""


def _measured(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """Good and total events per minute, from the source that platform.yaml names.

    Any number of days and SLOs in one run; a day that is measured again replaces what it had,
    unless the source knows less of it than it told before.
    """
    wanted = [
        (key.keys_by_dimension["slo"], date.fromisoformat(key.keys_by_dimension["day"]))
        for key in map(slo_days.get_partition_key_from_str, context.partition_keys)
    ]
    try:
        found = platform_slos(delivery.platform, delivery.repository, delivery.head)
        source = event_source(delivery.platform.metrics, delivery.base)
        made = list(measure(found.owned, wanted, source, datetime.now(UTC)))
    except PipelineError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    delivery.history.refresh()
    platform, history = delivery.platform.name, delivery.history
    stored, passed = worth_keeping(history, platform, made)
    for evidence in stored:
        delivery.write(evidence)
    unknown = without_data(history, platform, found.owned, made, datetime.now(UTC))
    return dg.MaterializeResult(
        metadata={**summary(made), "kept as before": len(passed)},
        check_results=[_check("slo_files", found.problems), _check("measured", unknown)],
    )


def _check(name: str, problems: Sequence[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(problems[:SHOWN]) or None,
        metadata={"problems": len(problems), "all": dg.MetadataValue.json(list(problems))},
    )


service_levels = dg.asset(
    name="service_levels",
    description=_measured.__doc__,
    partitions_def=slo_days,
    check_specs=[
        dg.AssetCheckSpec(
            "slo_files",
            asset="service_levels",
            description="Every SLO file of the platform is there and valid; one that is not keeps "
            "only its own SLOs from being measured.",
        ),
        dg.AssetCheckSpec(
            "measured",
            asset="service_levels",
            description="Something is known of every day just measured, and of the last day of "
            "every SLO. A day without any data is kept as such, with its reason.",
        ),
    ],
    group_name=Stage.METRICS.value,
    kinds={"prometheus", "openslo"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=6), warn_window=timedelta(hours=2)
    ),
)(_measured).with_attributes(backfill_policy=dg.BackfillPolicy.single_run())
"""Ninety days are one run: set here, as the decorator's parameter still warns that it is new."""


@dg.asset(
    partitions_def=weeks,
    group_name="reports",
    deps=[dg.AssetDep(service_levels, partition_mapping=dg.AllPartitionMapping())],
    kinds={"plotly"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=8)),
)
def slo_review(
    context: dg.AssetExecutionContext, delivery: DeliveryResource
) -> dg.MaterializeResult:
    """The SLO report as of a week's end, from the history alone: any past week can be made."""
    end = context.partition_time_window.end
    delivery.history.refresh()
    page = slo_page(
        delivery.history, delivery.platform.name, end.astimezone(UTC), teams=delivery.teams
    )
    return publish(delivery, f"slo-{context.partition_key}", page)
