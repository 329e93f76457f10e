"""Delivering: plan a revision, hand the runs to workers, follow them, say how it ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from coffee_pipeline.cli.application import remember_platform
from coffee_pipeline.cli.board import Board
from coffee_pipeline.cli.workers import RunRequest, Workers
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import Outcome, Stage, Verdict
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import check_paths, load_platform
from coffee_pipeline.stages.plan import PlannedService, called_first, plan
from coffee_pipeline.stages.reuse import forget_answers
from coffee_pipeline.stages.steps import OPTIONAL_STEPS, REPOSITORY
from coffee_pipeline.stages.workspace import find_service, repository_path

_SECONDS = """
    SELECT sum(seconds) AS seconds FROM (
        SELECT arg_max(epoch(finished_at - started_at), finished_at) AS seconds
        FROM stage_runs WHERE platform = ? AND service = ? GROUP BY step
    )
"""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of one request: its plan, its stage runs, and the runs that crashed."""

    delivery: str
    revision: str
    planned: Sequence[PlannedService]
    stage_runs: Sequence[StageRun]
    crashed: Sequence[str]

    @property
    def exit_code(self) -> int:
        """0 done, 1 a gate or rollout said no, 3 a tool or the environment failed."""
        outcomes = {run.outcome for run in self.stage_runs if run.step not in OPTIONAL_STEPS}
        if self.crashed or Outcome.NOT_RUN.value in outcomes:
            return 3
        if any(run.verdict == Verdict.FAILED.value for run in self.stage_runs):
            return 1
        return 3 if Outcome.FAILED.value in outcomes else 0


class Deliveries:
    """Delivers revisions of one platform; holds the workers between revisions."""

    def __init__(
        self, home: Home, platform_file: Path, console: Console, workers: Workers | None = None
    ) -> None:
        """Open the platform; ``workers`` that were started for it already are used.

        Raises:
            ConfigurationError: the description is broken.
            RepositoryError: its repository is.
        """
        self.home = home
        self.platform_file = platform_file.resolve()
        self.platform: Platform = load_platform(self.platform_file)
        self.repository = Repository(repository_path(self.platform, self.platform_file.parent))
        self.console = console
        self.history = HistoryReader(home)
        self.workers = workers or Workers(home, self.platform_file)
        remember_platform(home, self.platform_file)

    def __enter__(self) -> Deliveries:
        return self

    def __exit__(self, *_: object) -> None:
        self.workers.__exit__()

    def deliver(
        self,
        revision: str | None = None,
        *,
        stages: Sequence[Stage] = tuple(Stage),
        services: Sequence[str] = (),
        force: bool = False,
    ) -> Delivered:
        """Deliver one revision (default: the head of the platform's branch).

        ``force``: also what is up to date, and without answers that scanners gave before.
        """
        sha = self.repository.resolve(revision or self.platform.branch)
        check_paths(self.platform, self.repository, sha, self.platform_file)
        self.workers.start_ahead(len(services or self.platform.services))
        self.history.refresh()
        if force:
            forget_answers(self.home)
        planned = plan(
            self.platform,
            self.repository,
            sha,
            self.history,
            stages=stages,
            services=services,
            force=force,
        )
        delivery = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        due = sorted((item for item in planned if item.steps), key=self._expected, reverse=True)
        if Stage.ROLLOUT in stages:
            due = called_first(self.platform, due)
        requests = [self._request(delivery, sha, item) for item in due]
        title = f"{self.platform.name} {sha[:12]}"
        if not requests:
            self.console.print(f"{title}: nothing to do, every service is up to date")
            return Delivered(
                delivery=delivery, revision=sha, planned=planned, stage_runs=(), crashed=()
            )
        with Board(self.console, title, planned) as board:
            results = self.workers.carry_out(requests, board.watch)
        return self._delivered(delivery, sha, planned, results)

    def publish_reports(self) -> None:
        """Make the SLO and DORA reports, through their assets."""
        requests = [
            RunRequest(id=job, job=job, service=None, assets=(asset,))
            for job, asset in (
                ("publish_slo_report", "slo_report"),
                ("publish_dora_report", "dora_report"),
            )
        ]
        self.workers.carry_out(requests, lambda _: None)

    def _request(self, delivery: str, sha: str, item: PlannedService) -> RunRequest:
        job, service = self._job(item.service)
        tags = {"coffee/revision": sha, "coffee/delivery": delivery}
        if item.base_revision:
            tags["coffee/base"] = item.base_revision
        return RunRequest(
            id=f"{delivery}/{item.service}",
            job=job,
            service=service,
            tags=tags,
            assets=item.steps,
        )

    def _job(self, name: str) -> tuple[str, str | None]:
        """The job that makes the steps of a service, and its partition."""
        if name == REPOSITORY:
            return "scan_repository", None
        library = find_service(self.platform, name).kind == "library"
        return ("verify" if library else "deliver"), name

    def _expected(self, item: PlannedService) -> tuple[bool, float]:
        """What a service is expected to take, from its last time: the longest go first.

        One that was never delivered goes before those that were; a library, which others wait
        for to be tested, before services.
        """
        rows = self.history.query(_SECONDS, (self.platform.name, item.service))
        seconds = rows[0]["seconds"]
        library = item.service != REPOSITORY and self._job(item.service)[0] == "verify"
        return (True, float(library)) if seconds is None else (False, float(str(seconds)))

    def _delivered(
        self, delivery: str, sha: str, planned: Sequence[PlannedService], results: dict[str, bool]
    ) -> Delivered:
        self.history.refresh()
        runs = self.history.records(StageRun, "delivery = ? ORDER BY service", (delivery,))
        said_no = {run.service for run in runs if run.verdict == Verdict.FAILED.value}
        crashed = [
            service
            for identity, success in results.items()
            if not success and (service := identity.partition("/")[2]) not in said_no
        ]
        return Delivered(
            delivery=delivery, revision=sha, planned=planned, stage_runs=runs, crashed=crashed
        )
