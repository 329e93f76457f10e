"""What the measurements of one metric add up to, and what the metrics of a step add up to.

The rules are those of Argo Rollouts' analysis controller (``assessMetricStatus``): a limit is the
number that is still tolerated, an error outweighs an inconclusive answer, which outweighs a
failure, and a metric without a count runs until a limit or its success limit is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from coffee_pipeline.model.deployment import Measurement
from coffee_pipeline.model.outcome import AnalysisPhase

DEFAULT_CONSECUTIVE_ERROR_LIMIT = 4
"""Argo Rollouts' default."""

_SEVERITY = (
    AnalysisPhase.RUNNING,
    AnalysisPhase.SUCCESSFUL,
    AnalysisPhase.INCONCLUSIVE,
    AnalysisPhase.ERROR,
    AnalysisPhase.FAILED,
)
"""From the best to the worst phase, in Argo Rollouts' order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a metric tolerates. ``failure_limit`` -1 tolerates any number of failures.

    ``count`` measurements are taken; None with ``repeats`` means without end, None without it one.
    ``consecutive_success_limit`` None or 0: not used.
    """

    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = DEFAULT_CONSECUTIVE_ERROR_LIMIT
    consecutive_success_limit: int | None = None
    count: int | None = None
    repeats: bool = False

    @property
    def effective_count(self) -> int | None:
        """The number of measurements after which the metric is complete."""
        if self.count:
            return self.count
        return None if self.repeats else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The measurements of one metric so far, counted."""

    failed: int = 0
    successful: int = 0
    inconclusive: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    measured: int = 0


class Pending(StrEnum):
    """The one answer that is no phase of a record: nothing was measured yet."""

    PENDING = "Pending"


def tally(phases: Iterable[str]) -> Tally:
    """Count the phases of a metric's measurements, oldest first.

    An error is no answer: it is not counted in ``measured`` and ends a run of successes.
    """
    failed = successful = inconclusive = errors = successes = measured = 0
    for phase in phases:
        errors = errors + 1 if phase == AnalysisPhase.ERROR else 0
        successes = successes + 1 if phase == AnalysisPhase.SUCCESSFUL else 0
        failed += phase == AnalysisPhase.FAILED
        successful += phase == AnalysisPhase.SUCCESSFUL
        inconclusive += phase == AnalysisPhase.INCONCLUSIVE
        measured += phase != AnalysisPhase.ERROR
    return Tally(
        failed=failed,
        successful=successful,
        inconclusive=inconclusive,
        consecutive_error=errors,
        consecutive_success=successes,
        measured=measured,
    )


def assess(
    limits: Limits, counts: Tally, *, in_flight: bool = False, terminating: bool = False
) -> AnalysisPhase | Pending:
    """The phase of one metric after its measurements so far.

    ``in_flight``: the last measurement is still being taken. ``terminating``: the analysis is
    told to stop; what was not refused by then is a success.
    """
    if not (counts.measured or counts.consecutive_error or in_flight):
        return AnalysisPhase.SUCCESSFUL if terminating else Pending.PENDING
    if in_flight:
        return AnalysisPhase.RUNNING
    broken = _broken_limit(limits, counts)
    if broken is not None:
        return broken
    wanted = limits.consecutive_success_limit or 0
    if wanted and counts.consecutive_success >= wanted:
        return AnalysisPhase.SUCCESSFUL
    count = limits.effective_count
    if count is not None and counts.measured >= count:
        return _at_the_end(limits)
    return AnalysisPhase.SUCCESSFUL if terminating else AnalysisPhase.RUNNING


def _broken_limit(limits: Limits, counts: Tally) -> AnalysisPhase | None:
    if counts.consecutive_error > limits.consecutive_error_limit:
        return AnalysisPhase.ERROR
    if counts.inconclusive > limits.inconclusive_limit:
        return AnalysisPhase.INCONCLUSIVE
    if 0 <= limits.failure_limit < counts.failed:
        return AnalysisPhase.FAILED
    return None


def _at_the_end(limits: Limits) -> AnalysisPhase:
    """All measurements are taken and no limit was broken, nor the wanted successes reached."""
    if not limits.consecutive_success_limit:
        return AnalysisPhase.SUCCESSFUL
    return AnalysisPhase.FAILED if limits.failure_limit < 0 else AnalysisPhase.INCONCLUSIVE


def step_limits(inconclusive_limit: int) -> Limits:
    """The limits of a canary step: no failure, one success ends it, so many tries may be unclear.

    An error (nothing could be measured) is repeated as often as an inconclusive answer.
    """
    return Limits(
        failure_limit=0,
        inconclusive_limit=inconclusive_limit,
        consecutive_error_limit=inconclusive_limit,
        consecutive_success_limit=1,
        repeats=True,
    )


def worst(phases: Iterable[str]) -> AnalysisPhase:
    """The worst of several phases; of none, ``Error``: nothing measured is no success."""
    known = [AnalysisPhase(phase) for phase in phases]
    return max(known, key=_SEVERITY.index, default=AnalysisPhase.ERROR)


def summary(measurements: Sequence[Measurement]) -> tuple[AnalysisPhase, str]:
    """The phase of one analysis run, and the reasons of the metrics that made it so."""
    phase = worst(measurement.phase for measurement in measurements)
    told = [f"{m.metric}: {m.reason}" for m in measurements if m.phase == phase]
    if phase is AnalysisPhase.SUCCESSFUL:
        return phase, f"{len(measurements)} metrics within their limits"
    return phase, "; ".join(told) or "nothing was measured"
