"""Findings as a table for people (HTML), for spreadsheets (CSV) and for programs (JSON)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tone
from coffee_pipeline.reports.security_facts import FindingsReport, Row
from coffee_pipeline.reports.wording import moment, plural

MAXIMUM_ROWS = 2000
"""Rows of the page's table: those to look at first; the other formats have all."""

COLUMNS = (
    "issue", "service", "state", "is_open", "severity", "kind", "title", "rule", "witnesses",
    "tools", "scopes", "path", "line", "resource", "component", "component_versions",
    "fixed_version", "reachable", "cvss_score", "epss_score", "epss_percentile", "known_exploited",
    "suppressed", "decision", "first_seen", "last_seen", "opened_at", "fixed_at", "due_at",
    "past_due",
)  # fmt: skip
"""Columns of the CSV, and keys of the JSON's issues."""

NONE = "none in what was checked"
"""What is said of an empty table: nothing is known of the rest."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
TONES = {"critical": Tone.BAD, "high": Tone.BAD, "medium": Tone.WARNING}
"""How severities are shown."""


def findings_json(report: FindingsReport) -> dict[str, Any]:
    """Issues with their witnesses, and what could not be checked."""
    return {
        "platform": report.platform,
        "made_at": plain(report.made_at),
        "issues": [
            {
                **{name: plain(issue[name]) for name in COLUMNS},
                "seen_by": [
                    {name: plain(value) for name, value in one.items()}
                    for one in report.witnesses[issue["issue"], issue["service"]]
                ],
            }
            for issue in report.issues
        ],
        "scans": [{name: plain(value) for name, value in one.items()} for one in report.coverage],
        "not_checked": len(report.not_checked),
        "coverage": checked_words(report.coverage),
    }


def findings_csv(report: FindingsReport) -> str:
    """One line for each issue. Text that a spreadsheet would run as a formula begins with ``'``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for issue in report.issues:
        writer.writerow([_field(issue[name]) for name in COLUMNS])
    return text.getvalue()


def findings_page(report: FindingsReport) -> Page:
    """The issues as a page; what could not be checked comes first."""
    shown = report.issues[:MAXIMUM_ROWS]
    left = len(report.issues) - len(shown)
    notes = (f"{left} more are not shown; CSV and JSON have them.",) if left else ()
    return Page(
        title=f"Findings of {report.platform}",
        subtitle=f"{plural(len(report.issues), 'issue')}, those to look at first on top.",
        generated_at=report.made_at,
        sections=(not_checked_section(report.coverage), issues_section(shown, notes)),
        numbers={"issues": len(report.issues), "not checked": len(report.not_checked)},
    )


def not_checked_section(coverage: Sequence[Row]) -> Section:
    """Latest scans without a whole answer: nothing is known of what they would have found."""
    missing = [one for one in coverage if not one["checked"]]
    rows = tuple(
        (
            Cell(one["tool"]),
            Cell(one["scope"]),
            Cell(one["outcome"].replace("_", " "), Tone.WARNING),
            Cell(one["reason"] or ""),
            Cell(moment(one["last_completed_at"]) if one["last_completed_at"] else "never"),
        )
        for one in missing
    )
    empty = "every latest scan gave a whole answer" if coverage else "nothing was ever scanned"
    return Section(
        "Not checked",
        text=checked_words(coverage),
        tables=(
            Table(
                "Latest scans without a whole answer",
                ("Tool", "Scope", "Outcome", "Why", "Last whole answer (UTC)"),
                rows,
                empty,
            ),
        ),
    )


def checked_words(coverage: Sequence[Row]) -> str:
    """How much of what was to be scanned gave a whole answer the last time."""
    if not coverage:
        return "Nothing was ever scanned, so nothing is known."
    whole = sum(bool(one["checked"]) for one in coverage)
    return f"{whole} of {plural(len(coverage), 'scan')} gave a whole answer."


def issues_section(
    issues: Sequence[Row], notes: tuple[str, ...] = (), title: str = "Issues"
) -> Section:
    """A table of issues."""
    columns = (
        "Severity",
        "Issue",
        "Service",
        "Where",
        "Seen by",
        "State",
        "First seen (UTC)",
        "Due",
    )
    return Section(
        title,
        tables=(Table(title, columns, tuple(issue_row(one) for one in issues), NONE),),
        notes=notes,
    )


def issue_row(issue: Row) -> tuple[Cell, ...]:
    """One issue of such a table."""
    exploited = ["known to be exploited"] if issue["known_exploited"] else []
    if issue["epss_score"] is not None:
        exploited.append(f"EPSS {issue['epss_score']:.3f}")
    if issue["reachable"]:
        exploited.append("called")
    where = issue["path"] or issue["resource"] or issue["component"] or issue["scopes"]
    place = f"{where}:{issue['line']}" if issue["path"] and issue["line"] else str(where)
    fixed = f"fixed in {issue['fixed_version']}" if issue["fixed_version"] else ""
    due = Cell(moment(issue["due_at"]) if issue["due_at"] else "never")
    if issue["past_due"]:
        due = Cell(due.text, Tone.BAD, "past due")
    name = issue["issue"] if " in " in issue["issue"] else issue["rule"]
    return (
        Cell(issue["severity"], TONES.get(issue["severity"], Tone.NEUTRAL), ", ".join(exploited)),
        Cell(name, detail=issue["title"] or ""),
        Cell(issue["service"] or "platform"),
        Cell(place, detail=fixed),
        Cell(issue["tools"], detail=plural(issue["witnesses"], "witness", "witnesses")),
        Cell(issue["state"], detail=(issue["decision"] or "").replace("_", " ")),
        Cell(moment(issue["first_seen"])),
        due,
    )


def plain(value: object) -> object:
    """A value as JSON has it: times in ISO 8601, UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _field(value: object) -> object:
    value = plain(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else value
