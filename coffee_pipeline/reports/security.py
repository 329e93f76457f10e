"""The security report: what is open, new, fixed, past due - and what could not be checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.reports.findings import (
    NONE,
    TONES,
    checked_words,
    findings_json,
    issues_section,
    not_checked_section,
    plain,
)
from coffee_pipeline.reports.page import Cell, Page, Section, Table, Tile, Tone
from coffee_pipeline.reports.security_facts import (
    FindingsReport,
    Row,
    SecurityFacts,
    security_facts,
)
from coffee_pipeline.reports.security_figures import AGES, SEVERITIES, age_of, ages, changes
from coffee_pipeline.reports.security_services import components_section, oldest, service_sections
from coffee_pipeline.reports.security_sweeps import sweeps_section
from coffee_pipeline.reports.wording import NO_DATA, duration, moment, plural

SHOWN = 100
"""Issues in the report's longest tables; ``report findings`` has all."""
_TOP = 15


def security_page(history: HistoryReader, platform: str, now: datetime) -> Page:
    """The report as of ``now``.

    Raises:
        HistoryError: the history cannot be read.
    """
    facts = security_facts(history, platform, now)
    return Page(
        title=f"Security of {platform}",
        subtitle=(
            "Issues across all scanners, each once per service however many of them see it. "
            + checked_words(facts.coverage)
        ),
        generated_at=now,
        sections=(
            _overview(facts, now),
            not_checked_section(facts.coverage),
            sweeps_section(facts.sweeps, facts.sweep_scans),
            _open(facts, now),
            _changes(facts),
            _past_due(facts),
            _fixing(facts),
            components_section(facts),
            *service_sections(facts, now),
        ),
        numbers=_numbers(facts),
    )


def security_json(history: HistoryReader, platform: str, now: datetime) -> dict[str, Any]:
    """The same as data: the main numbers, the issues, and every table behind the page."""
    facts = security_facts(history, platform, now)
    issues = findings_json(
        FindingsReport(platform, now, facts.open_issues, defaultdict(tuple), facts.coverage)
    )
    tables = {
        name: [{key: plain(value) for key, value in one.items()} for one in rows]
        for name, rows in (
            ("changes", facts.deltas), ("breaches", facts.breaches), ("mttr", facts.mttr),
            ("sweeps", facts.sweeps), ("last_sweep", facts.sweep_scans),
        )
    }  # fmt: skip
    for issue in issues["issues"]:
        issue.pop("seen_by")
    return {
        "numbers": _numbers(facts),
        **issues,
        "sla_hours": facts.policy,
        "ages": _table_of_ages(facts.open_issues, now),
        **tables,
    }


def _numbers(facts: SecurityFacts) -> dict[str, float | int | str]:
    """The main values; without any whole answer there are none."""
    known = any(one["checked"] for one in facts.coverage)
    opened = facts.open_issues
    counts: dict[str, float | int | str] = {"open": len(opened)}
    counts |= {
        f"open {name}": sum(one["severity"] == name for one in opened) for name in SEVERITIES
    }
    counts["past due"] = sum(bool(one["past_due"]) for one in opened)
    if not known:
        counts = {name: value or NO_DATA for name, value in counts.items()}
    counts["scans"] = len(facts.coverage)
    counts["not checked"] = sum(not one["checked"] for one in facts.coverage)
    for one in facts.mttr:
        for kind in ("mean", "median"):
            hours = one[f"{kind}_hours"]
            name = f"{one['severity']} {kind} hours to fix"
            counts[name] = NO_DATA if hours is None else round(hours, 3)
    return counts


def _overview(facts: SecurityFacts, now: datetime) -> Section:
    numbers = _numbers(facts)
    tiles = [
        Tile(
            f"Open, {name}",
            str(numbers[f"open {name}"]),
            oldest([one for one in facts.open_issues if one["severity"] == name], now),
            _tone(numbers[f"open {name}"], facts),
        )
        for name in ("critical", "high")
    ]
    past = numbers["past due"]
    tiles.append(Tile("Past due", str(past), "open longer than allowed", _tone(past, facts)))
    critical = next(one for one in facts.mttr if one["severity"] == "critical")
    goal = facts.policy.get("critical")
    tiles.append(
        Tile(
            "Time to fix, critical",
            NO_DATA if critical["mean_hours"] is None else _hours(critical["mean_hours"]),
            f"mean of {plural(critical['fixed'], 'issue')}, goal {_hours(goal)}",
            Tone.NEUTRAL
            if critical["mean_hours"] is None or goal is None
            else (Tone.GOOD if critical["mean_hours"] <= goal else Tone.BAD),
        )
    )
    whole = len(facts.coverage) - int(numbers["not checked"])
    tone = Tone.GOOD if facts.coverage and whole == len(facts.coverage) else Tone.WARNING
    words = f"{whole} of {len(facts.coverage)}" if facts.coverage else NO_DATA
    tiles.append(Tile("Scans with a whole answer", words, "the latest of each", tone))
    return Section("Now", tiles=tuple(tiles))


def _tone(value: float | int | str, facts: SecurityFacts) -> Tone:
    """None is good only where everything was checked."""
    if value == NO_DATA:
        return Tone.MUTED
    if value:
        return Tone.BAD
    return Tone.GOOD if all(one["checked"] for one in facts.coverage) else Tone.NEUTRAL


def _open(facts: SecurityFacts, now: datetime) -> Section:
    opened = facts.open_issues
    left = len(opened) - SHOWN
    notes = (f"{left} more; 'coffee-pipeline report findings' has all.",) if left > 0 else ()
    rows = tuple(
        (
            Cell(severity, TONES.get(severity, Tone.NEUTRAL)),
            *(Cell(str(counts[name] or ""), number=True) for name, _ in AGES),
            Cell(str(sum(counts.values())), number=True),
        )
        for severity, counts in _table_of_ages(opened, now).items()
    )
    columns = ("Severity", *(name for name, _ in AGES), "All")
    shown = issues_section(opened[:SHOWN], notes, "Those to look at first")
    return Section(
        "Open",
        figures=(ages(opened, now),) if opened else (),
        tables=(Table("By severity and age", columns, rows if opened else (), NONE), *shown.tables),
        notes=shown.notes,
    )


def _table_of_ages(opened: Sequence[Row], now: datetime) -> dict[str, dict[str, int]]:
    found = {severity: dict.fromkeys((name for name, _ in AGES), 0) for severity in SEVERITIES}
    for one in opened:
        row = found.setdefault(one["severity"], dict.fromkeys((name for name, _ in AGES), 0))
        row[age_of(one, now)] += 1
    return found


def nights(deltas: Sequence[Row]) -> list[tuple[str, int, int]]:
    """New and fixed findings by sweep; those of scans outside of sweeps by day."""
    found: dict[str, list[int]] = {}
    for one in deltas:
        counts = found.setdefault(one["sweep"] or str(one["day"]), [0, 0])
        counts[0] += int(one["come"])
        counts[1] += int(one["fixed"])
    return [(name, come, fixed) for name, (come, fixed) in found.items() if come or fixed]


def _changes(facts: SecurityFacts) -> Section:
    rows = nights(facts.deltas)
    return Section(
        "New and fixed",
        text="Findings of every sweep; those of scans outside of sweeps by day.",
        figures=(changes(rows),) if rows else (),
        tables=(
            Table(
                "Newest first",
                ("Sweep or day (UTC)", "New or come back", "Fixed"),
                tuple(
                    (Cell(name), Cell(str(come), number=True), Cell(str(fixed), number=True))
                    for name, come, fixed in reversed(rows[-_TOP:])
                ),
            ),
        ),
    )


def _past_due(facts: SecurityFacts) -> Section:
    late = [one for one in facts.open_issues if one["past_due"]]
    shown = issues_section(late[:SHOWN])
    rows = tuple(
        (
            Cell(one["severity"], TONES.get(one["severity"], Tone.NEUTRAL)),
            Cell(one["rule"], detail=one["title"] or ""),
            Cell(one["service"] or "platform"),
            Cell(moment(one["breached_at"])),
            Cell(one["status"].replace("_", " "), Tone.BAD),
            Cell(_hours(one["hours_open"]), detail=f"allowed {_hours(one['hours_allowed'])}"),
        )
        for one in facts.breaches[:SHOWN]
    )
    columns = ("Severity", "Rule", "Service", "Breached (UTC)", "Status", "Open for")
    return Section(
        "Past due",
        text="Allowed from first seen: "
        + ", ".join(f"{name} {_hours(facts.policy.get(name))}" for name in SEVERITIES)
        + ".",
        tables=(
            Table("Open and past due", shown.tables[0].columns, shown.tables[0].rows, NONE),
            Table("Breaches, newest first", columns, rows, NONE),
        ),
    )


def _hours(hours: float | None) -> str:
    return "no limit" if hours is None else duration(hours * 3600)


def _fixing(facts: SecurityFacts) -> Section:
    rows = tuple(
        (
            Cell(one["severity"], TONES.get(one["severity"], Tone.NEUTRAL)),
            Cell(str(one["fixed"]), number=True),
            *(
                Cell(NO_DATA if one[name] is None else _hours(one[name]), number=True)
                for name in ("mean_hours", "median_hours")
            ),
            Cell("" if one["within_sla"] is None else str(one["within_sla"]), number=True),
        )
        for one in facts.mttr
    )
    columns = ("Severity", "Fixed", "Mean", "Median", "Fixed in time")
    return Section(
        "Time to fix",
        text="From the first report of an issue to the scan that no longer had it.",
        tables=(Table("By severity", columns, rows),),
    )
