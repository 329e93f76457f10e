"""A canary: step by step more traffic, at each step a comparison with stable by measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from filelock import FileLock, Timeout

from coffee_pipeline.errors import EnvironmentFailedError, ToolError
from coffee_pipeline.model.deployment import AnalysisRun, Measurement, RolloutStep
from coffee_pipeline.model.evidence import Record
from coffee_pipeline.model.outcome import AnalysisPhase
from coffee_pipeline.platform.description import Service
from coffee_pipeline.rollout import analysis
from coffee_pipeline.rollout.access_log import RequestSample
from coffee_pipeline.rollout.client import EnvironmentClient
from coffee_pipeline.rollout.judge import Analysis, judge, track_samples
from coffee_pipeline.rollout.releases import Claim, Release
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.load import attack
from coffee_pipeline.stages.metric_source import await_first_scrape


@dataclass(frozen=True, kw_only=True)
class CanaryEnd:
    """How a canary ended.

    ``hurt_since``: when its requests began to fail or be slow, if they did; ``recovered_at``: when
    stable had all the traffic again.
    """

    promoted: bool
    reason: str
    records: tuple[Record, ...]
    hurt_since: datetime | None = None
    recovered_at: datetime | None = None


@dataclass
class Canary:
    """One canary at work."""

    context: StageContext
    service: Service
    client: EnvironmentClient
    claim: Claim
    release: Release
    url: str
    _records: list[Record] = field(default_factory=list)
    _baseline: list[RequestSample] = field(default_factory=list)

    def run(self) -> CanaryEnd:
        """Start the canary and take it through its steps; always ends with one stable track.

        Raises:
            EnvironmentFailedError: the environment is gone; its owner has put the traffic back.
        """
        environment, service = self.claim.environment, self.service.name
        settings = self.context.platform.rollout.canary
        try:
            self.client.start(environment, self.release, "canary")
            await_first_scrape(self.context, self.client, environment, self.release)
        except (EnvironmentFailedError, ToolError) as error:
            self.client.abort(environment, service)
            return self._end(promoted=False, reason=f"the canary did not start: {error}")
        with self._aborting():
            for number, weight in enumerate(settings.steps_percent, 1):
                phase, reason, since = self._step(number, weight)
                if phase is not AnalysisPhase.SUCCESSFUL:
                    self.client.abort(environment, service)
                    recovered = datetime.now(UTC)
                    hurt = since if phase is AnalysisPhase.FAILED else None
                    words = f"step {number} at {weight} %: {reason}"
                    return self._end(
                        promoted=False, reason=words, hurt_since=hurt, recovered_at=recovered
                    )
            self.client.promote(environment, service)
        steps = ", ".join(f"{weight} %" for weight in settings.steps_percent)
        return self._end(promoted=True, reason=f"held against stable at {steps}")

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        """Whatever goes wrong in between: no canary is left with traffic."""
        try:
            yield
        except BaseException:
            self.client.abort(self.claim.environment, self.service.name)
            raise

    def _step(self, number: int, weight: int) -> tuple[AnalysisPhase, str, datetime | None]:
        """One step, repeated while it is inconclusive and the limit allows."""
        settings = self.context.platform.rollout.canary
        limits = analysis.step_limits(settings.inconclusive_limit)
        phases: list[str] = []
        began = datetime.now(UTC)
        self.client.weigh(self.claim.environment, self.service.name, weight)
        since: datetime | None = None
        while True:
            phase, reason, requests, lost, failing = self._measure(number, len(phases))
            since = since or failing
            phases.append(phase.value)
            verdict = analysis.assess(limits, analysis.tally(phases))
            if verdict is not AnalysisPhase.RUNNING:
                break
        final = AnalysisPhase(verdict.value)
        self._records.append(
            RolloutStep(
                deployment_id=self.claim.deployment_id,
                service=self.service.name,
                environment=self.claim.environment,
                revision=self.claim.revision,
                step=number,
                weight_percent=weight,
                started_at=began,
                finished_at=datetime.now(UTC),
                phase=final.value,
                reason=reason,
                requests=requests,
                lost_requests=lost,
            )
        )
        self.context.report(f"{self.service.name}: canary at {weight} %: {final.value}: {reason}")
        return final, reason, since

    def _measure(
        self, number: int, attempt: int
    ) -> tuple[AnalysisPhase, str, int, int, datetime | None]:
        environment, service = self.claim.environment, self.service.name
        settings = self.context.platform.rollout.canary
        began = datetime.now(UTC)
        position = self.client.log_position(environment, service)
        sent = attack(self.context, self.service.load, self.url, settings.step_seconds)
        requests = self.client.requests(environment, service, position)
        stable = track_samples(requests, "stable")
        if stable.requests < settings.minimum_samples:
            # At 100 % nothing goes to stable: it is compared with what it did in the step before.
            stable = track_samples(self._baseline, "stable")
        else:
            self._baseline = requests
        identity = f"{self.claim.deployment_id}-{number}-{attempt + 1}"
        measured = judge(
            Analysis(identity, self.claim.deployment_id),
            settings,
            track_samples(requests, "canary"),
            stable,
        )
        phase, reason = analysis.summary(measured)
        self._keep(identity, number, phase, reason, began, measured)
        failing = _first_failure(requests) if phase is AnalysisPhase.FAILED else None
        if phase is AnalysisPhase.FAILED and failing is None:
            failing = began
        return phase, reason, sent.requests, sent.lost, failing

    def _keep(
        self,
        identity: str,
        number: int,
        phase: AnalysisPhase,
        reason: str,
        began: datetime,
        measured: tuple[Measurement, ...],
    ) -> None:
        run = AnalysisRun(
            analysis_id=identity,
            deployment_id=self.claim.deployment_id,
            service=self.service.name,
            environment=self.claim.environment,
            revision=self.claim.revision,
            step=number,
            phase=phase.value,
            reason=reason,
            started_at=began,
            finished_at=datetime.now(UTC),
        )
        self._records += [run, *measured]

    def _end(
        self,
        *,
        promoted: bool,
        reason: str,
        hurt_since: datetime | None = None,
        recovered_at: datetime | None = None,
    ) -> CanaryEnd:
        return CanaryEnd(
            promoted=promoted,
            reason=reason,
            records=tuple(self._records),
            hurt_since=hurt_since,
            recovered_at=recovered_at,
        )


def _first_failure(requests: list[RequestSample]) -> datetime | None:
    """When the first request to the canary failed."""
    times = [sample.started_at for sample in requests if sample.track == "canary" and sample.failed]
    return datetime.fromtimestamp(min(times), UTC) if times else None


@contextmanager
def one_canary_at_a_time(
    context: StageContext, service: Service, environment: str
) -> Iterator[None]:
    """Two canaries measured at once would measure each other's load; the lock dies with its run."""
    lock = FileLock(context.home.environments / f"{environment}.canary.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        context.report(f"{service.name}: {environment}: waits for another service's canary")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
