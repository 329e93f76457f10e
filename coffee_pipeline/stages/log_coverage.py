"""Whether what a service logs can be searched and joined with its traces, as evidence."""

from __future__ import annotations

from datetime import UTC, datetime

from coffee_pipeline.model.metrics import LogCoverage
from coffee_pipeline.model.observability import ObservabilityCheck
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.observability.coverage import Kind
from coffee_pipeline.platform.description import Service
from coffee_pipeline.rollout.releases import Running
from coffee_pipeline.rollout.service_log import LogCount, count_lines
from coffee_pipeline.rollout.waiting import until
from coffee_pipeline.stages.context import StageContext

STRUCTURED_GOAL = 0.95
"""Share of the lines, as for traced requests: a runtime's own last words are not structured."""

LINE_SECONDS = 2.0
"""How long the line of a request may take to be written: loggers buffer."""


def log_coverage(
    context: StageContext, service: Service, running: Running, environment: str, trace: str | None
) -> LogCoverage:
    """What ``running`` logged; ``trace`` is the id of a request that it was sent, None for none."""

    def counted(count: LogCount | None, outcome: Outcome, reason: str | None) -> LogCoverage:
        return LogCoverage(
            service=service.name,
            revision=context.revision,
            environment=environment,
            lines=count.lines if count else None,
            structured=count.structured if count else None,
            with_trace_id=count.with_trace_id if count else None,
            traced_request_logged=count.traced if count and trace else None,
            observed_at=datetime.now(UTC),
            outcome=outcome.value,
            reason=reason,
        )

    def look() -> LogCount | None:
        found = count_lines(running.log, running.log_offset, trace)
        return found if found.traced or trace is None else None

    try:
        count = until(look, LINE_SECONDS, every=0.1)
        count = count or count_lines(running.log, running.log_offset, trace)
    except OSError as error:
        return counted(None, Outcome.NOT_RUN, f"{running.log}: cannot be read ({error.strerror})")
    if not count.lines:
        return counted(count, Outcome.PARTIAL, "the service wrote no line since it was started")
    if count.cut:
        return counted(count, Outcome.PARTIAL, "only the end of the log was looked at")
    return counted(count, Outcome.COMPLETED, None)


def log_checks(found: LogCoverage, observed_at: datetime) -> list[ObservabilityCheck]:
    """The two answers of :func:`log_coverage`: structured, and with trace ids.

    Where only a part of the log was looked at, enough structured lines in it are no pass.
    ``observed_at`` is that of the service's other checks: those of one time are one look at it.
    """
    structured: bool | None = None
    why = found.reason
    if found.lines:
        structured = (found.structured or 0) / found.lines > STRUCTURED_GOAL
        why = None if structured else (
            f"{found.structured} of {found.lines} lines are JSON or logfmt with a message and a "
            f"level or time; more than {STRUCTURED_GOAL:.0%} are wanted"
        )  # fmt: skip
        if structured and found.outcome != Outcome.COMPLETED.value:
            structured, why = None, found.reason
    traced = found.traced_request_logged
    no_trace = {
        True: None,
        False: "a request with a trace id left no line with it",
        None: found.reason or "no request with a trace id could be sent",
    }[traced]
    return [
        ObservabilityCheck(
            service=found.service,
            revision=found.revision,
            kind=kind.value,
            subject=found.service,
            passed=passed,
            reason=reason,
            observed_at=observed_at,
        )
        for kind, passed, reason in (
            (Kind.STRUCTURED_LOGS, structured, why),
            (Kind.TRACE_IDS_IN_LOGS, traced, no_trace),
        )
    ]
