"""The parts of the security report on components and on each service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.reports.findings import (
    NONE,
    TONES,
    checked_words,
    issue_row,
    issues_section,
)
from coffee_pipeline.reports.page import Cell, Section, Table, Tone
from coffee_pipeline.reports.security_facts import Row, SecurityFacts
from coffee_pipeline.reports.security_figures import SEVERITIES
from coffee_pipeline.reports.wording import duration, plural

_TOP = 15


def oldest(issues: Sequence[Row], now: datetime) -> str:
    """How long the oldest of the issues has been known."""
    if not issues:
        return ""
    first = min(one["first_seen"] for one in issues)
    return f"oldest {duration((now - first).total_seconds())}"


def components_section(facts: SecurityFacts) -> Section:
    """The components with the most severe open issues."""
    found: dict[str, list[Row]] = defaultdict(list)
    for one in facts.open_issues:
        if one["component"]:
            found[one["component"]].append(one)
    ranked = sorted(found.items(), key=lambda pair: (_rank(pair[1]), -len(pair[1]), pair[0]))
    rows = tuple(
        (
            Cell(name),
            Cell(str(len(issues)), number=True),
            Cell(_worst(issues), TONES.get(_worst(issues), Tone.NEUTRAL)),
            Cell(", ".join(sorted({one["service"] or "platform" for one in issues}))),
            Cell(
                ", ".join(sorted({one["fixed_version"] for one in issues if one["fixed_version"]}))
            ),
        )
        for name, issues in ranked[:_TOP]
    )
    columns = ("Component", "Open issues", "Worst", "Services", "Fixed in")
    return Section("Top components", tables=(Table("Most severe first", columns, rows, NONE),))


def _rank(issues: Sequence[Row]) -> int:
    known = [SEVERITIES.index(one["severity"]) for one in issues if one["severity"] in SEVERITIES]
    return min(known, default=len(SEVERITIES))


def _worst(issues: Sequence[Row]) -> str:
    return (*SEVERITIES, "unknown")[_rank(issues)]


def service_sections(facts: SecurityFacts, now: datetime) -> list[Section]:
    """A section for each service, and one for what belongs to none."""
    names = {one["service"] for one in (*facts.issues, *facts.coverage)}
    found = []
    for name in sorted(names, key=lambda one: (one is None, one or "")):
        opened = [one for one in facts.open_issues if one["service"] == name]
        coverage = [one for one in facts.coverage if one["service"] == name]
        columns = issues_section(()).tables[0].columns
        rows = tuple(issue_row(one) for one in opened[:_TOP])
        late = sum(bool(one["past_due"]) for one in opened)
        unknown = opened or any(one["checked"] for one in coverage)
        text = f"{plural(len(opened), 'open issue')}, {late} past due. " if unknown else ""
        found.append(
            Section(
                f"Service {name}" if name else "The platform as a whole",
                text=text + checked_words(coverage),
                tables=(Table("Those to look at first", columns, rows, NONE),),
                notes=(oldest(opened, now),) if opened else (),
            )
        )
    return found
