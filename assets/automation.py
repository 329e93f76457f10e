"""Automation: the jobs, the schedules, and the sensors that start them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.partitions import PLATFORM
from assets.telemetry import delivery_traces
from coffee_pipeline.errors import PipelineError, RepositoryError
from coffee_pipeline.history.loader import HistoryLoader
from coffee_pipeline.model.source import ServiceRevision
from coffee_pipeline.platform.affected import affected
from coffee_pipeline.stages.inbox import gather
from coffee_pipeline.stages.steps import (
    LIBRARY_STAGES,
    REPOSITORY_STEPS,
    SERVICE_ONLY_STEPS,
    STEPS,
)
from resources.delivery import DELIVERY_TAG, REVISION_TAG, DeliveryResource

DELIVERY_ASSETS = tuple(STEPS)
LIBRARY_ASSETS = tuple(
    step
    for step, stage in STEPS.items()
    if stage in LIBRARY_STAGES and step not in SERVICE_ONLY_STEPS
)
REPOSITORY_ASSETS = tuple(REPOSITORY_STEPS)
SWEEP_ASSETS = ("sweep", "security_report")

deliver = dg.define_asset_job(
    "deliver",
    selection=list(DELIVERY_ASSETS),
    description="One service at one revision: from source to production.",
)
verify = dg.define_asset_job(
    "verify",
    selection=list(LIBRARY_ASSETS),
    description="One library module at one revision: source, build, test, scan.",
)
scan_repository = dg.define_asset_job(
    "scan_repository",
    selection=list(REPOSITORY_ASSETS),
    description="The whole repository at one revision: code rules, secrets, infrastructure.",
)
security_sweep = dg.define_asset_job(
    "security_sweep",
    selection=list(SWEEP_ASSETS),
    description="What runs in production and the head of the branch, with every scanner; and the "
    "report on it.",
)
consume_inbox = dg.define_asset_job(
    "consume_inbox",
    selection=["runtime_events"],
    description="Make evidence of the messages that wait in the inbox.",
)
publish_slo_report = dg.define_asset_job(
    "publish_slo_report", selection=["slo_report", "observability_coverage", "alerts"]
)
publish_dora_report = dg.define_asset_job(
    "publish_dora_report", selection=["dora_facts", "dora_report"]
)

TIMEZONE = PLATFORM.schedules.timezone
_RUNNING = dg.DefaultScheduleStatus.RUNNING
_UNFINISHED = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dg.schedule(
    job=security_sweep,
    cron_schedule="0 2 * * *",
    execution_timezone=TIMEZONE,
    default_status=_RUNNING,
)
def nightly_security_sweep(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every night at 02:00: what runs in production and the repository's head, in one sweep."""
    night = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"sweep-{night}", tags={DELIVERY_TAG: f"sweep-{night}"})


hourly_slo_report = dg.ScheduleDefinition(
    name="hourly_slo_report",
    job=publish_slo_report,
    cron_schedule="0 * * * *",
    execution_timezone=TIMEZONE,
    default_status=_RUNNING,
    description="The SLO report, every hour.",
)
daily_dora_report = dg.ScheduleDefinition(
    name="daily_dora_report",
    job=publish_dora_report,
    cron_schedule="0 6 * * *",
    execution_timezone=TIMEZONE,
    default_status=_RUNNING,
    description="The DORA report, every day at 06:00.",
)


def _request(found: ServiceRevision) -> dg.RunRequest:
    library = found.kind == "library"
    return dg.RunRequest(
        run_key=f"{found.revision}:{found.service}",
        job_name=verify.name if library else deliver.name,
        partition_key=found.service,
        tags={REVISION_TAG: found.revision, DELIVERY_TAG: f"commit-{found.revision}"},
    )


@dg.sensor(
    jobs=[deliver, verify],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_commits(
    context: dg.SensorEvaluationContext, delivery: DeliveryResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A new commit on the watched branch: one run for each service it affects, once."""
    try:
        repository = delivery.repository
        head = repository.resolve(delivery.platform.branch)
    except RepositoryError as error:
        yield dg.SkipReason(str(error))
        return
    seen = context.cursor or None
    if seen == head:
        yield dg.SkipReason(f"{delivery.platform.branch} is still at {head[:12]}")
        return
    context.update_cursor(head)
    if seen is None:
        # Starting to watch is no reason to deliver what is there: a person decides that.
        yield dg.SkipReason(f"watching {delivery.platform.branch} from {head[:12]} on")
        return
    changed = [found for found in affected(delivery.platform, repository, seen, head)
               if found.affected]  # fmt: skip
    if not changed:
        yield dg.SkipReason(f"{head[:12]} affects no service")
    for found in changed:
        yield _request(found)


@dg.sensor(
    target=None,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def history_loading(delivery: DeliveryResource) -> dg.SkipReason:
    """Loads committed evidence into the history and publishes it for readers."""
    report = HistoryLoader(delivery.home).drain()
    return dg.SkipReason(str(report))


@dg.sensor(
    job=consume_inbox,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def inbox_sensor(
    context: dg.SensorEvaluationContext, delivery: DeliveryResource
) -> dg.RunRequest | dg.SkipReason:
    """One run when messages wait; without a run key, as a failed run must be tried again."""
    base = Path(delivery.platform_path).parent
    try:
        waiting, problem = gather(delivery.home, delivery.platform, base, datetime.now(UTC))
    except PipelineError as error:
        return dg.SkipReason(str(error))
    if not waiting:
        return dg.SkipReason(problem or "no message waits")
    unfinished = dg.RunsFilter(job_name=consume_inbox.name, statuses=list(_UNFINISHED))
    if context.instance.get_runs(unfinished, limit=1):
        return dg.SkipReason(f"{waiting} messages wait; a run is on its way")
    return dg.RunRequest()


JOBS = (
    deliver,
    verify,
    scan_repository,
    security_sweep,
    consume_inbox,
    publish_slo_report,
    publish_dora_report,
)
SCHEDULES = (nightly_security_sweep, hourly_slo_report, daily_dora_report)
SENSORS = (new_commits, history_loading, inbox_sensor, delivery_traces)
