"""Dagster events of a run as JSON lines, for the console command that waits for them."""

import json
import logging
import os

import dagster as dg

PROGRESS_DESCRIPTOR = "COFFEE_PROGRESS_FD"
"""Environment variable: the file descriptor that progress is written to."""


def progress_line(record: logging.LogRecord) -> dict[str, object]:
    """What ``record`` says: run, step, event type, message, and a check's answer."""
    meta: dict[str, object] = getattr(record, "dagster_meta", {})
    line: dict[str, object] = {"run": meta.get("run_id"), "step": meta.get("step_key")}
    event = meta.get("dagster_event")
    if not isinstance(event, dg.DagsterEvent):
        return {**line, "event": "MESSAGE", "message": meta.get("orig_message") or record.msg}
    line |= {"event": event.event_type_value, "message": event.message}
    data = event.event_specific_data
    if isinstance(data, dg.AssetCheckEvaluation):
        line |= {"check": data.check_name, "passed": data.passed, "why": data.description}
    return line


class ProgressHandler(logging.Handler):
    """Writes one JSON line for each record to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of ``record`` at once: someone is watching."""
        line = json.dumps(progress_line(record), default=str) + "\n"
        os.write(self._descriptor, line.encode())


@dg.logger({}, description="Progress as JSON lines, for the console command that waits.")
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    """A logger that writes progress lines; silent when nobody asked for them."""
    logger = logging.Logger("coffee_pipeline.progress", logging.DEBUG)
    descriptor = os.environ.get(PROGRESS_DESCRIPTOR)
    if descriptor:
        logger.addHandler(ProgressHandler(int(descriptor)))
    return logger
