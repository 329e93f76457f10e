"""Processes that carry out runs one after the other, for the console command.

``python -m assets.worker REQUESTS:ANSWERS...`` starts a worker for each pair of file descriptors.
Requests arrive on the one and answers leave on the other, both as JSON lines, so one start of
Dagster serves many services. The runs go through the same definitions and instance as those of
the UI and the daemon. A worker ends when its requests do.

A request: ``{"id": ..., "job": "deliver", "service": ..., "tags": {...}, "assets": [...]}``.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import Any

import dagster as dg
import psutil
from filelock import FileLock

from assets.progress import PROGRESS_DESCRIPTOR
from coffee_pipeline.home import Home

PROCESS_TAG = "coffee/process"
"""Run tag: ``pid@start time`` of the worker, to tell runs whose worker is gone."""

_STORAGES = (
    "dagster._core.storage.sqlite_storage",
    "resources.compute_logs",
    "resources.event_log",
)
"""What Dagster loads when an instance is opened: half a second for every process that does."""
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


def _prepare() -> None:
    """Make the tables of the instance and close what was left open, before runs write to it."""
    home = Home.locate().prepare()
    with FileLock(home.dagster / "instance.lock"), dg.DagsterInstance.get() as instance:
        close_abandoned_runs(instance)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _serve(definitions: dg.Definitions, requests: int, answers: int, others: list[int]) -> None:
    """Carry out the requests of one descriptor until it ends; SIGTERM ends the run at hand."""
    signal.signal(signal.SIGTERM, _interrupt)
    for descriptor in others:  # else their end would not be seen while this process lives
        os.close(descriptor)
    os.environ[PROGRESS_DESCRIPTOR] = str(answers)
    with (
        suppress(KeyboardInterrupt),
        dg.DagsterInstance.get() as instance,
        open(requests, "rb") as lines,
    ):
        for line in lines:
            request = Request(**json.loads(line))
            _tell({"event": "RUN_BEGIN", "id": request.id})
            success = carry_out(definitions, instance, request)
            _tell({"event": "RUN_END", "id": request.id, "success": success})


def main() -> None:
    """Load the definitions once, then fork a worker for every pair of descriptors."""
    # Forked, not spawned: the children share what was loaded, which takes longer than most steps.
    for storage in _STORAGES:
        import_module(storage)
    context = multiprocessing.get_context("fork")
    preparation = context.Process(target=_prepare)
    preparation.start()
    from assets.definitions import defs  # loaded while the other process makes the tables

    definitions = defs()
    definitions.resolve_all_job_defs()
    gc.freeze()  # what was loaded stays: collections need not look at it again
    preparation.join()
    if preparation.exitcode:
        sys.exit("the instance of Dagster cannot be opened")
    lanes = [(int(requests), int(answers)) for requests, answers in map(_pair, sys.argv[1:])]
    descriptors = [descriptor for lane in lanes for descriptor in lane]
    workers = []
    for requests, answers in lanes:
        others = [other for other in descriptors if other not in (requests, answers)]
        workers.append(
            context.Process(target=_serve, args=(definitions, requests, answers, others))
        )
        workers[-1].start()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the workers end, and with them this process
    for descriptor in descriptors:
        os.close(descriptor)
    for worker in workers:
        worker.join()


def _pair(lane: str) -> tuple[str, str]:
    requests, _, answers = lane.partition(":")
    return requests, answers


if __name__ == "__main__":
    main()
