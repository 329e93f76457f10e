"""The part of the security report on the nightly sweep: how much of the platform it covered."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.reports.page import Cell, Section, Table, Tone
from coffee_pipeline.reports.security_facts import Row
from coffee_pipeline.reports.security_figures import covered
from coffee_pipeline.reports.wording import moment, short

_SHOWN = 30
_TONES = {"completed": Tone.GOOD, "not_run": Tone.MUTED}


def sweeps_section(sweeps: Sequence[Row], scans: Sequence[Row]) -> Section:
    """Coverage of every sweep, and every scan of the last one with tool and database."""
    columns = ("Sweep", "Ended (UTC)", "Revision", "Outcome", "Scans", "Checked", "Before", "Why")
    return Section(
        "Sweeps",
        text="A sweep that covered less than the one before is a warning, not a better score.",
        figures=(covered(sweeps),) if sweeps else (),
        tables=(
            Table(
                "Newest first",
                columns,
                tuple(_sweep(one) for one in reversed(sweeps[-_SHOWN:])),
                "there was no sweep yet",
            ),
            Table(
                "Scans of the last sweep",
                ("Tool", "Version", "Scope", "Outcome", "Findings", "Database", "Why"),
                tuple(_scan(one) for one in scans),
                "there was no sweep yet",
            ),
        ),
    )


def _sweep(one: Row) -> tuple[Cell, ...]:
    before = one["previous_completed"]
    fewer = before is not None and one["completed"] < before
    return (
        Cell(one["sweep_id"]),
        Cell(moment(one["finished_at"])),
        Cell(short(one["revision"])),
        Cell(one["outcome"], _TONES.get(one["outcome"], Tone.WARNING)),
        Cell(str(one["scans"]), number=True),
        Cell(str(one["completed"]), Tone.WARNING if fewer else Tone.NEUTRAL, number=True),
        Cell("" if before is None else str(before), number=True),
        Cell(one["reason"] or ""),
    )


def _scan(one: Row) -> tuple[Cell, ...]:
    days = one["database_age_days"]
    age = "" if days is None else f"{days:.1f} days old"
    return (
        Cell(one["tool"]),
        Cell(one["tool_version"] or "unknown"),
        Cell(one["scope"]),
        Cell(one["outcome"].replace("_", " "), _TONES.get(one["outcome"], Tone.BAD)),
        Cell("no answer" if one["findings"] is None else str(one["findings"]), number=True),
        Cell(moment(one["database_date"]) if one["database_date"] else "not said", detail=age),
        Cell(one["reason"] or ""),
    )
