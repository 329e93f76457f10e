"""One delivery metric as a reader sees it: a tile, and a row of the table."""

from __future__ import annotations

from coffee_pipeline.dora.bands import Band
from coffee_pipeline.dora.benchmarks import DEVLAKE_2021, DEVLAKE_2023
from coffee_pipeline.dora.intervals import SMALL, Interval
from coffee_pipeline.dora.metric import Metric
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.reports.page import Cell, Tile, Tone
from coffee_pipeline.reports.wording import NO_DATA, duration, per_day, plural, share

METRIC_COLUMNS = (
    "Metric", "Value", "p75", "p90", "Taken over", "Goal", "Level", "Source of level",
    "DevLake 2023", "DevLake 2021",
)  # fmt: skip


def metric_tile(metric: Metric) -> Tile:
    """The metric as a headline number; a proxy is called one."""
    if metric.value is None:
        return Tile(metric_title(metric), NO_DATA, metric.reason or "", Tone.MUTED)
    goal = f"; goal: {metric.goal.text}" if metric.goal else ""
    proxy = "proxy; " if metric.proxy else ""
    working = f"; {working_text(metric)}" if metric.working else ""
    detail = f"{proxy}{taken_over(metric)}{working}{goal}"
    return Tile(metric_title(metric), metric_value(metric), detail, metric_tone(metric))


def metric_title(metric: Metric) -> str:
    """The metric's name with a capital."""
    return metric.name[0].upper() + metric.name[1:]


def metric_value(metric: Metric) -> str:
    """The value in its unit, or that there is none."""
    if metric.value is None:
        return NO_DATA
    if metric.unit == "seconds":
        return duration(metric.value)
    return share(metric.value) if metric.unit == "ratio" else per_day(metric.value)


def taken_over(metric: Metric) -> str:
    """What the value was taken over, and how many of it a rate counts."""
    nouns = {
        "lead time for changes": "change",
        "failed deployment recovery time": "repaired deployment"
        if metric.proxy
        else "resolved incident",
    }
    over = plural(metric.count, nouns.get(metric.name, "deployment"))
    return over if metric.events is None else f"{metric.events} of {over}"


def metric_tone(metric: Metric) -> Tone:
    """Good or bad by the goal; neutral without one."""
    if metric.value is None or metric.goal is None or metric.goal.met is None:
        return Tone.NEUTRAL if metric.value is not None else Tone.MUTED
    return Tone.GOOD if metric.goal.met else Tone.BAD


def working_text(metric: Metric) -> str:
    """The value in working time, where a calendar was given."""
    if metric.working is None:
        return ""
    value = metric.working.value
    return f"in working time {duration(value) if metric.unit == 'seconds' else per_day(value)}"


def calendar_notes(calendar: WorkingCalendar | None) -> tuple[str, ...]:
    """What working time is, where a calendar was given."""
    if calendar is None:
        return ()
    return (
        f"Working time: {calendar.description}, whole days. Lead times are without the other days; "
        "deployments on working days are taken over these days. Levels, goals and all other "
        "numbers are of time by the clock.",
    )


def metric_row(metric: Metric) -> tuple[Cell, ...]:
    """The cells of :data:`METRIC_COLUMNS`; how sure a value is stands under it."""
    spread = metric.distribution
    detail = metric.reason or ""
    if metric.value is not None:
        said = (interval_text(metric.interval, metric.unit), working_text(metric))
        detail = "; ".join(filter(None, said))
    value = Cell(metric_value(metric), metric_tone(metric), detail, number=True)
    few = "a small number" if metric.value is not None and metric.count < SMALL else ""
    return (
        Cell(metric_title(metric), detail="proxy" if metric.proxy else ""),
        value,
        Cell(duration(spread.p75) if spread else "", Tone.MUTED, number=True),
        Cell(duration(spread.p90) if spread else "", Tone.MUTED, number=True),
        Cell(taken_over(metric), detail=few),
        Cell(metric.goal.text if metric.goal else "none set"),
        Cell((metric.band.name or "none") if metric.band else ""),
        Cell(metric.band.source if metric.band else "", Tone.MUTED),
        Cell(_level(metric, DEVLAKE_2023), Tone.MUTED),
        Cell(_level(metric, DEVLAKE_2021), Tone.MUTED),
    )


def interval_text(interval: Interval | None, unit: str = "ratio") -> str:
    """The interval of a rate, or of a median in seconds, in words."""
    if interval is None:
        return ""
    told = duration if unit == "seconds" else share
    return f"{told(interval.low)} to {told(interval.high)} at {interval.level * 100:.0f} %"


def _level(metric: Metric, source: str) -> str:
    found: Band | None = next((one for one in metric.levels if one.source == source), None)
    return (found.name or "") if found else ""
