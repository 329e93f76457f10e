"""What an asset needs to deliver one service: platform, tools, history, revision."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dagster as dg

from coffee_pipeline.dora.working_time import WorkingCalendar, calendar_of
from coffee_pipeline.errors import PipelineError, ToolMissingError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import Outcome, Stage, Verdict
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.redaction import without_secrets
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.steps import REPOSITORY
from coffee_pipeline.stages.workspace import checkout_of, find_service, repository_path
from coffee_pipeline.toolbox.toolbox import Toolbox

PLATFORM_VARIABLE = "COFFEE_PLATFORM"
"""Environment variable that names the platform description of this code location."""

REVISION_TAG = "coffee/revision"
DELIVERY_TAG = "coffee/delivery"
BASE_TAG = "coffee/base"

BUNDLED_PLATFORM = (
    Path(__file__).resolve().parent.parent / "examples" / "go-coffee" / "platform.yaml"
)


def platform_file() -> Path:
    """The description this code location serves: ``$COFFEE_PLATFORM``, else the bundled one."""
    return Path(os.environ.get(PLATFORM_VARIABLE) or BUNDLED_PLATFORM).resolve()


@cache
def _platform(path: Path, _changed_at: int) -> Platform:  # a changed file is read anew
    return load_platform(path)


class DeliveryResource(dg.ConfigurableResource[None]):
    """Opens one delivery: a service of the platform at a revision.

    The revision is the run's ``coffee/revision`` tag, else the head of the platform's branch.
    """

    data_directory: str
    platform_path: str

    @property
    def home(self) -> Home:
        """The data directory."""
        return Home(Path(self.data_directory))

    @property
    def platform(self) -> Platform:
        """The platform description, read again when the file changed."""
        path = Path(self.platform_path)
        return _platform(path, path.stat().st_mtime_ns)

    @property
    def repository(self) -> Repository:
        """The platform's Git repository."""
        return Repository(repository_path(self.platform, Path(self.platform_path).parent))

    @property
    def base(self) -> Path:
        """The folder of the platform description."""
        return Path(self.platform_path).parent

    @property
    def head(self) -> str:
        """The head of the platform's branch."""
        return self.repository.resolve(self.platform.branch)

    @property
    def teams(self) -> Mapping[str, str]:
        """The first owner of each service that has one."""
        return self.platform.teams

    @property
    def calendar(self) -> WorkingCalendar | None:
        """The working days that the platform names, if it does."""
        return calendar_of(self.platform)

    @property
    def history(self) -> HistoryReader:
        """The history, to read."""
        return HistoryReader(self.home)

    def write(self, evidence: Evidence) -> None:
        """Commit evidence to the history."""
        HistoryWriter(self.home).write(evidence)

    def stage_context(self, context: dg.AssetExecutionContext) -> StageContext:
        """The stage context of the run that ``context`` belongs to."""
        platform, repository = self.platform, self.repository
        tags: Mapping[str, str] = context.run.tags
        revision = repository.resolve(tags.get(REVISION_TAG) or platform.branch)
        return StageContext(
            platform=platform,
            base=Path(self.platform_path).parent,
            repository=repository.path,
            revision=revision,
            delivery=tags.get(DELIVERY_TAG) or context.run_id,
            home=self.home,
            toolbox=Toolbox(self.home),
            history=self.history,
            checkout=checkout_of(self.home, repository, revision),
            base_revision=tags.get(BASE_TAG),
            report=lambda words: context.log.info(without_secrets(words)),
        )

    def step(self, context: dg.AssetExecutionContext, stage: Stage) -> Step:
        """Begin one step of a stage for the run's service, or for the whole repository."""
        name = context.asset_key.path[-1]
        service = context.partition_key if context.has_partition_key else REPOSITORY
        return Step(self, self.stage_context(context), stage, name, service)


class Step:
    """One asset at work: its stage context, its service, and what it produced."""

    def __init__(
        self, delivery: DeliveryResource, stage: StageContext, group: Stage, name: str, service: str
    ) -> None:
        self.delivery = delivery
        self.context = stage
        self.group = group
        self.name = name
        self.service_name = service
        self.started_at = datetime.now(UTC)

    @property
    def service(self) -> Service:
        """The service of a step that is not of the whole repository."""
        return find_service(self.context.platform, self.service_name)

    def commit(
        self, materializations: Sequence[Evidence], whole: Evidence, checks: Sequence[bool]
    ) -> None:
        """Store the evidence, then how the step ended: who sees the end finds the evidence.

        Args:
            materializations: what is stored, each by itself.
            whole: what they come to together.
            checks: the answers of the step's gates.
        """
        for evidence in materializations:
            self.delivery.write(evidence)
        self._commit_end(whole.outcome, _verdict(whole.outcome, checks), whole.reason)

    def commit_failure(self, error: PipelineError) -> None:
        """Store that the step could not do its work."""
        missing = isinstance(error, ToolMissingError)
        outcome = Outcome.NOT_RUN if missing else Outcome.FAILED
        self._commit_end(outcome, Verdict.NOT_EVALUATED, str(error))

    def _commit_end(self, outcome: Outcome, verdict: Verdict, reason: str | None) -> None:
        run = StageRun(
            delivery=self.context.delivery,
            platform=self.context.platform.name,
            service=self.service_name,
            revision=self.context.revision,
            stage=self.group.value,
            step=self.name,
            outcome=outcome.value,
            verdict=verdict.value,
            reason=reason,
            started_at=self.started_at,
            finished_at=datetime.now(UTC),
        )
        key = f"step/{self.name}/{self.service_name}@{self.context.revision}"
        ended = Evidence(materialization=key, outcome=outcome, reason=reason, records=(run,))
        self.delivery.write(ended)


def _verdict(outcome: Outcome, checks: Sequence[bool]) -> Verdict:
    if outcome is Outcome.NOT_RUN:
        return Verdict.NOT_EVALUATED
    if not all(checks):
        return Verdict.FAILED
    return Verdict.PASSED if outcome is Outcome.COMPLETED else Verdict.NOT_EVALUATED
