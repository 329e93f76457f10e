"""What a security sweep has to tell: new findings, and what it could not check."""

from __future__ import annotations

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.model.sweep import Sweep
from coffee_pipeline.reports.digest import DigestEntry, security_digest
from coffee_pipeline.reports.notification import Notification

_NEW = """
    SELECT severity, tool || ' ' || rule || ': ' || title AS title, service
    FROM open_findings
    WHERE state IN ('new', 'reactivated') AND last_seen >= ?
    ORDER BY tool, identity
"""


def sweep_digest(history: HistoryReader, platform: str, sweep_id: str) -> Notification | None:
    """The digest of a sweep; None when there is nothing to tell, or no such sweep.

    Findings count as new when this sweep reported them for the first time, or again after they
    were gone. The first sweep of a history has no earlier one, so all it finds is new.
    """
    history.refresh()
    found = history.records(Sweep, "platform = ? AND sweep_id = ?", (platform, sweep_id))
    if not found:
        return None
    sweep = found[-1]
    rows = history.query(_NEW, (sweep.started_at.replace(tzinfo=None),))
    new = [
        DigestEntry(
            severity=Severity(str(row["severity"])),
            title=str(row["title"]),
            service=str(row["service"]) if row["service"] else None,
        )
        for row in rows
    ]
    warnings = [sweep.reason] if sweep.reason else []
    return security_digest(platform, new, (), warnings)
