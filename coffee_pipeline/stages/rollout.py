"""The rollout stage: a release into an environment, directly or as a measured canary."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from coffee_pipeline.errors import ConfigurationError, EnvironmentFailedError, ToolError
from coffee_pipeline.model.build import Artifact
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.platform.description import Service
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.rollout.releases import Claim, Release, ServiceStatus
from coffee_pipeline.rollout.waiting import until
from coffee_pipeline.slo import specifications
from coffee_pipeline.slo.selection import series_of
from coffee_pipeline.stages.artifacts import artifact_path
from coffee_pipeline.stages.canary import Canary, CanaryEnd, one_canary_at_a_time
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.load import LoadResult, attack
from coffee_pipeline.stages.metric_source import await_first_scrape

SMOKE_REQUESTS_PER_SECOND = 5
SMOKE_SECONDS = 2.0
"""A release that is deployed directly gets a few requests: enough to see it answer and be seen in
its metrics, not a test of its behaviour under load."""

CALLED_SERVICES_SECONDS = 120.0
"""How long a first release waits for services it calls: they may be on their way in runs beside."""


def deploy(context: StageContext, service: Service, environment: str) -> Evidence:
    """Put the service's binary of the context's revision into an environment.

    Production with a running stable version gets a canary; everything else is deployed directly.
    The release that runs already is left alone.

    Raises:
        EnvironmentFailedError: the environment cannot be reached or changed.
    """
    missing = _cannot_run(service)
    if missing:
        return _not_run(context, service, environment, missing)
    try:
        release = release_of(context, service)
    except (ToolError, ConfigurationError) as error:
        return _not_run(context, service, environment, str(error))
    with EnvironmentClient(context.home) as client:
        before = client.service(environment, service.name)
        leftovers = abandoned_records(client)
        if _runs_already(before, release):
            reason = f"{release.revision[:12]} runs in {environment} already"
            return _evidence(context, service, environment, None, leftovers, reason)
        claim = new_claim(release, environment, _strategy(context, environment, before), before)
        client.claim(claim)
        try:
            records = _deploy(context, service, client, claim, release, before)
        finally:
            client.finish()
    made = [record for record in records if isinstance(record, Deployment)]
    context.report(f"{service.name}: {environment}: {made[-1].outcome}: {made[-1].reason}")
    return _evidence(context, service, environment, claim, (*leftovers, *records), made[-1].reason)


def release_of(context: StageContext, service: Service) -> Release:
    """What would be deployed: the binary the history has for this revision.

    Raises:
        ToolError: there is no binary, or its file is gone.
        ConfigurationError: an SLO file of the service is broken.
    """
    context.history.refresh()
    where = "service = ? and revision = ? and kind = 'binary'"
    found = context.history.records(Artifact, where, (service.name, context.revision))
    if not found:
        raise ToolError(f"{service.name}: no binary of {context.revision[:12]}; build it first")
    path = artifact_path(context.home, found[-1].path)
    if not path.is_file():
        raise ToolError(f"{path}: the binary is gone; build {service.name} again")
    slos = specifications.read(
        [context.checkout() / file for file in service.slos], context.checkout()
    )
    assert service.run is not None
    return Release(
        service=service.name,
        revision=context.revision,
        digest=found[-1].digest,
        binary=path,
        run=service.run,
        series=series_of(slos),
    )


def new_claim(
    release: Release,
    environment: str,
    strategy: str,
    before: ServiceStatus,
    cause: str = "delivery",
) -> Claim:
    """A deployment about to begin; its id sorts by time."""
    now = datetime.now(UTC)
    return Claim(
        deployment_id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(2)}",
        service=release.service,
        environment=environment,
        revision=release.revision,
        artifact_digest=release.digest,
        strategy=strategy,
        cause=cause,
        previous_revision=before.stable.release.revision if before.stable else None,
        started_at=now,
    )


def deployment(claim: Claim, outcome: DeploymentOutcome, reason: str) -> Deployment:
    """The record of a deployment that ended now."""
    return Deployment(
        **{
            name: getattr(claim, name)
            for name in (
                "deployment_id", "service", "environment", "revision", "artifact_digest",
                "strategy", "cause", "previous_revision", "started_at",
            )
        },
        finished_at=datetime.now(UTC),
        outcome=outcome.value,
        reason=reason,
    )  # fmt: skip


def incident(
    claim: Claim, title: str, opened_at: datetime, resolved_at: datetime | None
) -> Incident:
    """The incident that a deployment caused."""
    return Incident(
        incident_id=f"incident-{claim.deployment_id}",
        service=claim.service,
        environment=claim.environment,
        revision=claim.revision,
        deployment_id=claim.deployment_id,
        title=title[:300],
        severity="high",
        source="rollout",
        opened_at=opened_at,
        resolved_at=resolved_at,
    )


def abandoned_records(client: EnvironmentClient) -> tuple[Record, ...]:
    """Records of deployments whose run was killed; the owner has put the traffic back since."""
    records: list[Record] = []
    for one in client.abandoned():
        reason = "its run went away in the middle; stable has all the traffic again"
        ended = deployment(one.claim, DeploymentOutcome.ROLLED_BACK, reason)
        records.append(ended)
        records.append(incident(one.claim, reason, one.claim.started_at, one.ended_at))
    return tuple(records)


def _runs_already(before: ServiceStatus, release: Release) -> bool:
    running = before.stable
    if running is None or running.problem:
        return False
    return (running.release.digest, running.release.revision) == (release.digest, release.revision)


def _strategy(context: StageContext, environment: str, before: ServiceStatus) -> str:
    if before.stable is None:
        return "initial"
    production = context.platform.rollout.environments[-1]
    return "canary" if environment == production and not before.stable.problem else "direct"


def _deploy(
    context: StageContext,
    service: Service,
    client: EnvironmentClient,
    claim: Claim,
    release: Release,
    before: ServiceStatus,
) -> Sequence[Record]:
    try:
        context.toolbox.locate("vegeta")
    except ToolError as error:
        # Without load there is nothing to measure, and without measurement nothing to promote.
        reason = f"the release was not started: {error}"
        return (deployment(claim, DeploymentOutcome.FAILED, reason),)
    if claim.strategy != "canary":
        return _directly(context, service, client, claim, release, before)
    with one_canary_at_a_time(context, service, claim.environment):
        end = Canary(context, service, client, claim, release, before.url).run()
    return (*end.records, *_canary_outcome(claim, end))


def _canary_outcome(claim: Claim, end: CanaryEnd) -> Sequence[Record]:
    if end.promoted:
        return (deployment(claim, DeploymentOutcome.SUCCEEDED, end.reason),)
    ended = deployment(claim, DeploymentOutcome.ROLLED_BACK, end.reason)
    if end.hurt_since is None:
        return (ended,)
    title = f"{claim.service} {claim.revision[:12]}: {end.reason}"
    return (ended, incident(claim, title, end.hurt_since, end.recovered_at))


def _directly(
    context: StageContext,
    service: Service,
    client: EnvironmentClient,
    claim: Claim,
    release: Release,
    before: ServiceStatus,
) -> Sequence[Record]:
    came: str | None = None
    try:
        client.start(claim.environment, release, "stable")
        await_first_scrape(context, client, claim.environment, release)
        result = _first_requests(context, service, before)
        if result.failed and claim.strategy == "initial":
            came = _await_called(context, client, claim.environment, service)
            result = _first_requests(context, service, before)
    except (EnvironmentFailedError, ToolError) as error:
        return (deployment(claim, DeploymentOutcome.FAILED, str(error)),)
    if result.failed:
        absent = "" if came is None else f"; {came}"
        reason = f"{result.failed} of {result.requests} first requests failed{absent}"
        return (deployment(claim, DeploymentOutcome.FAILED, reason),)
    reason = f"ready, {result.requests} first requests answered"
    return (deployment(claim, DeploymentOutcome.SUCCEEDED, reason),)


def _first_requests(context: StageContext, service: Service, before: ServiceStatus) -> LoadResult:
    return attack(context, service.load, before.url, SMOKE_SECONDS, SMOKE_REQUESTS_PER_SECOND)


def _await_called(
    context: StageContext, client: EnvironmentClient, environment: str, service: Service
) -> str | None:
    """Wait for services that the first release of this one calls; which of them did not come.

    A platform that is delivered for the first time has services that call each other, in circles
    too: none of them can wait for the others to be there before it starts.
    """
    assert service.run is not None
    known = {one.name for one in context.platform.services} - {service.name}
    called = [name for name in service.run.called_services if name in known]

    def absent() -> list[str]:
        return [name for name in called if client.service(environment, name).stable is None]

    if first := absent():
        context.report(f"{service.name}: {environment}: waits for {', '.join(first)}")
        until(lambda: not absent(), CALLED_SERVICES_SECONDS, every=0.5)
    missing = absent()
    return f"{', '.join(missing)} not in {environment} yet" if missing else None


def _cannot_run(service: Service) -> str | None:
    if service.kind == "library":
        return f"{service.name} is a library module: there is nothing to deploy"
    if service.run is None:
        return f"{service.name}: platform.yaml does not say how it runs (services[].run)"
    return None


def _not_run(context: StageContext, service: Service, environment: str, reason: str) -> Evidence:
    return Evidence(
        materialization=f"rollout/{environment}/{service.name}@{context.revision}/not-run",
        outcome=Outcome.NOT_RUN,
        reason=reason,
    )


def _evidence(
    context: StageContext,
    service: Service,
    environment: str,
    claim: Claim | None,
    records: Sequence[Record],
    reason: str,
) -> Evidence:
    identity = claim.deployment_id if claim else f"{context.delivery}-unchanged"
    return Evidence(
        materialization=f"rollout/{environment}/{service.name}/{identity}",
        outcome=Outcome.COMPLETED,
        reason=reason,
        records=tuple(records),
    )
