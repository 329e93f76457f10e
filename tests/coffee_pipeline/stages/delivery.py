"""A delivery of a small platform in its own repository, for tests of single stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.discovery import discover
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.workspace import checkout_of
from coffee_pipeline.toolbox.toolbox import Toolbox


@dataclass(frozen=True)
class Delivery:
    """A platform under delivery, and the context of its stages."""

    context: StageContext
    said: list[str]

    def again(self, **changes: object) -> Delivery:
        return Delivery(replace(self.context, **changes), self.said)

    def platform(self, **changes: object) -> Delivery:
        return self.again(platform=self.context.platform.model_copy(update=changes))

    def service(self, name: str) -> Service:
        (found,) = [s for s in self.context.platform.services if s.name == name]
        return found


@pytest.fixture
def deliver(git_folder, tmp_path: Path) -> Callable[..., Delivery]:
    """Commit files and open a delivery of them; another number is another repository."""

    def begin(files: dict[str, str | bytes | None], number: int = 1) -> Delivery:
        folder = git_folder(f"platform-{number}")
        revision = folder.commit(files)
        platform: Platform = discover(folder.path, "platform").platform
        repository = Repository(folder.path)
        home = Home(tmp_path / f"home-{number}").prepare()
        said: list[str] = []
        context = StageContext(
            platform=platform,
            base=folder.path,
            repository=repository.path,
            revision=revision,
            delivery="first",
            home=home,
            toolbox=Toolbox(home),
            history=HistoryReader(home),
            checkout=checkout_of(home, repository, revision),
            report=said.append,
        )
        return Delivery(context, said)

    return begin
