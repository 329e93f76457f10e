"""The event log with open connections says what Dagster's own says."""

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest


@pytest.fixture
def brew() -> dg.JobDefinition:
    @dg.op
    def grind(context: dg.OpExecutionContext) -> dg.Output[int]:
        context.log.info("grinding")
        return dg.Output(1, metadata={"grams": 18})

    @dg.op
    def pour(grounds: int) -> int:
        return grounds

    @dg.job
    def _brew() -> None:
        pour(grind())

    return _brew


def _events(instance: dg.DagsterInstance, job: dg.JobDefinition, runs: int) -> list[Counter[str]]:
    kept = [job.execute_in_process(instance=instance).run_id for _ in range(runs)]
    return [
        Counter(
            f"{one.dagster_event_type.value if one.dagster_event_type else one.user_message}"
            for one in instance.all_logs(run)
        )
        for run in kept
    ]


def _instance(folder: Path, module: str, name: str) -> dg.DagsterInstance:
    storage = {"module": module, "class": name, "config": {"base_dir": str(folder / "events")}}
    (folder / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        f"event_log_storage: {{module: {storage['module']}, class: {storage['class']}, "
        f"config: {{base_dir: {folder / 'events'}}}}}\n"
    )
    return dg.DagsterInstance.from_config(str(folder))


def test_the_same_events_are_kept_for_more_runs_than_open_files(
    tmp_path: Path, brew: dg.JobDefinition
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    with _instance(ours, "resources.event_log", "OpenSqliteEventLogStorage") as instance:
        found = _events(instance, brew, 10)
    with _instance(theirs, "dagster._core.storage.event_log", "SqliteEventLogStorage") as instance:
        expected = _events(instance, brew, 1)
    assert found == expected * 10


def test_dagsters_own_class_reads_what_was_written(tmp_path: Path, brew: dg.JobDefinition) -> None:
    with _instance(tmp_path, "resources.event_log", "OpenSqliteEventLogStorage") as instance:
        run = brew.execute_in_process(instance=instance).run_id
        written = [one.user_message for one in instance.all_logs(run)]
    with _instance(
        tmp_path, "dagster._core.storage.event_log", "SqliteEventLogStorage"
    ) as instance:
        assert [one.user_message for one in instance.all_logs(run)] == written
