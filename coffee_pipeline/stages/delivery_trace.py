"""A delivery as one trace, derived from what the history recorded of it.

Ids follow from the delivery's name, so that anyone who knows it can join the trace (W3C Trace
Context), and the same delivery sent twice is the same spans. Nothing is measured anew: a delivery
does not become slower because it is traced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment, RolloutStep
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import AnalysisPhase, DeploymentOutcome, Outcome, Verdict
from coffee_pipeline.model.source import Revision

_ROOT = "delivery"
_WORDS = 1000
"""Characters of a reason that a span carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySpan:
    """One span. ``problem`` is why it counts as failed; None when it does not."""

    span_id: str
    parent_id: str | None
    name: str
    started_at: datetime
    finished_at: datetime
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """All spans of one delivery, the root first; ``committed_at`` is when its commit was made."""

    trace_id: str
    spans: Sequence[DeliverySpan]
    committed_at: datetime | None


def trace_id_of(delivery: str) -> str:
    """The trace's id: 32 hexadecimal digits of SHA-256."""
    return _digest("trace", delivery)[:32]


def span_id_of(delivery: str, key: str) -> str:
    """The id of the span ``key`` of a delivery: 16 hexadecimal digits."""
    return _digest("span", delivery, key)[:16]


def traceparent_of(delivery: str) -> str:
    """The W3C header that makes something a child of the delivery's root span."""
    return f"00-{trace_id_of(delivery)}-{span_id_of(delivery, _ROOT)}-01"


def delivery_trace(history: HistoryReader, delivery: str) -> DeliveryTrace:
    """The trace of ``delivery``: a span for it, each service, each stage, step and canary step.

    Raises:
        UsageError: the history has no stage run of it.
    """
    runs = history.records(StageRun, "delivery = ? ORDER BY started_at, step", (delivery,))
    if not runs:
        raise UsageError(f"{delivery}: the history has no delivery of this id")
    revision = history.records(Revision, "revision = ? LIMIT 1", (runs[0].revision,))
    spans = [_root(delivery, runs), *_services(delivery, runs)]
    for run in runs:
        spans.append(_step(delivery, run))
        if run.step.endswith("_deployment"):
            spans += _canary(delivery, run, history)
    committed = revision[0].committed_at if revision else None
    return DeliveryTrace(trace_id_of(delivery), spans, committed)


def _root(delivery: str, runs: Sequence[StageRun]) -> DeliverySpan:
    attributes: dict[str, str | int] = {
        "coffee.delivery": delivery,
        "coffee.platform": runs[0].platform,
        "vcs.ref.head.revision": runs[0].revision,
        "coffee.services": len({run.service for run in runs}),
    }
    return _around(
        delivery, _ROOT, None, f"deliver {runs[0].platform} {runs[0].revision[:12]}", runs,
        attributes,
    )  # fmt: skip


def _services(delivery: str, runs: Sequence[StageRun]) -> list[DeliverySpan]:
    """A span for every service, and within it one for every stage of it."""
    spans = []
    for service, own in _grouped(runs, "service"):
        about = {"coffee.service": service}
        spans.append(_around(delivery, service, _ROOT, f"deliver {service}", own, about))
        for stage, steps in _grouped(own, "stage"):
            attributes = {**about, "coffee.stage": stage}
            key = f"{service}/{stage}"
            spans.append(_around(delivery, key, service, stage, steps, attributes))
    return spans


def _around(
    delivery: str,
    key: str,
    parent: str | None,
    name: str,
    runs: Sequence[StageRun],
    attributes: Mapping[str, str | int],
) -> DeliverySpan:
    """A span from the first start to the last end of the runs; failed as the first that failed."""
    problems = (problem for run in runs if (problem := _problem(run)))
    return DeliverySpan(
        span_id=span_id_of(delivery, key),
        parent_id=span_id_of(delivery, parent) if parent else None,
        name=name,
        started_at=min(run.started_at for run in runs),
        finished_at=max(run.finished_at for run in runs),
        attributes=attributes,
        problem=next(problems, None),
    )


def _step(delivery: str, run: StageRun) -> DeliverySpan:
    attributes: dict[str, str | int] = {
        "coffee.service": run.service,
        "coffee.stage": run.stage,
        "coffee.step": run.step,
        "coffee.outcome": run.outcome,
        "coffee.verdict": run.verdict,
    }
    if run.reason:
        attributes["coffee.reason"] = run.reason[:_WORDS]
    return DeliverySpan(
        span_id=span_id_of(delivery, _key(run)),
        parent_id=span_id_of(delivery, f"{run.service}/{run.stage}"),
        name=run.step,
        started_at=run.started_at,
        finished_at=run.finished_at,
        attributes=attributes,
        problem=_problem(run),
    )


def _canary(delivery: str, run: StageRun, history: HistoryReader) -> list[DeliverySpan]:
    """Deployments that were made during a step, and the steps of canaries."""
    made = history.records(
        Deployment,
        "service = ? AND revision = ? AND started_at >= ? AND started_at <= ? ORDER BY started_at",
        (run.service, run.revision, run.started_at, run.finished_at),
    )
    spans = []
    for one in made:
        key = f"deployment/{one.deployment_id}"
        failed = one.outcome != DeploymentOutcome.SUCCEEDED.value
        spans.append(
            DeliverySpan(
                span_id=span_id_of(delivery, key),
                parent_id=span_id_of(delivery, _key(run)),
                name=f"{one.strategy} {one.environment}",
                started_at=one.started_at,
                finished_at=one.finished_at,
                attributes={
                    "coffee.service": one.service,
                    "deployment.id": one.deployment_id,
                    "deployment.environment.name": one.environment,
                    "deployment.status": one.outcome,
                    "coffee.artifact.digest": one.artifact_digest,
                    "coffee.reason": one.reason[:_WORDS],
                },
                problem=f"{one.outcome}: {one.reason}"[:_WORDS] if failed else None,
            )
        )
        steps = history.records(
            RolloutStep, "deployment_id = ? ORDER BY step", (one.deployment_id,)
        )
        spans += [_canary_step(delivery, key, step) for step in steps]
    return spans


def _canary_step(delivery: str, deployment: str, step: RolloutStep) -> DeliverySpan:
    bad = step.phase in (AnalysisPhase.FAILED.value, AnalysisPhase.ERROR.value)
    return DeliverySpan(
        span_id=span_id_of(delivery, f"{deployment}/{step.step}"),
        parent_id=span_id_of(delivery, deployment),
        name=f"canary step {step.step}",
        started_at=step.started_at,
        finished_at=step.finished_at,
        attributes={
            "coffee.service": step.service,
            "coffee.canary.weight_percent": step.weight_percent,
            "coffee.canary.phase": step.phase,
            "coffee.canary.requests": step.requests,
            "coffee.canary.lost_requests": step.lost_requests,
        },
        problem=step.reason[:_WORDS] if bad else None,
    )


def _key(run: StageRun) -> str:
    return f"{run.service}/{run.stage}/{run.step}"


def _problem(run: StageRun) -> str | None:
    if run.outcome == Outcome.FAILED.value or run.verdict == Verdict.FAILED.value:
        return f"{run.service}: {run.step}: {run.reason or 'a gate said no'}"[:_WORDS]
    return None


def _grouped(runs: Iterable[StageRun], name: str) -> list[tuple[str, list[StageRun]]]:
    groups: dict[str, list[StageRun]] = {}
    for run in runs:
        groups.setdefault(getattr(run, name), []).append(run)
    return list(groups.items())


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(("coffee-pipeline", *words)).encode()).hexdigest()
