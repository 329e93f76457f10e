"""A process that carries out runs one after the other, for the console command.

Requests arrive on stdin and answers leave on stdout, both as JSON lines, so one
start of Dagster serves many services. The runs go through the same definitions and instance as
those of the UI and the daemon. It ends when stdin does.

A request: ``{"id": ..., "job": "deliver", "service": ..., "tags": {...}, "assets": [...]}``.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import dagster as dg
import psutil
from filelock import FileLock

from assets.definitions import defs
from assets.progress import PROGRESS_DESCRIPTOR
from coffee_pipeline.home import Home

PROCESS_TAG = "coffee/process"
"""Run tag: ``pid@start time`` of the worker, to tell runs whose worker is gone."""

_LOGGING: Mapping[str, Any] = {"loggers": {"progress": {"config": {}}}}


@dataclass(frozen=True)
class Request:
    """One run to carry out; no ``service`` for platform-wide assets."""

    id: str
    job: str
    service: str | None
    tags: Mapping[str, str]
    assets: Sequence[str]


def _tell(line: Mapping[str, object]) -> None:
    os.write(int(os.environ[PROGRESS_DESCRIPTOR]), (json.dumps(line) + "\n").encode())


def _identity(process: psutil.Process) -> str:
    return f"{process.pid}@{process.create_time():.0f}"


def _alive(identity: str) -> bool:
    pid = int(identity.partition("@")[0])
    try:
        return _identity(psutil.Process(pid)) == identity
    except psutil.NoSuchProcess:
        return False


def close_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose worker was killed; the UI would show them as running for ever."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    closed = []
    for run in instance.get_runs(unfinished):
        worker = run.tags.get(PROCESS_TAG)
        if worker and not _alive(worker):
            instance.report_run_failed(run, "The worker process of this run was killed.")
            closed.append(run.run_id)
    return closed


def carry_out(definitions: dg.Definitions, instance: dg.DagsterInstance, request: Request) -> bool:
    """Execute one run; True when every step succeeded and no blocking check said no."""
    job = definitions.resolve_job_def(request.job)
    result = job.execute_in_process(
        instance=instance,
        partition_key=request.service,
        tags={**request.tags, PROCESS_TAG: _identity(psutil.Process())},
        asset_selection=[dg.AssetKey(name) for name in request.assets],
        run_config=_LOGGING,
        raise_on_error=False,
    )
    return result.success


def _open_instance() -> dg.DagsterInstance:
    """The instance; one worker at a time while its tables are not made yet."""
    home = Home.locate().prepare()
    made = home.dagster / "instance.made"
    if made.exists():
        return dg.DagsterInstance.get()
    with FileLock(home.dagster / "instance.lock"):
        instance = dg.DagsterInstance.get()
        instance.get_runs(limit=1)
        instance.get_event_records(dg.EventRecordsFilter(dg.DagsterEventType.RUN_START), limit=1)
        made.touch()
    return instance


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Serve requests until stdin ends; SIGTERM ends the run at hand and its tools."""
    signal.signal(signal.SIGTERM, _interrupt)
    # Dagster captures stdout and stderr of steps: the answers need a descriptor of their own.
    os.environ[PROGRESS_DESCRIPTOR] = str(os.dup(1))
    os.dup2(2, 1)
    definitions = defs()
    with _open_instance() as instance:
        close_abandoned_runs(instance)
        gc.freeze()  # what was loaded stays: collections need not look at it again
        _tell({"event": "READY"})
        for line in sys.stdin:
            request = Request(**json.loads(line))
            _tell({"event": "RUN_BEGIN", "id": request.id})
            success = carry_out(definitions, instance, request)
            _tell({"event": "RUN_END", "id": request.id, "success": success})


if __name__ == "__main__":
    main()
