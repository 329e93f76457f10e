"""The statements that the numbers of the SLO report open to: copied, they run as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from coffee_pipeline.reports.opening import literal
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.slo.alert_windows import seconds
from coffee_pipeline.slo.objective_status import DEFAULT_SLICE


def of_period(one: Standing) -> str:
    """The rows that the period's numbers are the sums of: days, or measurements."""
    if one.kept is None:
        return _windows(one, one.start, one.now)
    return _by(one, "day", one.start, one.now)


def of_stretch(one: Standing, start: datetime, end: datetime) -> str:
    """The steps (or measurements) of a stretch of time."""
    if one.kept is None:
        return _windows(one, start, end)
    return (
        "SELECT started_at, good, total, total - good AS bad\n"
        f"FROM level_samples\nWHERE {_where(one, 'started_at', start, end)}\nORDER BY started_at"
    )


def of_hours(one: Standing, start: datetime, end: datetime) -> str:
    """The hours of a stretch of time, or its measurements."""
    if one.kept is None:
        return _windows(one, start, end)
    return _by(one, "hour", start, end)


def of_days(one: Standing, start: datetime, end: datetime) -> str:
    """What was written down of each day, gaps with their reason; or the measurements."""
    if one.kept is None:
        return _windows(one, start, end)
    return (
        "SELECT day, good, total, known_steps, steps, outcome, reason, source, measured_at\n"
        f"FROM level_days\nWHERE {_where(one, 'day', start, end)}\n"
        f"  AND objective = {literal(float(one.objective))}\nORDER BY day"
    )


def of_deployments(one: Standing, start: datetime, end: datetime) -> str:
    """The deployments of the service."""
    return (
        "SELECT deployment_id, revision, started_at, finished_at, outcome, reason\n"
        f"FROM deployments\nWHERE environment = {literal(one.environment)}\n"
        f"  AND service = {literal(one.service)}\n"
        f"  AND started_at < {literal(end)} AND finished_at >= {literal(start)}\n"
        "ORDER BY started_at"
    )


def of_objectives(found: Sequence[Standing]) -> str:
    """The objectives that are counted together, with what was measured of each.

    They are measured alike: all day by day, or all over releases.
    """
    kept = found[0].kept is not None
    table, begin, end = (
        ("level_days", "day", "day") if kept else ("service_levels", "window_start", "window_end")
    )
    slos = ",\n    ".join(
        f"({literal(service)}, {literal(slo)})"
        for service, slo in sorted({(one.service, one.slo) for one in found})
    )
    start, now = min(one.start for one in found), max(one.now for one in found)
    return (
        "SELECT service, slo, objective, count(*) AS rows, count(total) AS with_data,\n"
        f"  sum(good) AS good, sum(total) AS total\nFROM {table}\n"
        f"WHERE environment = {literal(found[0].environment)}{_of_platform(found[0])}\n"
        f"  AND (service, slo) IN (\n    {slos})\n"
        f"  AND {begin} >= {literal(start)} AND {end} <= {literal(now)}\n"
        "GROUP BY ALL\nORDER BY service, slo, objective"
    )


def _by(one: Standing, part: str, start: datetime, end: datetime) -> str:
    where = _where(one, "started_at", start, end)
    if one.method == "Occurrences" or one.kept is None:
        return (
            f"SELECT date_trunc('{part}', started_at) AS {part}, sum(good) AS good,\n"
            "  sum(total) AS total, sum(total - good) AS bad, count(*) AS steps\n"
            f"FROM level_samples\nWHERE {where}\nGROUP BY ALL\nORDER BY {part}"
        )
    slices = one.kept.calculation.slices
    length = max(slices.length, seconds(DEFAULT_SLICE))
    target = literal(float(slices.target))
    return (
        f"SELECT date_trunc('{part}', slice) AS {part}, count(*) AS slices,\n"  # noqa: S608 - literals of ours
        f"  count(*) FILTER (good >= {target} * total) AS reached, sum(good / total) AS ratios\n"
        f"FROM (\n  SELECT time_bucket(INTERVAL '{length} seconds', started_at,\n"
        "    TIMESTAMP '1970-01-01') AS slice, sum(good) AS good, sum(total) AS total\n"
        f"  FROM level_samples\n  WHERE {where}\n  GROUP BY ALL HAVING sum(total) > 0\n)\n"
        f"GROUP BY ALL\nORDER BY {part}"
    )


def _windows(one: Standing, start: datetime, end: datetime) -> str:
    return (
        "SELECT window_start, window_end, revision, good, total, outcome, reason, source\n"
        f"FROM service_levels\nWHERE environment = {literal(one.environment)}\n"
        f"  AND service = {literal(one.service)} AND slo = {literal(one.slo)}\n"
        f"  AND objective = {literal(float(one.objective))}\n"
        f"  AND window_start >= {literal(start)} AND window_end <= {literal(end)}\n"
        "ORDER BY window_end, window_start"
    )


def _where(one: Standing, column: str, start: datetime, end: datetime) -> str:
    return (
        f"environment = {literal(one.environment)} AND service = {literal(one.service)}\n"
        f"  AND slo = {literal(one.slo)}{_of_platform(one)}\n"
        f"  AND {column} >= {literal(start)} AND {column} < {literal(end)}"
    )


def _of_platform(one: Standing) -> str:
    """Samples do not name their platform; the days that they came in with do."""
    if one.kept is None or not one.kept.days:
        return ""
    platform = literal(one.kept.days[-1].platform)
    days = f"SELECT materialization FROM level_days WHERE platform = {platform}"  # noqa: S608 - literals of ours
    return f"\n  AND materialization IN ({days})"
