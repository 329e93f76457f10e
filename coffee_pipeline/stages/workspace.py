"""Where a delivery works: the repository, the clean checkout of a revision, a service by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from coffee_pipeline.errors import UnknownServiceError
from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.git import Repository


def repository_path(platform: Platform, base: Path) -> Path:
    """The platform's repository; ``base`` is the folder of its description."""
    return (base / platform.repository).resolve()


def find_service(platform: Platform, name: str) -> Service:
    """The service called ``name``.

    Raises:
        UnknownServiceError: the platform has none of that name; the message lists those it has.
    """
    for service in platform.services:
        if service.name == name:
            return service
    known = ", ".join(service.name for service in platform.services[:20]) or "none"
    raise UnknownServiceError(f"{name}: no such service in {platform.name}; it has: {known}")


def checkout_of(home: Home, repository: Repository, revision: str) -> Callable[[], Path]:
    """A function that makes (once) and returns the clean worktree of ``revision``."""

    @cache
    def checkout() -> Path:
        return repository.worktree(revision, home.worktrees / revision)

    return checkout
