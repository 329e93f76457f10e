"""The security sweep: what runs in production and the repository's head against today's databases.

What runs is looked at as it is - the stored binary, by its digest, and its image - and nothing is
built again. One scanner that fails stops no other; those that failed are tried once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from coffee_pipeline.errors import PipelineError, ToolError
from coffee_pipeline.model.build import Artifact
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.model.sweep import Sweep, SweepScan
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages import repository_scan
from coffee_pipeline.stages.artifacts import artifact_path
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.scan import GARBAGE_COLLECTION, image_target, scan_module
from coffee_pipeline.stages.scanner import REQUIRED_TOOLS, chosen, scan
from coffee_pipeline.stages.triage import triage
from coffee_pipeline.tools import govulncheck, trivy
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.registry import MODULE_SCANNERS
from coffee_pipeline.tools.vulndb import database_url

ATTEMPTS = 2
"""How often a scan that failed is tried in one sweep."""


def sweep(context: StageContext, sweep_id: str) -> list[Evidence]:
    """Every scan of the sweep, each as evidence of its own, and last the sweep's record.

    ``sweep_id`` makes the keys of the scans: carried out again, a sweep replaces itself.
    """
    started_at = datetime.now(UTC)
    evidence = _all(context, sweep_id)
    attempts = 1
    if any(one.outcome is Outcome.FAILED for one in evidence):
        attempts = ATTEMPTS
        again = _all(replace(context, delivery=f"{context.delivery}/2"), sweep_id)
        evidence = [_better(*pair) for pair in zip(evidence, again, strict=True)]
    decided, problem = _triage(context)
    record, scans = _record(context, sweep_id, evidence, attempts, started_at)
    if problem:
        words = "; ".join(filter(None, (problem, record.reason)))
        record = replace(record, outcome=Outcome.PARTIAL.value, reason=words)
    context.report(f"sweep {sweep_id}: {record.completed} of {record.scans} scans answered")
    whole = Evidence(
        materialization=f"sweep/{sweep_id}",
        outcome=Outcome(record.outcome),
        reason=record.reason,
        records=(record, *scans),
    )
    return [*evidence, *decided, whole]


def _triage(context: StageContext) -> tuple[list[Evidence], str | None]:
    """Today's decisions; where they cannot be read, those read before stay, and that is told."""
    try:
        return triage(context), None
    except PipelineError as error:
        return [], f"decisions about findings could not be read: {error}"


def _better(first: Evidence, second: Evidence) -> Evidence:
    return second if first.outcome is Outcome.FAILED else first


def _all(context: StageContext, sweep_id: str) -> list[Evidence]:
    platform = context.platform
    found = [
        scan_module(context, module.path, tool).evidence
        for module in platform.modules
        for tool in MODULE_SCANNERS
        if chosen(platform, tool)
    ]
    for step in repository_scan.TOOLS:
        found += repository_scan.repository_scan(context, step)
    for service, deployment in in_production(context):
        found += _running(context, service, deployment)
    return [_of_sweep(one, sweep_id) for one in found]


def _of_sweep(evidence: Evidence, sweep_id: str) -> Evidence:
    """The evidence under a key of the sweep: a scan of the same revision on another day is news."""
    return replace(evidence, materialization=f"{evidence.materialization}/{sweep_id}")


def in_production(context: StageContext) -> list[tuple[Service, Deployment]]:
    """What runs in the last environment: the last deployment of each service that succeeded."""
    context.history.refresh()
    environment = context.platform.rollout.environments[-1]
    rows = context.history.records(
        Deployment,
        "environment = ? AND outcome = ? ORDER BY finished_at",
        (environment, DeploymentOutcome.SUCCEEDED.value),
    )
    last = {row.service: row for row in rows}
    return [(s, last[s.name]) for s in context.platform.services if s.name in last]


def _running(context: StageContext, service: Service, deployment: Deployment) -> list[Evidence]:
    """What looks at the binary and the image of a running release."""
    scans = [_binary_scan(context, service, deployment)]
    if chosen(context.platform, trivy.NAME):
        scans.append(_image_scan(context, service, deployment))
    return scans


def _binary_scan(context: StageContext, service: Service, deployment: Deployment) -> Evidence:
    scope = f"{deployment.environment}:{service.name}"
    nowhere = Target(
        checkout=context.home.artifacts,
        module=".",
        revision=deployment.revision,
        scope=scope,
        service=service.name,
        seen_in=deployment.environment,
    )

    def target() -> Target:
        artifact = _artifact(context, "binary", service, deployment)
        path = artifact_path(context.home, artifact.path)
        return replace(
            nowhere,
            packages=(str(path),),
            timeout_seconds=context.platform.go.scan_timeout_seconds,
            environment={**context.toolbox.go_environment(), **GARBAGE_COLLECTION},
            settings={
                "vulndb": database_url(context.platform.vulndb, context.base),
                govulncheck.MODE: govulncheck.BINARY,
            },
        )

    key = f"scan/{govulncheck.NAME}/{scope}@{deployment.revision}"
    return scan(context, govulncheck, key, target, nowhere)


def _image_scan(context: StageContext, service: Service, deployment: Deployment) -> Evidence:
    nowhere = image_target(context, service.name, seen_in=deployment.environment)

    def target() -> Target:
        image = _artifact(context, "image", service, deployment)
        return image_target(context, service.name, image, seen_in=deployment.environment)

    key = f"scan/{trivy.NAME}/{nowhere.scope_name}@{deployment.revision}"
    return scan(context, trivy, key, target, nowhere)


def _artifact(
    context: StageContext, kind: str, service: Service, deployment: Deployment
) -> Artifact:
    where = "service = ? and revision = ? and kind = ?"
    found = context.history.records(Artifact, where, (service.name, deployment.revision, kind))
    if not found or not artifact_path(context.home, found[-1].path).exists():
        raise ToolError(
            f"{service.name}: the {kind} of {deployment.revision[:12]}, which runs in "
            f"{deployment.environment}, is not stored (any more); deliver it again"
        )
    return found[-1]


def _record(
    context: StageContext,
    sweep_id: str,
    evidence: Sequence[Evidence],
    attempts: int,
    started_at: datetime,
) -> tuple[Sweep, list[SweepScan]]:
    now = datetime.now(UTC)
    scans = [
        _sweep_scan(sweep_id, one.materialization, record, now)
        for one in evidence
        for record in one.records
        if isinstance(record, Scan)
    ]
    completed = sum(one.outcome == Outcome.COMPLETED for one in scans)
    before = context.history.records(
        Sweep,
        "platform = ? AND sweep_id <> ? ORDER BY started_at",
        (context.platform.name, sweep_id),
    )
    missing = [one for one in scans if one.outcome != Outcome.COMPLETED and _expected(one, context)]
    previous = before[-1].completed if before else None
    return Sweep(
        sweep_id=sweep_id,
        platform=context.platform.name,
        revision=context.revision,
        outcome=(Outcome.PARTIAL if missing else Outcome.COMPLETED).value,
        reason=_reason(missing, completed, previous),
        scans=len(scans),
        completed=completed,
        previous_completed=previous,
        attempts=attempts,
        started_at=started_at,
        finished_at=now,
    ), scans


def _expected(one: SweepScan, context: StageContext) -> bool:
    """Whether an answer was owed: of a required scanner, a named one, or one that was run."""
    named = context.platform.security.scanners or ()
    return one.tool in (*REQUIRED_TOOLS, *named) or one.outcome != Outcome.NOT_RUN


def _reason(missing: Sequence[SweepScan], completed: int, previous: int | None) -> str | None:
    words = [f"{one.tool} of {one.scope} {one.outcome}: {one.reason}" for one in missing[:5]]
    words += [f"and {len(missing) - 5} more"] if len(missing) > 5 else []
    if previous is not None and completed < previous:
        words.insert(0, f"covered less than the sweep before: {completed} scans, {previous} then")
    return "; ".join(words) or None


def _sweep_scan(sweep_id: str, key: str, scan_record: Scan, now: datetime) -> SweepScan:
    age = now - scan_record.database_date if scan_record.database_date else None
    return SweepScan(
        sweep_id=sweep_id,
        materialization_of_scan=key,
        tool=scan_record.tool,
        tool_version=scan_record.tool_version,
        scope=scan_record.scope,
        service=scan_record.service,
        environment=scan_record.environment,
        outcome=scan_record.outcome,
        reason=scan_record.reason,
        findings=scan_record.findings,
        database_date=scan_record.database_date,
        database_age_days=round(age.total_seconds() / 86400, 3) if age else None,
    )
