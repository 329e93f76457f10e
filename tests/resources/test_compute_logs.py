"""The compute logs, kept by a real instance of Dagster."""

from __future__ import annotations

import sys
from pathlib import Path

import dagster as dg
import psutil


def test_what_a_run_prints_is_kept_without_further_processes(tmp_path: Path) -> None:
    seen: list[list[psutil.Process]] = []

    @dg.op
    def speak() -> None:
        print("fresh beans")
        print("hot water", file=sys.stderr)
        seen.append(psutil.Process().children(recursive=True))

    @dg.job
    def brew() -> None:
        speak()

    overrides = {
        "compute_logs": {
            "module": "resources.compute_logs",
            "class": "FileComputeLogManager",
            "config": {"base_dir": str(tmp_path)},
        }
    }
    before = psutil.Process().children(recursive=True)
    with dg.instance_for_test(overrides=overrides, temp_dir=str(tmp_path)) as instance:
        result = brew.execute_in_process(instance=instance)
        (captured,) = (
            record.dagster_event.logs_captured_data
            for record in instance.all_logs(result.run_id)
            if record.dagster_event_type is dg.DagsterEventType.LOGS_CAPTURED
            and record.dagster_event is not None
        )
        key = [result.run_id, "compute_logs", captured.file_key]
        data = instance.compute_log_manager.get_log_data(key)
        complete = instance.compute_log_manager.is_capture_complete(key)
    assert b"fresh beans" in (data.stdout or b"")
    assert b"hot water" in (data.stderr or b"")
    assert complete
    assert set(seen[0]) <= set(before)
