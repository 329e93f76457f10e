"""What runs where, as the history knows it."""

from __future__ import annotations

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.stages.runtime_events import Running


def deployed(history: HistoryReader) -> Running:
    """Revision and digest by service and environment, of the history as it is now.

    Raises:
        HistoryError: it cannot be read.
    """
    rows = history.query(
        "SELECT service, environment, revision, artifact_digest FROM current_deployments"
    )
    known = {
        (str(row["service"]), str(row["environment"])): (
            str(row["revision"]),
            str(row["artifact_digest"]),
        )
        for row in rows
    }
    return lambda service, environment: known.get((service, environment))
