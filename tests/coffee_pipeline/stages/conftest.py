"""The payments service of the bundled platform as a platform of its own, in a real environment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.platform.description import CanarySettings, Platform, RolloutSettings, Service
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.platform.story import StoryRepository
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.workspace import checkout_of
from coffee_pipeline.toolbox.toolbox import Toolbox
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
SEVERAL_STEPS = CanarySettings(steps_percent=(25, 100), step_seconds=4)


class Payments:
    """The story's payments service: its repository, its platform, its data directory."""

    def __init__(self, home: Home, folder: Path, story: Path, revisions: int = 4) -> None:
        self.home = home
        self.story = StoryRepository(story, EXAMPLES / "go-coffee", folder / "repository", "main")
        self.revisions = [self.story.commit(number) for number in range(revisions)]
        whole = load_platform(EXAMPLES / "go-coffee" / "platform.yaml")
        self.service: Service = next(s for s in whole.services if s.name == "payments")
        self.platform: Platform = whole.model_copy(
            update={
                "services": (self.service,),
                "rollout": RolloutSettings(canary=SEVERAL_STEPS),
            }
        )

    def context(self, number: int, **changes: object) -> StageContext:
        repository = Repository(self.story.path)
        revision = self.revisions[number]
        context = StageContext(
            platform=self.platform,
            base=self.story.path,
            repository=self.story.path,
            revision=revision,
            delivery=f"delivery-{number}",
            home=self.home,
            toolbox=Toolbox(self.home),
            history=HistoryReader(self.home),
            checkout=checkout_of(self.home, repository, revision),
        )
        return replace(context, **changes)

    def keep(self, evidence: Evidence) -> Evidence:
        HistoryWriter(self.home).write(evidence)
        return evidence


def without_the_fault(story: Path, target: Path) -> Path:
    """The story with its third patch mended: the slot is released whatever the outcome."""
    shutil.copytree(story, target)
    patch = target / "0003-payments-limit-concurrent-calls.patch"
    text = patch.read_text("utf-8")
    taken = "+\tif err := l.limiter.Acquire(ctx); err != nil {\n"
    end = text.index("+\t}\n", text.index(taken)) + len("+\t}\n")
    mended = text[:end] + "+\tdefer l.limiter.Release()\n" + text[end:]
    late = "+\tl.limiter.Release()\n \tcharge :="
    assert late in mended
    patch.write_text(mended.replace(late, " \tcharge :="), "utf-8")
    return target


@pytest.fixture
def payments(home: Home, tmp_path: Path) -> Callable[[], Payments]:
    return lambda: Payments(home, tmp_path, EXAMPLES / "story")
