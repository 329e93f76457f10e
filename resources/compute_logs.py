"""Dagster's compute logs, written to their files only.

Dagster's own class also repeats a run's output on the terminal: four processes for every run, two
of them Python, for output that a console command must not show anyway.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import (
    IO_TYPE_EXTENSION,
    LocalComputeLogManager,
)
from dagster._utils import ensure_file, touch_file


class FileComputeLogManager(LocalComputeLogManager):
    """The same files as Dagster's :class:`LocalComputeLogManager`; the UI shows them alike."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> FileComputeLogManager:
        """Called by Dagster with the settings of ``dagster.yaml``."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Have what the process prints in these files until the end of the context."""
        standard, error = (
            self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind])
            for kind in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        ensure_file(standard)
        ensure_file(error)
        with redirect_to_file(sys.stdout, standard), redirect_to_file(sys.stderr, error):
            yield CapturedLogContext(log_key)
        # Tells readers that nothing follows.
        touch_file(self.complete_artifact_path(log_key))  # type: ignore[no-untyped-call]
