"""What every stage is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.toolbox.toolbox import Toolbox


def _silent(message: str) -> None:
    """Progress goes nowhere unless the caller wants it."""


@dataclass(frozen=True, kw_only=True)
class StageContext:
    """One revision of a platform under delivery.

    ``repository`` is the platform's Git repository (never written to), ``base`` the folder that
    relative paths of the description start from, ``delivery`` the identity of the request:
    module-wide work (tests, scans) is done once per delivery and shared by the module's services.
    ``base_revision`` is the revision delivered before, which changes are counted from; None for
    the first. ``checkout()`` returns the clean worktree of the revision, made on first use.
    """

    platform: Platform
    base: Path
    repository: Path
    revision: str
    delivery: str
    home: Home
    toolbox: Toolbox
    history: HistoryReader
    checkout: Callable[[], Path]
    base_revision: str | None = None
    report: Callable[[str], None] = _silent
