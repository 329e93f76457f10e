"""Sections of the SLO report on the two ways of counting, and on what is to come."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from coffee_pipeline.reports.opening import Opener
from coffee_pipeline.reports.page import Cell, Section, Table, Tone
from coffee_pipeline.reports.slo_sql import of_days, of_period
from coffee_pipeline.reports.slo_standing import Standing
from coffee_pipeline.reports.wording import (
    NO_DATA,
    burn_rate,
    count,
    duration,
    percent,
    plural,
    share,
)
from coffee_pipeline.slo.alert_windows import seconds
from coffee_pipeline.slo.forecast import CONFIDENCE, Forecast
from coffee_pipeline.slo.methods import Attained
from coffee_pipeline.slo.objective_status import NOT_BEFORE_RESET, ObjectiveStatus

_MISSING = Cell(NO_DATA, Tone.MUTED, number=True)
_DAY = 86_400


def methods_section(found: Sequence[Standing], opener: Opener) -> tuple[Section, ...]:
    """Both ways of counting, with a remark where one is overdrawn and the other is not."""
    kept = [(one, one.kept.status) for one in found if one.kept is not None]
    if not kept:
        return ()
    rows = tuple(_methods_row(one, status) for one, status in kept)
    opened = tuple((opener.open("Rows of the headline", of_period(one)),) for one, _ in kept)
    differing = [one.slo for one, status in kept if status.disagree]
    columns = ("SLO", "Headline", "Attained", "Budget left", "Beside it", "Attained so",
               "Budget left so", "Remark")  # fmt: skip
    said = (
        f"They disagree in sign for {', '.join(differing)}: a few bad minutes with much traffic, "
        "or many bad minutes with little, weigh differently. The method declared decides."
        if differing
        else "They agree in sign everywhere."
    )
    return (
        Section(
            "Two ways of counting",
            text=f"The method that the SLO declares is the headline. {said}",
            tables=(Table("By events and by slices", columns, rows, opened=opened),),
        ),
    )


def _methods_row(one: Standing, status: ObjectiveStatus) -> tuple[Cell, ...]:
    remark = Cell("they disagree in sign", Tone.WARNING) if status.disagree else Cell("")
    return (
        Cell(one.slo, detail=one.service),
        *_method_cells(status.headline),
        *_method_cells(status.other),
        remark,
    )


def _method_cells(found: Attained) -> tuple[Cell, ...]:
    name = Cell(found.method)
    if found.ratio is None:
        return (name, Cell(NO_DATA, Tone.MUTED, found.reason or "", number=True), _MISSING)
    left = found.budget_left
    bad = found.total - found.good
    tone = Tone.BAD if left is not None and left < 0 else Tone.NEUTRAL
    detail = f"{count(bad)} of {count(found.total)} {found.unit} bad"
    return (
        name,
        Cell(percent(found.ratio, 3), detail=detail, number=True),
        Cell(percent(left, 1), tone, number=True),
    )


def outlook_section(found: Sequence[Standing], opener: Opener) -> tuple[Section, ...]:
    """Time to exhaustion, forecast and the budget policy of every objective kept by days."""
    kept = [(one, one.kept.status) for one in found if one.kept is not None]
    if not kept:
        return ()
    rows = tuple(_outlook_row(one, status) for one, status in kept)
    opened = tuple(
        (opener.open("Days behind the forecast", of_days(one, one.start, one.now)),)
        for one, _ in kept
    )
    columns = ("SLO", "Burn rate", "Exhausted in", "Expected left", "80 % of cases", "Earliest",
               "Budget policy")  # fmt: skip
    assert round(CONFIDENCE * 100) == 80
    return (
        Section(
            "What is to come",
            text=(
                "Exhausted in: at the burn rate of the last hours. Expected left: from how fast "
                "the budget burnt on each day lately, with the interval that holds in four cases "
                "of five. Earliest: exhaustion at the upper end of the mean burn rate."
            ),
            tables=(Table("Exhaustion, forecast and policy", columns, rows, opened=opened),),
        ),
    )


def _outlook_row(one: Standing, status: ObjectiveStatus) -> tuple[Cell, ...]:
    return (
        Cell(one.slo, detail=one.service),
        _rate(status.headline.burn_rate),
        _exhaustion(status),
        *_forecast(status.forecast),
        _policy(status),
    )


def _rate(rate: Fraction | None) -> Cell:
    if rate is None:
        return _MISSING
    return Cell(burn_rate(rate), Tone.BAD if rate > 1 else Tone.NEUTRAL, "of the period", True)


def _exhaustion(status: ObjectiveStatus) -> Cell:
    reason = status.exhaustion_reason or ""
    if status.exhausted_in is None:
        if status.headline.budget_left is None or reason.startswith(NO_DATA):
            return Cell(NO_DATA, Tone.MUTED, reason, True)
        lasts = reason.startswith(NOT_BEFORE_RESET)
        return Cell(NOT_BEFORE_RESET if lasts else "not in sight", Tone.MUTED, reason, True)
    left = seconds(status.exhausted_in)
    if not left:
        return Cell("exhausted", Tone.BAD, reason, True)
    tone = Tone.WARNING if left < 3 * _DAY else Tone.NEUTRAL
    return Cell(duration(left), tone, reason, True)


def _forecast(found: Forecast) -> tuple[Cell, Cell, Cell]:
    if found.expected is None or found.low is None or found.high is None:
        why = Cell(NO_DATA, Tone.MUTED, found.reason or "", number=True)
        return why, _MISSING, _MISSING
    tone = Tone.BAD if found.expected < 0 else Tone.NEUTRAL
    ahead = f"in {found.horizon:.3g} days, from {plural(found.days, 'day')}"
    earliest = found.exhausted_earliest
    never = "not before the reset" if found.resets else "never"
    when = never if earliest is None else duration(earliest * _DAY)
    return (
        Cell(percent(found.expected, 0), tone, ahead, True),
        Cell(f"{percent(found.low, 0)} to {percent(found.high, 0)}", number=True),
        Cell("exhausted" if earliest == 0 else when, number=True),
    )


def _policy(status: ObjectiveStatus) -> Cell:
    left = status.headline.budget_left
    if left is None:
        return Cell(NO_DATA, Tone.MUTED)
    used = f"{share(max(1 - left, Fraction(0)))} used"
    if status.policy is None:
        return Cell("none due", Tone.MUTED, used)
    tone = Tone.BAD if status.policy.action == "freeze" else Tone.WARNING
    return Cell(status.policy.action, tone, f"{used}, due from {share(status.policy.used)}")
