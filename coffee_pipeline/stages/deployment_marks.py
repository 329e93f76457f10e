"""Marks of deployments into production, in the monitoring systems that ``platform.yaml`` names.

A mark comes after the deployment and never decides on it: what could not be set is told, in the
log and as a part of the step's reason, and the deployment stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from coffee_pipeline.errors import PipelineError
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.telemetry import MarkerSettings
from coffee_pipeline.tools.deployment_markers import MARKER_TARGETS, send
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_message import Limits

_LIMITS = Limits(connect_seconds=5.0, read_seconds=10.0, total_seconds=20.0, tries=3)
"""A delivery waits for its marks, so not for long."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: its id in the system ``to``, or why it is not there."""

    to: str
    deployment_id: str
    identity: str | None
    problem: str | None

    @property
    def line(self) -> str:
        """What to tell."""
        if self.problem is None:
            return f"{self.to}: {self.identity} marks {self.deployment_id}"
        return f"{self.to}: no mark of {self.deployment_id}: {self.problem}"


def marked(platform: Platform, evidence: Evidence, report: Callable[[str], None]) -> Evidence:
    """Mark the evidence's deployments into production; its reason says which marks failed."""
    made = [one for one in evidence.records if isinstance(one, Deployment)]
    marks = set_marks(platform, made)
    for mark in marks:
        report(mark.line)
    problems = [mark.line for mark in marks if mark.problem]
    if not problems:
        return evidence
    return replace(evidence, reason="; ".join(filter(None, (evidence.reason, *problems))))


def set_marks(platform: Platform, deployments: Iterable[Deployment]) -> Sequence[Mark]:
    """A mark of every deployment into production in every system that wants it."""
    production = platform.rollout.environments[-1]
    return [
        _set(settings, deployment)
        for deployment in deployments
        if deployment.environment == production
        for settings in platform.deployment_markers
        if not settings.services or deployment.service in settings.services
    ]


def _set(settings: MarkerSettings, deployment: Deployment) -> Mark:
    target = MARKER_TARGETS[settings.to]
    # Dagster's processes see variables that the description names, or that begin with COFFEE_.
    variable = settings.token_variable or f"COFFEE_{target.credential.variable}"
    identity = problem = None
    try:
        secret = replace(target.credential, variable=variable).read()
        with HttpClient(settings.url or target.url or "", secret, limits=_LIMITS) as client:
            identity = send(client, target, deployment, settings.at)
    except PipelineError as error:
        problem = str(error)
    return Mark(settings.to, deployment.deployment_id, identity, problem)
