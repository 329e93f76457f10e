"""The code location: everything Dagster is told, listed by hand."""

from __future__ import annotations

import dagster as dg

from assets import (
    build,
    facts,
    level_automation,
    levels,
    metrics,
    reports,
    rollout,
    runtime,
    scan,
    source,
    sweep,
    test,
)
from assets.automation import JOBS, SCHEDULES, SENSORS
from assets.progress import progress_logger
from assets.rollback import roll_back_job
from coffee_pipeline.home import Home
from resources.delivery import DeliveryResource, platform_file
from resources.notifier import NotifierResource


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources of the pipeline."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(
            [source, build, test, scan, runtime, rollout, metrics, levels, sweep, facts, reports]
        ),
        jobs=[*JOBS, *level_automation.JOBS, roll_back_job],
        schedules=[*SCHEDULES, *level_automation.SCHEDULES],
        sensors=[*SENSORS, *level_automation.SENSORS],
        resources={
            "delivery": DeliveryResource(
                data_directory=str(Home.locate().root), platform_path=str(platform_file())
            ),
            "notifier": NotifierResource(platform_path=str(platform_file())),
        },
        executor=dg.in_process_executor,
        loggers={"progress": progress_logger},
    )
