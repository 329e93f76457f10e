"""``demo``: deliver the bundled platform's story, and check that it went as the evidence says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout
from rich.console import Console

from coffee_pipeline.cli.application import application_root
from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.cli.conclusion import conclude
from coffee_pipeline.cli.delivering import Delivered, Deliveries
from coffee_pipeline.errors import EnvironmentFailedError, StageFailedError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.platform.story import StoryRepository
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner

PRODUCTION = "production"

_TOLD = """
    SELECT deployment.service, left(deployment.revision, 12) AS revision, deployment.strategy,
           deployment.outcome, deployment.reason, revision.subject
    FROM deployments AS deployment
    LEFT JOIN (SELECT DISTINCT revision, subject FROM revisions) AS revision USING (revision)
    WHERE deployment.environment = ? AND list_contains(?, deployment.revision)
    ORDER BY deployment.started_at
"""


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Only one demo in a data directory at a time: it makes the repository afresh."""
    lock = FileLock(home.root / "demo.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(
            f"{home.root}: another demo is running here; use another --data-dir"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _deliver_story(
    home: Home, story: StoryRepository, console: Console
) -> tuple[list[Delivered], str]:
    """Commit and deliver revision after revision; the platform file lies in the repository."""
    delivered: list[Delivered] = []
    with ensure_owner(home):
        with EnvironmentClient(home) as client:
            client.reset()  # the story begins in empty environments
        first = story.commit(0)
        console.print(f"\nrevision 1 of {len(story.revisions)}: {story.revisions[0].subject}")
        with Deliveries(home, story.path / "platform.yaml", console) as deliveries:
            for number, revision in enumerate(story.revisions):
                sha = first if number == 0 else story.commit(number)
                if number:
                    title = f"\nrevision {number + 1} of {len(story.revisions)}"
                    console.print(f"{title}: {revision.subject}")
                # The story starts with empty environments: the first revision is delivered
                # whole, even if an earlier demo left evidence of the same content.
                one = deliveries.deliver(sha, force=number == 0)
                conclude(one, console, home)
                delivered.append(one)
            deliveries.publish_reports()
    return delivered, delivered[-1].revision


def _told(home: Home, delivered: Sequence[Delivered]) -> list[dict[str, object]]:
    revisions = [one.revision for one in delivered]
    return HistoryReader(home).query(_TOLD, (PRODUCTION, revisions))


def _not_deployed(one: Delivered, history: HistoryReader) -> list[str]:
    """Services of a delivery that were to be deployed to production and were not."""
    where = "environment = ? AND revision = ?"
    made = history.records(Deployment, where, (PRODUCTION, one.revision))
    there = {deployment.service for deployment in made}
    due = [item.service for item in one.planned if "production_deployment" in item.steps]
    return sorted(set(due) - there)


def judge_story(home: Home, delivered: Sequence[Delivered]) -> str:
    """What the deployments say happened, in words.

    Raises:
        EnvironmentFailedError: a run ended without an answer.
        StageFailedError: the evidence does not show a rolled-back revision and a live fix.
    """
    crashed = [service for one in delivered for service in one.crashed]
    if crashed:
        raise EnvironmentFailedError(
            f"runs ended without an answer: {', '.join(crashed)}; see {home.dagster}"
        )
    history = HistoryReader(home)
    history.refresh()
    words = []
    outcomes: dict[str, set[str]] = {}
    for number, one in enumerate(delivered, 1):
        made = history.records(
            Deployment,
            "environment = ? AND revision = ? ORDER BY started_at",
            (PRODUCTION, one.revision),
        )
        outcomes[one.revision] = {deployment.outcome for deployment in made}
        words += [
            f"revision {number}: {deployment.service} {deployment.strategy} "
            f"{deployment.outcome}: {deployment.reason}"
            for deployment in made
        ]
    bad, fix = outcomes[delivered[-2].revision], outcomes[delivered[-1].revision]
    first_good = all(o == {DeploymentOutcome.SUCCEEDED} for o in list(outcomes.values())[:-2])
    if bad != {DeploymentOutcome.ROLLED_BACK} or fix != {DeploymentOutcome.SUCCEEDED}:
        raise StageFailedError(
            "the story did not go as told: the third revision should have been rolled back by its "
            "canary's analysis and the fourth be live; " + "; ".join(words)
        )
    for number, one in enumerate(delivered[:-2], 1):
        absent = _not_deployed(one, history)
        if absent:
            raise StageFailedError(
                f"revision {number} is not in production: {', '.join(absent)}; " + "; ".join(words)
            )
    if not first_good:
        raise StageFailedError("a good revision was not deployed; " + "; ".join(words))
    return "\n".join(words)


def demo(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the deployments as JSON.")] = False,
) -> None:
    """Deliver four revisions of the bundled platform; one is bad and is rolled back by evidence."""
    home: Home = context.obj
    home.prepare()
    console = Console(stderr=as_json)
    examples = application_root() / "examples"
    with _alone(home):
        target = home.demo / "repository"
        story = StoryRepository(examples / "story", examples / "go-coffee", target, "main")
        delivered, _ = _deliver_story(home, story, console)
        told = _told(home, delivered)
        if as_json:
            typer.echo(json.dumps(told, default=str, indent=2))
        console.print()
        console.print(summary_table("what happened in production", told))
        _print_places(home, console)
        words = judge_story(home, delivered)
    console.print(f"\n{words}\nThe bad revision was rolled back, the fix is live.", markup=False)


def _print_places(home: Home, console: Console) -> None:
    reports: Sequence[Path] = sorted(home.reports.glob("*.html"))
    for path in reports:
        console.print(f"report:  {path}", soft_wrap=True)
    console.print(f"history: {home.history}", soft_wrap=True)
    console.print(
        f"operate: coffee-pipeline --data-dir {home.root} up", soft_wrap=True, highlight=False
    )


def register(app: typer.Typer) -> None:
    """Add ``demo`` to the console command."""
    app.command()(demo)
