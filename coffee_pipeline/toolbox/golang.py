"""The environment in which Go, and tools that call Go, give the same answer everywhere."""

from __future__ import annotations

import os
from pathlib import Path

GO_FLAGS = "-buildvcs=false"
"""Replaces a person's GOFLAGS: results come from the platform description alone. It cannot be
empty, since Go then takes the value of ``go env -w``."""


def go_environment(go: Path) -> dict[str, str]:
    """Variables for a process that is, or starts, the Go command at ``go``."""
    folder = go.parent
    search = os.pathsep.join((str(folder), os.environ.get("PATH", os.defpath)))
    environment = {"PATH": search, "GOFLAGS": GO_FLAGS}
    root = folder.parent
    if (root / "VERSION").is_file() and (root / "src").is_dir():
        environment["GOROOT"] = str(root)  # never the GOROOT of another installation
    return environment


def workspace_environment(folder: Path, checkout: Path) -> dict[str, str]:
    """``GOWORK`` for a module's ``folder``: the checkout's own ``go.work``, never one above it.

    The checkout may lie inside another Go workspace (a data directory inside the repository);
    Go would search upwards and find that one.
    """
    root = checkout.resolve()
    place = folder.resolve()
    for parent in (place, *place.parents):
        if (parent / "go.work").is_file():
            return {"GOWORK": str(parent / "go.work")}
        if parent == root:
            break
    return {"GOWORK": "off"}
