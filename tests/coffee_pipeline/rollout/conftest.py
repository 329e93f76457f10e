"""An owner of local environments with real Envoy and a real service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coffee_pipeline.home import Home
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from coffee_pipeline.rollout.releases import Release
from tests.coffee_pipeline.rollout import running_service


@pytest.fixture(scope="session")
def till(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("till")
    return running_service.build(folder, Home(folder / "home"))


@pytest.fixture
def release(till: Path, tmp_path: Path) -> Callable[..., Release]:
    return lambda revision, **knobs: running_service.release(till, tmp_path, revision, **knobs)


@pytest.fixture
def client(home: Home) -> Iterator[EnvironmentClient]:
    with ensure_owner(home), EnvironmentClient(home) as connected:
        yield connected
