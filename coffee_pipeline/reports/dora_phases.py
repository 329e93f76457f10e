"""Where the lead time went, from commit to production, as a section of the delivery report."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.dora.phases import Phase
from coffee_pipeline.reports.page import Cell, Figure, Opened, Section, Table, Tone
from coffee_pipeline.reports.wording import NO_DATA, duration, plural


def phases_section(phases: Sequence[Phase], opened: Sequence[Opened] = ()) -> Section:
    """The spread of each phase, with the number of changes it is known of."""
    columns = ("Phase", "Median", "p75", "p90", "Longest", "Known of")
    known = any(one.spread for one in phases)
    return Section(
        "Lead time by phase",
        text=(
            "When the deployed revision was last built, tested, scanned and staged before its "
            "deployment ended. Steps overlap, so a phase may take no time of its own."
        ),
        figures=(_figure(phases),) if known else (),
        tables=(
            Table(
                "From commit to production",
                columns,
                tuple(_row(one) for one in phases) if known else (),
                "no run of a stage is recorded for the changes of the period",
            ),
        ),
        opened=tuple(opened) if known else (),
    )


def _row(one: Phase) -> tuple[Cell, ...]:
    spread = one.spread
    values = (spread.median, spread.p75, spread.p90, spread.maximum) if spread else (None,) * 4
    return (
        Cell(one.name),
        *(
            Cell(duration(value) if value is not None else NO_DATA,
                 Tone.NEUTRAL if value is not None else Tone.MUTED, number=True)
            for value in values
        ),
        Cell(f"{spread.count if spread else 0} of {plural(one.changes, 'change')}"),
    )  # fmt: skip


def _figure(phases: Sequence[Phase]) -> Figure:
    """One bar for the median of each phase that is known."""
    known = [(one.name, one.spread) for one in phases if one.spread is not None]
    words = ", ".join(f"{name} {duration(spread.median)}" for name, spread in known)
    return Figure(
        "Lead time by phase",
        f"Medians: {words}.",
        (
            {
                "type": "bar", "orientation": "h",
                "y": [name for name, _ in known],
                "x": [round(spread.median / 60, 2) for _, spread in known],
                "text": [duration(spread.median) for _, spread in known],
                "marker": {"color": "token:accent"},
                "hovertemplate": "%{y}: %{text}<extra></extra>",
            },
        ),
        {
            "xaxis": {"title": {"text": "median, minutes"}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
        height=260,
    )  # fmt: skip
