"""Fixtures every part of the suite uses: a data directory, Git repositories, processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import hypothesis
import psutil
import pytest

from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.toolbox import Toolbox

ROOT = Path(__file__).resolve().parent.parent
GIT_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-05T10:00:00+01:00",
    "GIT_COMMITTER_DATE": "2026-01-05T11:00:00+01:00",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}

# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that the other workers have something to do meanwhile."""

    def rank(item: pytest.Item) -> int:
        if item.get_closest_marker("end_to_end"):
            return 0
        return 1 if item.get_closest_marker("slow") else 2

    items.sort(key=rank)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def installed(home: Home) -> Callable[[str], Path]:
    """The program of a tool, as a scan takes it; tests of one that was never made are skipped."""

    def _program(name: str) -> Path:
        found = Toolbox(home).look(name)
        if found is None:
            pytest.skip(f"{name} is not made here: coffee-pipeline doctor --install {name}")
        return found.path

    return _program


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition of another process; the deadline is only there to end a broken test."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


class GitFolder:
    """A repository under construction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "commit.gpgsign=false", *arguments],
            cwd=self.path,
            env={**os.environ, **GIT_ENVIRONMENT},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | bytes | None], message: str = "change") -> str:
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def git_folder(tmp_path: Path) -> Callable[[str], GitFolder]:
    return lambda name: GitFolder(tmp_path / name)


@pytest.fixture
def children() -> Callable[[], list[psutil.Process]]:
    """Living processes started below this test since it began."""
    me = psutil.Process()
    before = {process.pid for process in me.children(recursive=True)}

    def living() -> list[psutil.Process]:
        return [
            process
            for process in me.children(recursive=True)
            if process.pid not in before and process.status() != psutil.STATUS_ZOMBIE
        ]

    return living


@pytest.fixture
def python() -> str:
    return sys.executable
