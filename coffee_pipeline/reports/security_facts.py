"""What the history knows of findings, as the security reports and exports read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coffee_pipeline.history.reader import HistoryReader

Row = Mapping[str, Any]
"""A row of a view: values by column, times aware."""

_ISSUES = "SELECT * FROM issues WHERE (? IS NULL OR service = ?) AND (? OR is_open)"
_WITNESSES = """
    SELECT lives.*, decided.decision, decided.reason, decided.author, decided.expires_at
    FROM finding_lifecycle AS lives
    LEFT JOIN finding_triage AS decided USING (tool, scope, identity)
    WHERE (? IS NULL OR lives.service = ?)
    ORDER BY tool, scope, identity
"""
_COVERAGE = "SELECT * FROM scan_coverage WHERE (? IS NULL OR service IS NULL OR service = ?)"


@dataclass(frozen=True)
class FindingsReport:
    """Issues, each with its witnesses, and the latest scan of everything that was to be looked at.

    ``witnesses`` are by (issue, service). ``platform`` is what the report is about, for titles.
    """

    platform: str
    made_at: datetime
    issues: Sequence[Row]
    witnesses: Mapping[tuple[str, str | None], Sequence[Row]]
    coverage: Sequence[Row]

    @property
    def not_checked(self) -> list[Row]:
        """Latest scans without a whole answer."""
        return [one for one in self.coverage if not one["checked"]]


@dataclass(frozen=True)
class SecurityFacts:
    """All that the security report shows; see the views of the same names."""

    issues: Sequence[Row]
    deltas: Sequence[Row]
    breaches: Sequence[Row]
    mttr: Sequence[Row]
    policy: Mapping[str, float | None]
    coverage: Sequence[Row]
    sweeps: Sequence[Row]
    sweep_scans: Sequence[Row] = field(default_factory=tuple)

    @property
    def open_issues(self) -> list[Row]:
        """Those that count."""
        return [one for one in self.issues if one["is_open"]]


def findings_report(
    history: HistoryReader,
    platform: str,
    now: datetime,
    service: str | None = None,
    everything: bool = False,
) -> FindingsReport:
    """Issues with their witnesses.

    Args:
        history: where they are read.
        platform: what the report is about.
        now: decisions expire and problems become due by this time.
        service: only its issues.
        everything: those too that are fixed, accepted or suppressed.

    Raises:
        HistoryError: the history cannot be read.
    """
    only = (service, service)
    issues = history.query(_ISSUES, (*only, everything), now)
    wanted = {(one["issue"], one["service"]) for one in issues}
    witnesses: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in history.query(_WITNESSES, only, now):
        key = str(row["issue"]), None if row["service"] is None else str(row["service"])
        if key in wanted:
            witnesses[key].append(row)
    return FindingsReport(platform, now, issues, witnesses, history.query(_COVERAGE, only, now))


def security_facts(history: HistoryReader, platform: str, now: datetime) -> SecurityFacts:
    """What the security report shows.

    Raises:
        HistoryError: the history cannot be read.
    """
    sweeps = history.query(
        "SELECT * EXCLUDE (materialization) FROM sweeps WHERE platform = ? "
        "AND started_at <= ? ORDER BY started_at",
        (platform, now),
    )
    last = sweeps[-1]["sweep_id"] if sweeps else None
    breached = "SELECT * FROM finding_sla WHERE breached_at IS NOT NULL ORDER BY breached_at DESC"
    policy = history.query("SELECT severity, hours FROM sla_policy", (), now)
    return SecurityFacts(
        issues=history.query("SELECT * FROM issues", (), now),
        deltas=history.query(
            "SELECT day, sweep, severity, sum(new + reactivated) AS come, sum(fixed) AS fixed "
            "FROM finding_deltas GROUP BY ALL ORDER BY day", (), now,
        ),
        breaches=history.query(breached, (), now),
        mttr=history.query("SELECT * FROM security_mttr", (), now),
        policy={str(one["severity"]): one["hours"] for one in policy},  # type: ignore[misc]
        coverage=history.query("SELECT * FROM scan_coverage", (), now),
        sweeps=sweeps,
        sweep_scans=history.query(
            "SELECT * FROM sweep_scans WHERE sweep_id = ? ORDER BY tool, scope", (last,)
        ),
    )  # fmt: skip
