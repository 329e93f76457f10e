"""A story: a platform's first revision and the patches that follow, grown into a real repository.

Commit times are counted back from the moment a revision's delivery starts, so that lead times of
the example mean something: they are the story's own and the reports say no more than that.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from coffee_pipeline.errors import ConfigurationError, RepositoryError
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: object) -> object:
    match = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if match is None:
        return value
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Before = Annotated[timedelta, BeforeValidator(_duration)]
"""A time before the delivery starts, written as ``95m``."""


class StoryRevision(BaseModel):
    """One commit of the story; the first has no patch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patch: str | None = None
    author_name: str
    author_email: str
    authored_before: Before
    committed_before: Before
    subject: str
    body: str = ""


class Story(BaseModel):
    """The revisions of a story, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revisions: tuple[StoryRevision, ...]


def load_story(path: Path) -> Story:
    """Read ``story.yaml``.

    Raises:
        ConfigurationError: the file is missing or not a story.
    """
    try:
        return Story.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationError(f"{path}: not a story: {error}") from error


class StoryRepository:
    """A repository that grows commit by commit."""

    def __init__(self, story: Path, first: Path, target: Path, branch: str) -> None:
        """Begin afresh in ``target``: whatever was there is removed.

        Args:
            story: the folder with ``story.yaml`` and the patches.
            first: the tree of the first revision.
            target: where the repository is made.
            branch: its branch.
        """
        self.revisions = load_story(story / "story.yaml").revisions
        self.path = target
        self._story = story
        self._first = first
        if target.exists():
            shutil.rmtree(target)
        target.mkdir(parents=True)
        self._git("init", "--quiet", f"--initial-branch={branch}")

    def commit(self, number: int) -> str:
        """Make the ``number``-th commit (from 0) after those before it; return its hash."""
        revision = self.revisions[number]
        if revision.patch is None:
            shutil.copytree(self._first, self.path, dirs_exist_ok=True)
        else:
            self._git("apply", "--index", "--whitespace=nowarn",
                      str((self._story / revision.patch).resolve()))  # fmt: skip
        self._git("add", "--all")
        now = datetime.now(UTC).replace(microsecond=0)
        identity = {
            "GIT_AUTHOR_NAME": revision.author_name,
            "GIT_AUTHOR_EMAIL": revision.author_email,
            "GIT_AUTHOR_DATE": (now - revision.authored_before).isoformat(),
            "GIT_COMMITTER_NAME": revision.author_name,
            "GIT_COMMITTER_EMAIL": revision.author_email,
            "GIT_COMMITTER_DATE": (now - revision.committed_before).isoformat(),
        }
        message = f"{revision.subject}\n\n{revision.body}".strip()
        self._git("commit", "--quiet", "--message", message, identity=identity)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str, identity: dict[str, str] | None = None) -> str:
        quiet = {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
        }
        command = Command(
            argv=("git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false",
                  "-c", "gc.auto=0", *arguments),
            cwd=self.path,
            environment={**quiet, **(identity or {})},
            timeout_seconds=60,
        )  # fmt: skip
        output = run(command)
        if not output.answered:
            raise RepositoryError(f"{self.path}: git {arguments[0]}: {output.tail(2)}")
        return output.stdout.decode()
