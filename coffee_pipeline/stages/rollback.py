"""An operator's rollback: the release that ran before, again."""

from __future__ import annotations

from datetime import datetime

from coffee_pipeline.errors import EnvironmentFailedError, StageFailedError, UnknownServiceError
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.stages.rollout import deployment, incident, new_claim


def roll_back(
    home: Home, service: str, environment: str, reason: str, asked_at: datetime
) -> Evidence:
    """Start the previous release beside the current one, shift all traffic, stop the current.

    Raises:
        UnknownServiceError: the service does not run in that environment.
        StageFailedError: there is no earlier release, or its binary is gone.
        EnvironmentFailedError: the environment cannot be reached.
    """
    with EnvironmentClient(home) as client:
        known = {(one.environment, one.service) for one in client.status().services}
        if (environment, service) not in known:
            names = sorted(name for place, name in known if place == environment)
            raise UnknownServiceError(
                f"{service}: does not run in {environment}; there: {', '.join(names) or 'nothing'}"
            )
        before = client.service(environment, service)
        current = before.stable.release.digest if before.stable else None
        earlier = [release for release in before.previous if release.digest != current]
        if not earlier:
            raise StageFailedError(f"{service}: no earlier release in {environment} to go back to")
        release = earlier[0]
        if not release.binary.is_file():
            raise StageFailedError(f"{release.binary}: the earlier release's binary is gone")
        claim = new_claim(release, environment, "rollback", before, cause="operator")
        client.claim(claim)
        try:
            client.start(environment, release, "canary")
            client.promote(environment, service)
            made = deployment(claim, DeploymentOutcome.SUCCEEDED, reason or "asked for")
        except EnvironmentFailedError as error:
            client.abort(environment, service)
            made = deployment(claim, DeploymentOutcome.FAILED, str(error))
        finally:
            client.finish()
    title = f"{service} rolled back by an operator: {reason or 'no reason given'}"
    done = made.outcome == DeploymentOutcome.SUCCEEDED
    broken = incident(claim, title, asked_at, made.finished_at if done else None)
    return Evidence(
        materialization=f"rollout/{environment}/{service}/{claim.deployment_id}",
        outcome=Outcome.COMPLETED,
        reason=made.reason,
        records=(made, broken),
    )
