"""What a security sweep has to tell: new issues, those past due, and what it could not check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.model.sweep import Sweep
from coffee_pipeline.reports.digest import DigestEntry, security_digest
from coffee_pipeline.reports.notification import Notification
from coffee_pipeline.reports.security_facts import Row

_NEW = """
    SELECT *
    FROM issues
    WHERE is_open AND state IN ('new', 'reactivated') AND opened_at >= ?
"""
_PAST_DUE = "SELECT * FROM issues WHERE past_due"


def sweep_digest(
    history: HistoryReader, platform: str, sweep_id: str, now: datetime | None = None
) -> Notification | None:
    """The digest of a sweep; None when there is nothing to tell, or no such sweep.

    Issues count as new when this sweep reported them for the first time, or again after they were
    gone. The first sweep of a history has no earlier one, so all it finds is new. Past due are
    those whose time is over by ``now``, by default when the sweep ended; each issue is told once.
    """
    history.refresh()
    found = history.records(Sweep, "platform = ? AND sweep_id = ?", (platform, sweep_id))
    if not found:
        return None
    sweep = found[-1]
    now = now or sweep.finished_at
    new = history.query(_NEW, (sweep.started_at,), now)
    late = history.query(_PAST_DUE, (), now)
    told = {(one["issue"], one["service"]) for one in late}
    return security_digest(
        platform,
        _entries([one for one in new if (one["issue"], one["service"]) not in told], now),
        _entries(late, now),
        [sweep.reason] if sweep.reason else [],
    )


def _entries(issues: Sequence[Row], now: datetime) -> list[DigestEntry]:
    return [
        DigestEntry(
            severity=_severity(str(one["severity"])),
            title=f"{one['tools']} {one['rule']}: {one['title']}",
            service=one["service"],
            days_over=(now - one["due_at"]).total_seconds() / 86_400 if one["past_due"] else None,
        )
        for one in issues
    ]


def _severity(word: str) -> Severity:
    return Severity(word) if word in list(Severity) else Severity.INFO
