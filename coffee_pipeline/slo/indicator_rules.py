"""The error ratio of an SLO over a window, as PromQL, for every method and kind of indicator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from coffee_pipeline.slo.alert_windows import duration, number
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.openslo_schema import Objective
from coffee_pipeline.slo.promql import UnsupportedQueryError, refuse_fixed_ranges, windowed
from coffee_pipeline.slo.query_kinds import reads_metrics
from coffee_pipeline.slo.query_windows import fill, has_window

RATIO = "slo:sli_error:ratio_rate"
ERRORS = "slo:sli_error_events:rate5m"
EVENTS = "slo:sli_events:rate5m"
KNOWN_RATIO = "slo:sli_known_error:ratio_rate5m"
SLICE_RATIO = "slo:sli_slice_error:ratio"
BAD_SLICE = "slo:sli_bad_slice:bool"
BASE = timedelta(minutes=5)
"""The window whose ratio and events the period adds up."""

_INVERSE = {"lt": ">=", "lte": ">", "gt": "<=", "gte": "<"}
"""What makes a value bad, by the operator that makes it good."""

_THRESHOLD_SLICE = timedelta(minutes=1)


@dataclass(frozen=True)
class Recorded:
    """A recording rule without its labels; ``window`` is the length its value looks back over."""

    name: str
    expression: str
    window: timedelta


@dataclass(frozen=True)
class Ratios:
    """The error ratios of one objective; ``selector`` picks the SLO's own recorded series."""

    slo: Slo
    objective: Objective
    selector: str
    period: timedelta

    def support(self) -> Iterator[Recorded]:
        """What the ratios are made of, to be recorded before them."""
        if self._sliced:
            yield from self._slices()
            return
        # NaN would spoil every sum it is in: such a moment counts neither way.
        if self._counted:
            error, total = self._errors(BASE), self._total(BASE)
            yield Recorded(ERRORS, f"({error}) >= 0\n", BASE)
            yield Recorded(EVENTS, f"({total})\nunless\n(({error}) != ({error}))\n", BASE)
        else:
            yield Recorded(KNOWN_RATIO, f"({self._direct(BASE)}) >= 0\n", BASE)

    def over(self, window: timedelta) -> Recorded:
        """The error ratio over ``window``."""
        return Recorded(f"{RATIO}{duration(window)}", self._ratio(window), window)

    @property
    def _sliced(self) -> bool:
        return self.slo.budgeting_method != "Occurrences" or self.slo.threshold is not None

    @property
    def _counted(self) -> bool:
        """Whether total is a number of events: ``vector(1)`` and MetricsQL's shares are not."""
        slo = self.slo
        return slo.total is not None and slo.dialect == "PromQL" and reads_metrics(slo.total)

    @property
    def _slice(self) -> timedelta:
        return self.objective.time_slice_window or _THRESHOLD_SLICE

    def _ratio(self, window: timedelta) -> str:
        if self._sliced:
            length = duration(max(window, self._slice))
            step = duration(self._slice)
            name = SLICE_RATIO if self.slo.budgeting_method == "RatioTimeslices" else BAD_SLICE
            return f"avg_over_time({name}{self.selector}[{length}:{step}])\n"
        if window < self.period:
            return self._direct(window)
        if self._counted:
            length = duration(window)
            return (
                f"sum_over_time({ERRORS}{self.selector}[{length}])\n/\n"
                f"sum_over_time({EVENTS}{self.selector}[{length}])\n"
            )
        series = f"{KNOWN_RATIO}{self.selector}[{duration(window)}]"
        return f"sum_over_time({series})\n/\ncount_over_time({series})\n"

    def _direct(self, window: timedelta) -> str:
        """The ratio over the window, from the metrics themselves."""
        if self.slo.error_ratio is not None:
            return f"({_over(self.slo, self.slo.error_ratio, window, 'avg_over_time')})\n"
        return f"({self._errors(window)})\n/\n({self._total(window)})\n"

    def _errors(self, window: timedelta) -> str:
        if self.slo.bad is not None:
            return _over(self.slo, self.slo.bad, window, "sum_over_time")
        total = self._total(window)
        good = _over(self.slo, self.slo.good or "", window, "sum_over_time")
        # No good series while there are events is an outage, not missing data.
        return f"({total}) - (({good}) or ({total}) * 0)"

    def _total(self, window: timedelta) -> str:
        return _over(self.slo, self.slo.total or "", window, "sum_over_time")

    def _slices(self) -> Iterator[Recorded]:
        width = self._slice
        if self.slo.threshold is not None:
            objective = self.objective
            assert objective.op is not None
            assert objective.value is not None
            query = fill(self.slo.threshold.strip(), duration(width))
            bad = f"{_INVERSE[objective.op]} bool {number(Fraction(objective.value))}"
            # A comparison with bool makes 0 of NaN, which would pass for good.
            yield Recorded(BAD_SLICE, f"(({query}) >= -Inf) {bad}\n", width)
            if self.slo.budgeting_method == "RatioTimeslices":
                yield Recorded(SLICE_RATIO, f"{BAD_SLICE}{self.selector}\n", width)
            return
        yield Recorded(SLICE_RATIO, f"({self._direct(width)}) >= 0\n", width)
        if self.slo.budgeting_method == "Timeslices":
            allowed = 1 - Fraction(self.objective.time_slice_target or 0)
            yield Recorded(
                BAD_SLICE, f"{SLICE_RATIO}{self.selector} > bool {number(allowed)}\n", width
            )


def _over(slo: Slo, query: str, window: timedelta, function: str) -> str:
    """The query over the window; one that holds no window is summed or averaged over it."""
    length = duration(window)
    if has_window(query):
        return fill(query, length)
    text = query.strip()
    if slo.counter:
        return windowed(text, window, counter=True)
    if slo.dialect == "PromQL":
        refuse_fixed_ranges(text)
    elif "[" in text:
        raise UnsupportedQueryError(f"a fixed range: write [{{{{.window}}}}] instead: {text}")
    return f"{function}(({text})[{length}:])"
