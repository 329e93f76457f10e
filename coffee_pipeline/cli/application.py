"""Where the deployed application (the Dagster code location) lies, and the environment it needs."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import APPLICATION_VARIABLE, ENVIRONMENT_VARIABLE, Home
from coffee_pipeline.platform.credentials import credential_variables
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.loading import load_platform

PLATFORM_VARIABLE = "COFFEE_PLATFORM"


def application_root() -> Path:
    """The folder with ``workspace.yaml`` and ``dagster.yaml``.

    ``$COFFEE_APPLICATION``, else the checkout this library belongs to, else the working directory.

    Raises:
        EnvironmentFailedError: there is none, or Dagster is not installed.
    """
    named = os.environ.get(APPLICATION_VARIABLE)
    candidates = [Path(named)] if named else [Path(__file__).resolve().parents[2], Path.cwd()]
    for folder in candidates:
        if (folder / "workspace.yaml").is_file() and (folder / "dagster.yaml").is_file():
            break
    else:
        raise EnvironmentFailedError(
            f"no workspace.yaml in {', '.join(map(str, candidates))}: run this from a checkout of "
            f"the pipeline, or name it in {APPLICATION_VARIABLE}"
        )
    if importlib.util.find_spec("dagster") is None:
        raise EnvironmentFailedError(
            f"Dagster is not installed for {sys.executable}: run 'make setup' in {folder}"
        )
    return folder


def application_environment(home: Home, platform: Path) -> Mapping[str, str]:
    """Variables for processes of Dagster: its home, the data directory, the platform file.

    The pipeline's own settings (COFFEE_*, OTEL_*) are passed on, and the variables that the
    description names for its secrets; nothing else.

    Raises:
        ConfigurationError: the description is broken.
        EnvironmentFailedError: there is no application.
    """
    named = credential_variables(load_platform(platform))
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in named or name.startswith(("COFFEE_", "OTEL_"))
    }
    return {
        **passed,
        ENVIRONMENT_VARIABLE: str(home.root),
        PLATFORM_VARIABLE: str(platform),
        **dagster_folders(home.dagster),
        "DAGSTER_HOME": str(application_root()),
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }


def dagster_folders(dagster: Path) -> Mapping[str, str]:
    """The variables that ``dagster.yaml`` reads: where Dagster keeps what."""
    return {
        "COFFEE_DAGSTER_HOME": str(dagster),
        "COFFEE_DAGSTER_RUNS": str(dagster / "history"),
        "COFFEE_DAGSTER_EVENTS": str(dagster / "history" / "runs"),
        "COFFEE_DAGSTER_SCHEDULES": str(dagster / "schedules"),
    }


def remember_platform(home: Home, platform: Path) -> None:
    """Keep which platform this data directory belongs to, for commands that are not told."""
    (home.root / "platform").write_text(f"{platform}\n", encoding="utf-8")


def remembered_platform(home: Home) -> Path | None:
    """The platform description this data directory was last used with, if it still exists."""
    pointer = home.root / "platform"
    if not pointer.is_file():
        return None
    path = Path(pointer.read_text(encoding="utf-8").strip())
    return path if path.is_file() else None


def described_platform(home: Home) -> Platform | None:
    """The platform this data directory was last used with; None where its file is not here.

    Raises:
        ConfigurationError: the description is broken.
    """
    path = remembered_platform(home)
    return load_platform(path) if path is not None else None
