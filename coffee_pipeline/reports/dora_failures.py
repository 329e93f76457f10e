"""The failed deployments, each with what speaks for its failure and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coffee_pipeline.dora.attribution import Attribution
from coffee_pipeline.dora.failures import Judged, succeeded
from coffee_pipeline.dora.metrics import DeliveryPerformance
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.reports.dora_sql import of_failures
from coffee_pipeline.reports.opening import Opener
from coffee_pipeline.reports.page import Cell, Section, Table, Tone
from coffee_pipeline.reports.wording import NO_DATA, duration, moment, short

MAXIMUM_ROWS = 200
"""Rows of the table: the newest; its statement gives all."""

RECORDED = "recorded"
"""Evidence of a failure that the deployment's own record says."""


def failures_section(found: DeliveryPerformance, opener: Opener) -> Section:
    """Why each failed deployment counts as failed, on what evidence, and when it was over."""
    failed = [one for one in found.deployments if one.failure is not None]
    blamed = {one.incident.incident_id: one for one in found.attributions}
    columns = ("Ended (UTC)", "Service", "Revision", "Why", "Evidence", "Confidence", "Incident",
               "Recovered in")  # fmt: skip
    return Section(
        "Failed deployments",
        text="Rolled back, failed, blamed for an incident, or undone by an operator.",
        tables=(
            Table(
                "Newest first",
                columns,
                tuple(_row(one, blamed) for one in reversed(failed[-MAXIMUM_ROWS:])),
                "none failed" if found.deployments else "no deployment in the period",
            ),
        ),
        opened=(opener.open("Failed deployments", of_failures(found, found.platform)),)
        if failed
        else (),
    )


def evidence_of(one: Judged, blamed: Mapping[str, Attribution]) -> tuple[str, float | None, str]:
    """What the failure rests on, how sure that is, and why; the surest of its incidents counts.

    The confidence is None where the incident's attribution lies outside the period.
    """
    if not succeeded(one.deployment) or not one.incidents:
        return RECORDED, 1.0, one.failure or ""
    known = [blamed[each.incident_id] for each in one.incidents if each.incident_id in blamed]
    best = max(known, key=lambda each: each.confidence, default=None)
    if best is None:
        return "incident", None, one.failure or ""
    return best.evidence.value, best.confidence, best.reason


def _row(one: Judged, blamed: Mapping[str, Attribution]) -> tuple[Cell, ...]:
    deployment = one.deployment
    incidents = ", ".join(each.incident_id for each in one.incidents)
    failure = one.failure or ""
    # The pipeline's own incidents carry the reason in their title: it is said once.
    titles = "; ".join(each.title for each in one.incidents if failure not in each.title)
    evidence, confidence, reason = evidence_of(one, blamed)
    return (
        Cell(moment(deployment.finished_at)),
        Cell(deployment.service),
        Cell(short(deployment.revision)),
        Cell(failure),
        Cell(evidence, detail="" if reason == failure else reason),
        Cell(NO_DATA if confidence is None else f"{confidence:.1f}", number=True),
        Cell(incidents or "none recorded", Tone.NEUTRAL if incidents else Tone.MUTED, titles),
        _recovery(one.incidents),
    )


def _recovery(incidents: Sequence[Incident]) -> Cell:
    if not incidents:
        return Cell(NO_DATA, Tone.MUTED, number=True)
    ends = [one.resolved_at for one in incidents if one.resolved_at is not None]
    if len(ends) < len(incidents):
        return Cell("still open", Tone.BAD, number=True)
    opened = min(one.opened_at for one in incidents)
    seconds = (max(ends) - opened).total_seconds()
    return Cell(duration(seconds) if seconds >= 0 else NO_DATA, number=True)
