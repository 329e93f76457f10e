"""What keeps service levels up to date: today's every hour, late data, the weekly review."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.levels import slo_review, slos, weeks
from coffee_pipeline.errors import PipelineError
from coffee_pipeline.stages.kept_levels import last_measured
from coffee_pipeline.stages.level_run import Due, due
from coffee_pipeline.stages.platform_slos import left_out, platform_slos
from resources.delivery import DeliveryResource

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
REVIEWS = 8
"""Weekly reviews that are made again when late data comes."""

measure_levels = dg.define_asset_job(
    "measure_levels",
    selection=["service_levels"],
    description="SLOs on days: one or many, in one run.",
)
review_levels = dg.define_asset_job(
    "review_levels",
    selection=[slo_review],
    description="The SLO report as of a week's end.",
)


def _request(key: str, wanted: Due, at: datetime) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{key}:{wanted.key}:{wanted.first}:{wanted.last}:{at:%Y-%m-%dT%H}",
        job_name=measure_levels.name,
        tags={
            RANGE_START: f"{wanted.first}|{wanted.key}",
            RANGE_END: f"{wanted.last}|{wanted.key}",
        },
    )


@dg.schedule(
    job=measure_levels,
    cron_schedule="50 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def hourly_service_levels(
    context: dg.ScheduleEvaluationContext, delivery: DeliveryResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """Today's service levels, before the hourly report: one run for each SLO that a file defines.

    Partitions of SLOs that are gone keep what was measured, and nothing is asked for them.
    """
    at = context.scheduled_execution_time.astimezone(UTC)
    known = context.instance.get_dynamic_partitions(slos.name or "")
    try:
        found = platform_slos(delivery.platform, delivery.repository, delivery.head)
    except PipelineError as error:
        return dg.SkipReason(str(error))
    without = left_out(found, known)
    for line in without:
        context.log.warning(line)
    requests = [_request("hourly", Due(one.key, at.date(), at.date()), at)
                for one in found.owned if one.key in known]  # fmt: skip
    return requests or dg.SkipReason("; ".join(without) or "no SLO has a partition yet")


@dg.schedule(
    job=review_levels,
    cron_schedule="30 6 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def weekly_slo_review(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every Monday at 06:30: the SLO report of the week that ended."""
    today = context.scheduled_execution_time.astimezone(UTC).date()
    monday = today - timedelta(days=today.weekday() + 7)
    return dg.RunRequest(run_key=f"review-{monday}", partition_key=monday.isoformat())


@dg.sensor(
    job=review_levels,
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def late_slo_reviews(
    context: dg.SensorEvaluationContext, delivery: DeliveryResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """Makes reviews again of which a day was measured after they were made: late data, backfills.

    The last eight weeks; the hourly report needs no such care.
    """
    requests = []
    try:
        delivery.history.refresh(force=False)
        for key in weeks.get_partition_keys(current_time=datetime.now(UTC))[-REVIEWS:]:
            made = context.instance.fetch_materializations(
                dg.AssetRecordsFilter(slo_review.key, asset_partitions=[key]), limit=1
            ).records
            if not made:
                continue  # never made: the schedule's to make, or nobody asked for it
            written = datetime.fromtimestamp(made[0].timestamp, UTC)
            end = weeks.time_window_for_partition_key(key).end.astimezone(UTC)
            late = last_measured(delivery.history, delivery.platform.name, end)
            if late is not None and late > written:
                run_key = f"review-{key}:{late.isoformat()}"
                requests.append(dg.RunRequest(run_key=run_key, partition_key=key))
    except PipelineError as error:
        return dg.SkipReason(str(error))
    return requests or dg.SkipReason("no day was measured after a review that it is in")


@dg.sensor(
    job=measure_levels,
    minimum_interval_seconds=900,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def late_service_levels(
    context: dg.SensorEvaluationContext, delivery: DeliveryResource
) -> dg.SensorResult | dg.SkipReason:
    """Makes partitions of new SLOs, and measures again the days that have gaps.

    A server that was down is back, an agent sends what it had kept: a day is measured again until
    it is whole, more seldom as it grows older, for a week.
    """
    now = datetime.now(UTC)
    try:
        found = platform_slos(delivery.platform, delivery.repository, delivery.head)
        delivery.history.refresh(force=False)
        wanted = due(delivery.history, delivery.platform.name, found.owned, now)
    except PipelineError as error:
        return dg.SkipReason(str(error))
    if (
        delivery.platform.metrics.levels is None
        and delivery.platform.metrics.prometheus_url is None
    ):
        return dg.SkipReason("platform.yaml names no source of events (metrics.levels)")
    known = context.instance.get_dynamic_partitions(slos.name or "")
    new = [one.key for one in found.owned if one.key not in known]
    running = _running(context.instance)
    requests = [_request("late", one, now) for one in wanted if one.key not in running]
    if not new and not requests:
        said = f"{len(found.owned)} SLOs, no day of the last week has gaps to ask about"
        return dg.SkipReason("; ".join([said, *left_out(found, known)]))
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[slos.build_add_request(new)] if new else [],
    )


def _running(instance: dg.DagsterInstance) -> set[str]:
    """SLOs that a run is on its way for: asking twice would be no wiser."""
    states = [
        dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED,
    ]  # fmt: skip
    recent = dg.RunsFilter(
        job_name=measure_levels.name,
        statuses=states,
        created_after=datetime.now(UTC) - timedelta(days=1),
    )
    return {
        run.tags.get(RANGE_START, "|").partition("|")[2]
        for run in instance.get_runs(recent, limit=500)
    }


JOBS = (measure_levels, review_levels)
SCHEDULES = (hourly_service_levels, weekly_slo_review)
SENSORS = (late_service_levels, late_slo_reviews)
